// Durable ingest through the real binary over HTTP: documents per second with every document acknowledged,
// the longest acknowledgement at full and at half rate, resident memory, beside a pass of the JSON parser
// alone over the same bytes in the same run. The server is pinned to two cores.
//
//   bench_ingest [--seconds 20] [--connections 4] [--binary build/release/sentinelops]
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "process.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using sentinel::Rng;

double since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

// Documents of about 365 bytes over `services` services, as a request log of a web shop would write them.
std::string make_body(Rng& rng, int documents, int services, sentinel::Time now) {
  std::string body;
  body.reserve(static_cast<std::size_t>(documents) * 420);
  for (int i = 0; i < documents; ++i) {
    const auto service = rng.integer(0, services - 1);
    const double ms = 120 * std::exp(0.5 * rng.normal());
    const bool failed = rng.chance(0.01);
    body += "{\"create\":{}}\n";
    char line[640];
    std::snprintf(line, sizeof line,
                  "{\"@timestamp\":\"%s\",\"service.name\":\"service-%04d\",\"level\":\"%s\",\"message\":\"%"
                  "s order %lld for "
                  "customer %lld at store %lld, basket total %lld "
                  "cents\",\"duration_ms\":%.2f,\"trace.id\":\"%016llx%016llx\","
                  "\"status_code\":%d,\"endpoint\":\"/api/v1/orders/"
                  "%lld\",\"host.name\":\"node-%02d\",\"region\":\"eu-central\"}\n",
                  sentinel::format_rfc3339(now + sentinel::Duration(i)).c_str(), static_cast<int>(service),
                  failed ? "error" : "info", failed ? "could not place" : "placed",
                  static_cast<long long>(rng.integer(1, 99999999)),
                  static_cast<long long>(rng.integer(1, 999999)), static_cast<long long>(rng.integer(1, 300)),
                  static_cast<long long>(rng.integer(100, 99999)), ms,
                  static_cast<unsigned long long>(rng.next()), static_cast<unsigned long long>(rng.next()),
                  failed ? 503 : 200, static_cast<long long>(rng.integer(1, 99999999)),
                  static_cast<int>(rng.integer(1, 40)));
    body += line;
  }
  return body;
}

class Connection {
 public:
  explicit Connection(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      std::perror("connect"), std::exit(1);
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Posts a bulk body; the status, 0 when the connection broke.
  int post(std::string_view body) {
    const std::string head =
        "POST /_bulk?filter_path=errors HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
        "application/x-ndjson\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n";
    if (!put(head) || !put(body)) return 0;
    std::string answer;
    char buffer[8192];
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
      const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) return 0;
      answer.append(buffer, static_cast<std::size_t>(n));
      end = answer.find("\r\n\r\n");
    }
    std::size_t length = 0;
    if (const auto at = sentinel::to_lower(answer.substr(0, end)).find("content-length: ");
        at != std::string::npos) {
      length = std::strtoull(answer.c_str() + at + 16, nullptr, 10);
    }
    while (answer.size() < end + 4 + length) {
      const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) return 0;
      answer.append(buffer, static_cast<std::size_t>(n));
    }
    const int status = std::atoi(answer.c_str() + 9);
    if (status == 200 && answer.find("\"errors\":false", end) == std::string::npos) return 400;
    return status;
  }

 private:
  bool put(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  int fd_;
};

struct Server {
  pid_t pid = 0;
  int port = 0;
  std::filesystem::path folder;

  double rss_mb() const { return sentinel::rss_mb(std::to_string(pid)); }
  double cpu_seconds() const {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    const auto fields = sentinel::split(std::string_view(text).substr(text.rfind(')') + 2), ' ');
    return (std::strtod(std::string(fields[11]).c_str(), nullptr) +
            std::strtod(std::string(fields[12]).c_str(), nullptr)) /
           static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  void stop() const {
    ::kill(pid, SIGTERM);
    int status = 0;
    ::waitpid(pid, &status, 0);
    std::filesystem::remove_all(folder);
  }
};

Server start(const std::string& binary) {
  Server server;
  char name[] = "/tmp/bench-ingest-XXXXXX";
  server.folder = ::mkdtemp(name);
  const auto config = server.folder / "config.yaml";
  std::ofstream(config) << "telemetry:\n  store: embedded\n  data_dir: " << (server.folder / "data").string()
                        << "\nserver:\n  listen: 127.0.0.1:0\n";
  int pipe_fd[2];
  if (::pipe(pipe_fd) != 0) std::perror("pipe"), std::exit(1);
  server.pid = ::fork();
  if (server.pid == 0) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(0, &cores);
    CPU_SET(1, &cores);
    ::sched_setaffinity(0, sizeof cores, &cores);
    ::dup2(pipe_fd[1], STDOUT_FILENO);
    ::close(pipe_fd[0]);
    ::execl(binary.c_str(), binary.c_str(), config.c_str(), nullptr);
    std::perror("exec");
    std::_Exit(127);
  }
  ::close(pipe_fd[1]);
  FILE* log = ::fdopen(pipe_fd[0], "r");
  char line[4096];
  while (std::fgets(line, sizeof line, log) != nullptr) {
    if (std::strstr(line, "server.listening") == nullptr) continue;
    const char* url = std::strstr(line, "127.0.0.1:");
    server.port = url != nullptr ? std::atoi(url + 10) : 0;
    break;
  }
  if (server.port == 0) std::fprintf(stderr, "the service did not start: %s\n", line), std::exit(1);
  std::thread([log] {  // the pipe must not fill up
    char rest[4096];
    while (std::fgets(rest, sizeof rest, log) != nullptr) {
    }
  })
      .detach();
  return server;
}

struct Figures {
  double docs_per_second = 0;
  double cpu_us_per_doc = 0;
  double max_ack = 0;
  double p50 = 0;
  double p99 = 0;
  double rss_peak = 0;
  std::uint64_t refused = 0;
};

// Sends `bodies` round robin for `length` seconds; `rate` in documents per second, 0 for as fast as it goes.
Figures load(const Server& server, const std::vector<std::string>& bodies, int documents, int connections,
             double length, double rate) {
  std::mutex mutex;
  std::vector<double> acks;
  std::atomic<std::uint64_t> refused{0};
  std::atomic<bool> done{false};
  double rss_peak = 0;
  std::thread memory([&] {
    while (!done) {
      rss_peak = std::max(rss_peak, server.rss_mb());
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  const double cpu_before = server.cpu_seconds();
  const auto began = Clock::now();
  std::vector<std::thread> threads;
  std::atomic<std::uint64_t> next{0};
  for (int c = 0; c < connections; ++c) {
    threads.emplace_back([&, c] {
      Connection connection(server.port);
      std::vector<double> own;
      for (std::uint64_t turn = next++; since(began) < length; turn = next++) {
        if (rate > 0) {
          const auto due = began + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                                       static_cast<double>(turn) * documents / rate));
          std::this_thread::sleep_until(due);
        }
        const auto sent = Clock::now();
        const int status = connection.post(bodies[(turn + static_cast<std::uint64_t>(c)) % bodies.size()]);
        if (status == 200) {
          own.push_back(since(sent));
        } else if (status == 429) {
          ++refused;
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        } else {
          std::fprintf(stderr, "unexpected status %d\n", status);
          std::exit(1);
        }
      }
      const std::lock_guard lock(mutex);
      acks.insert(acks.end(), own.begin(), own.end());
    });
  }
  for (auto& thread : threads) thread.join();
  const double took = since(began);
  done = true;
  memory.join();
  std::sort(acks.begin(), acks.end());
  Figures f;
  const double total = static_cast<double>(acks.size()) * documents;
  f.docs_per_second = total / took;
  f.cpu_us_per_doc = (server.cpu_seconds() - cpu_before) * 1e6 / std::max(1.0, total);
  if (!acks.empty()) {
    f.p50 = acks[acks.size() / 2];
    f.p99 = acks[acks.size() * 99 / 100];
    f.max_ack = acks.back();
  }
  f.rss_peak = rss_peak;
  f.refused = refused;
  return f;
}

void print(const char* about, const Figures& f) {
  std::printf(
      "%-34s %10s docs/s  %5.2f us CPU/doc  ack p50 %.3f s p99 %.3f s max %.3f s  RSS %.0f MB  refused "
      "%llu\n",
      about, sentinel::group_digits(static_cast<std::int64_t>(f.docs_per_second)).c_str(), f.cpu_us_per_doc,
      f.p50, f.p99, f.max_ack, f.rss_peak, static_cast<unsigned long long>(f.refused));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  double length = 20;
  int connections = 4;
  std::string binary = "build/release/sentinelops";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--seconds") length = std::atof(argv[i + 1]);
    if (flag == "--connections") connections = std::atoi(argv[i + 1]);
    if (flag == "--binary") binary = argv[i + 1];
  }
  constexpr int kDocuments = 5000;
  Rng rng(1);
  const auto now = std::chrono::time_point_cast<sentinel::Duration>(std::chrono::system_clock::now());
  std::vector<std::string> bodies;
  for (int i = 0; i < 24; ++i) bodies.push_back(make_body(rng, kDocuments, 200, now));
  std::size_t bytes = 0;
  for (const auto& body : bodies) bytes += body.size();
  std::printf("%d documents a request, %.0f B each with its action line\n", kDocuments,
              static_cast<double>(bytes) / (24.0 * kDocuments));

  // The ratio's other side: the parser alone, one core, over the same bytes.
  double parse_rate = 0;
  {
    simdjson::ondemand::parser parser;
    std::uint64_t fields = 0;
    std::uint64_t documents = 0;
    const auto began = Clock::now();
    while (since(began) < 2) {
      for (const auto& body : bodies) {
        const simdjson::padded_string padded(body);
        simdjson::ondemand::document_stream stream;
        if (parser.iterate_many(padded, 1 << 20).get(stream) != simdjson::SUCCESS) return 1;
        for (auto document : stream) {
          simdjson::ondemand::object object;
          if (document.get_object().get(object) != simdjson::SUCCESS) continue;
          for (auto field : object) fields += field.error() == simdjson::SUCCESS;
        }
        documents += kDocuments;
      }
    }
    parse_rate = static_cast<double>(documents) / since(began);
    std::printf("%-34s %10s docs/s (%llu fields seen)\n", "simdjson alone, one core",
                sentinel::group_digits(static_cast<std::int64_t>(parse_rate)).c_str(),
                static_cast<unsigned long long>(fields));
  }

  {
    const Server server = start(binary);
    const Figures full = load(server, bodies, kDocuments, connections, length, 0);
    print("full rate", full);
    std::printf("%-34s 1/%.1f of the parser alone\n", "", parse_rate / full.docs_per_second);
    server.stop();
  }
  {
    const Server server = start(binary);
    print("half rate (125,000 docs/s)", load(server, bodies, kDocuments, connections, length, 125'000));
    server.stop();
  }
  {
    std::vector<std::string> small;
    for (int i = 0; i < 40; ++i) small.push_back(make_body(rng, 100, 1000, now));
    const Server server = start(binary);
    print("1,000 docs/s, 1,000 services", load(server, small, 100, 2, length, 1000));
    server.stop();
  }
  return 0;
}
