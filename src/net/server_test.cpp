// The server over real sockets on the loopback interface, asked by the real client.
#include "net/server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "net/client.hpp"
#include "net/inflate.hpp"

namespace sentinel::net {
namespace {

class Serving : public testing::Test {
 protected:
  Server& make(ServerOptions options = {}) {
    options.port = 0;
    server_ = std::make_unique<Server>(options, Log(logger_, "net"), metrics_);
    server_->route("GET", "/hello",
                   [](Request&, const Responder& r) { r.send(Response::text(200, "hello")); });
    server_->route("POST", "/echo",
                   [](Request& q, const Responder& r) { r.send(Response::json(200, std::string(q.body))); });
    server_->route("GET", "/items/*", [](Request& q, const Responder& r) {
      r.send(Response::text(200, "one " + q.captures.at(0)));
    });
    server_->route("GET", "/items/**", [](Request& q, const Responder& r) {
      r.send(Response::text(200, "many " + q.captures.at(0)));
    });
    server_->route("GET", "/items/special",
                   [](Request&, const Responder& r) { r.send(Response::text(200, "special")); });
    return *server_;
  }
  void start() {
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().text();
  }
  ClientResponse ask(std::string method, const std::string& path, std::string body = "",
                     Headers headers = {}) {
    ClientRequest request;
    request.method = std::move(method);
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + path;
    request.body = std::move(body);
    request.headers = std::move(headers);
    auto answer = client_->send(request);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().text());
    return answer ? std::move(*answer) : ClientResponse{};
  }
  // Sends bytes over a plain socket and reads until the server closes.
  std::string raw(const std::string& bytes) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string got;
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ::shutdown(fd, SHUT_WR);
      char buffer[4096];
      for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
        got.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(fd);
    return got;
  }

  NullLogger logger_;
  NullMetrics metrics_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Transport> client_ = make_curl_transport({});
};

Headers with(std::string name, std::string value) {
  Headers headers;
  headers.add(std::move(name), std::move(value));
  return headers;
}

TEST_F(Serving, AnswersAndKeepsTheConnection) {
  make();
  start();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("GET", "/hello").body, "hello");
}

TEST_F(Serving, LiteralSegmentsWinOverStarsAndStarsOverTheRest) {
  make();
  start();
  EXPECT_EQ(ask("GET", "/items/special").body, "special");
  EXPECT_EQ(ask("GET", "/items/a%20b").body, "one a b");
  EXPECT_EQ(ask("GET", "/items/a/b").body, "many a/b");
}

TEST_F(Serving, UnknownPathsAndMethodsAreToldApart) {
  make();
  start();
  EXPECT_EQ(ask("GET", "/nowhere").status, 404);
  const auto wrong = ask("DELETE", "/hello");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.get("Allow"), "GET");
}

TEST_F(Serving, HeadIsAnsweredWithoutABody) {
  make();
  start();
  const auto answer = ask("HEAD", "/hello");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.empty());
}

TEST_F(Serving, QueryParametersAreDecoded) {
  auto& server = make();
  server.route("GET", "/q", [](Request& q, const Responder& r) {
    r.send(Response::text(200, std::string(q.param("a b").value_or("none"))));
  });
  start();
  EXPECT_EQ(ask("GET", "/q?a%20b=x%2By").body, "x+y");
}

TEST_F(Serving, CompressedBodiesAreInflated) {
  make();
  start();
  const std::string text(50'000, 'x');
  EXPECT_EQ(ask("POST", "/echo", gzip(text), with("Content-Encoding", "gzip")).body, text);
}

TEST_F(Serving, WrongBodiesAreRefusedWithTheRightStatus) {
  make({.max_body = 100'000});
  start();
  const std::string packed = gzip(std::string(50'000, 'x') + "end of it");
  struct Row {
    const char* about;
    std::string body;
    const char* encoding;
    int status;
  };
  const Row rows[] = {
      {"truncated gzip", packed.substr(0, packed.size() - 12), "gzip", 400},
      {"no gzip at all", "plain text", "gzip", 400},
      {"an encoding nobody knows", "x", "brotli", 415},
      {"larger than allowed", std::string(200'000, 'x'), "identity", 413},
      {"larger than allowed after inflating", gzip(std::string(200'000, 'x')), "gzip", 413},
  };
  for (const Row& row : rows)
    EXPECT_EQ(ask("POST", "/echo", row.body, with("Content-Encoding", row.encoding)).status, row.status)
        << row.about;
  EXPECT_EQ(ask("POST", "/echo", "still fine").body, "still fine");
}

TEST_F(Serving, ABombIsRefusedByItsRatio) {
  make({.max_inflate_ratio = 50});
  start();
  EXPECT_EQ(ask("POST", "/echo", gzip(std::string(30 << 20, ' ')), with("Content-Encoding", "gzip")).status,
            413);
}

TEST_F(Serving, TooManyBytesInFlightAreRefusedForNow) {
  make({.max_inflight_body = 1000});
  start();
  const auto answer = ask("POST", "/echo", std::string(5000, 'x'));
  EXPECT_EQ(answer.status, 429);
  EXPECT_TRUE(answer.headers.get("Retry-After"));
}

TEST_F(Serving, LargeTextAnswersAreCompressedForWhoAccepts) {
  auto& server = make();
  server.route("GET", "/large", [](Request&, const Responder& r) {
    r.send(Response::json(200, "\"" + std::string(5000, 'y') + "\""));
  });
  start();
  const std::string got =
      raw("GET /large HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
  EXPECT_NE(got.find("Content-Encoding: gzip"), std::string::npos);
  EXPECT_LT(got.size(), 1000U);
}

TEST_F(Serving, AnAnswerMayComeLaterFromAnotherThread) {
  auto& server = make();
  std::promise<Responder> asked;
  server.route("GET", "/later", [&](Request&, const Responder& r) { asked.set_value(r); });
  start();
  auto answer = std::async(std::launch::async, [&] { return ask("GET", "/later").body; });
  asked.get_future().get().send(Response::text(200, "at last"));
  EXPECT_EQ(answer.get(), "at last");
}

TEST_F(Serving, ARequestThatNobodyAnswersGets500) {
  auto& server = make();
  server.route("GET", "/forgotten", [](Request&, const Responder&) {});
  start();
  EXPECT_EQ(ask("GET", "/forgotten").status, 500);
}

TEST_F(Serving, AHandlerThatThrowsGets500AndTheServerGoesOn) {
  auto& server = make();
  server.route("GET", "/bug", [](Request&, const Responder&) { throw std::runtime_error("oops"); });
  start();
  EXPECT_EQ(ask("GET", "/bug").status, 500);
  EXPECT_EQ(ask("GET", "/hello").status, 200);
}

TEST_F(Serving, AFilterMayEndARequest) {
  auto& server = make();
  server.before([](const Request& q) {
    return q.headers.get("Authorization") ? std::nullopt : std::optional(Response::text(401, "who are you"));
  });
  start();
  EXPECT_EQ(ask("GET", "/hello").status, 401);
  EXPECT_EQ(ask("GET", "/hello", "", with("Authorization", "x")).status, 200);
}

TEST_F(Serving, AStreamReachesItsReaderPieceByPiece) {
  auto& server = make();
  std::promise<std::shared_ptr<Stream>> opened;
  server.route("GET", "/stream", [&](Request&, const Responder& r) {
    opened.set_value(r.stream(Response::text(200, ""), 1000));
  });
  start();
  std::string got;
  std::mutex mutex;
  std::condition_variable changed;
  auto reader = std::async(std::launch::async, [&] {
    ClientRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/stream";
    request.on_data = [&](std::string_view bytes) {
      const std::lock_guard lock(mutex);
      got += bytes;
      changed.notify_all();
      return true;
    };
    return client_->send(request).has_value();
  });
  const auto stream = opened.get_future().get();
  for (const char* piece : {"one ", "two "}) {
    EXPECT_TRUE(stream->push(piece));
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return got.ends_with(piece); });
  }
  stream->close();
  EXPECT_TRUE(reader.get());
  EXPECT_FALSE(stream->push("too late"));
}

TEST_F(Serving, AStreamWhoseReaderIsTooSlowEnds) {
  auto& server = make();
  std::promise<std::shared_ptr<Stream>> opened;
  server.route("GET", "/stream", [&](Request&, const Responder& r) {
    opened.set_value(r.stream(Response::text(200, ""), 10));
  });
  start();
  auto reader = std::async(std::launch::async, [&] { return ask("GET", "/stream").status; });
  const auto stream = opened.get_future().get();
  EXPECT_FALSE(stream->push("more than ten bytes at once"));
  EXPECT_EQ(reader.get(), 200);
}

TEST_F(Serving, StoppingAnswersWhoStillWaits) {
  auto& server = make();
  std::promise<Responder> asked;
  server.route("GET", "/never", [&](Request&, const Responder& r) { asked.set_value(r); });
  start();
  auto answer = std::async(std::launch::async, [&] { return ask("GET", "/never").status; });
  const Responder kept = asked.get_future().get();
  server_->stop(std::chrono::milliseconds(0));
  EXPECT_EQ(answer.get(), 503);
  kept.send(Response::text(200, "too late"));
}

// A kept connection brings its next request while the server stops; none may be left asleep, for the library
// then ends the whole process.
TEST_F(Serving, AStopUnderLoadLeavesNobodyAsleep) {
  for (int round = 0; round < 5; ++round) {
    make();
    std::mutex mutex;
    std::condition_variable wake;
    std::vector<Responder> waiting;
    int arrived = 0;
    bool done = false;
    server_->route("POST", "/slow", [&](Request&, const Responder& r) {
      const std::lock_guard lock(mutex);
      waiting.push_back(r);
      ++arrived;
      wake.notify_all();
    });
    start();
    std::thread worker([&] {
      std::unique_lock lock(mutex);
      while (!done) {
        wake.wait(lock, [&] { return done || !waiting.empty(); });
        std::vector<Responder> now;
        now.swap(waiting);
        lock.unlock();
        for (const auto& r : now) r.send(Response::text(200, "late"));
        now.clear();
        lock.lock();
      }
      waiting.clear();
    });
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([port = server_->port()] {
        const auto transport = make_curl_transport({});
        ClientRequest request;
        request.method = "POST";
        request.url = "http://127.0.0.1:" + std::to_string(port) + "/slow";
        request.body = std::string(2000, 'x');
        for (auto answer = transport->send(request); answer && answer->status == 200;)
          answer = transport->send(request);
      });
    }
    {
      std::unique_lock lock(mutex);
      wake.wait(lock, [&] { return arrived >= 100; });
    }
    server_->stop(std::chrono::milliseconds(20));
    for (auto& client : clients) client.join();
    {
      const std::lock_guard lock(mutex);
      done = true;
    }
    wake.notify_all();
    worker.join();
    EXPECT_GE(arrived, 100);
  }
}

TEST_F(Serving, APortInUseIsNamed) {
  make();
  start();
  Server second({.port = server_->port()}, Log(logger_, "net"), metrics_);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::kConflict);
  EXPECT_NE(started.error().text().find(std::to_string(server_->port())), std::string::npos);
}

TEST_F(Serving, MalformedHttpGets400AndNothingBreaks) {
  make();
  start();
  EXPECT_NE(raw("this is no HTTP\r\n\r\n").find("400"), std::string::npos);
  EXPECT_NE(raw("GET /hello HTTP/1.1\r\nHost: x\r\nX: " + std::string(200'000, 'a') + "\r\n\r\n").find(" 4"),
            std::string::npos);
  EXPECT_EQ(ask("GET", "/hello").status, 200);
}

TEST_F(Serving, ExpectContinueIsAnswered) {
  make();
  start();
  const std::string got =
      raw("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: "
          "close\r\n\r\nhi");
  EXPECT_NE(got.find("100 Continue"), std::string::npos);
  EXPECT_TRUE(got.ends_with("hi"));
}

TEST_F(Serving, ManyClientsAtOnceAreAllAnswered) {
  make();
  start();
  std::vector<std::future<int>> all;
  for (int i = 0; i < 16; ++i) {
    all.push_back(std::async(std::launch::async, [&] {
      int fine = 0;
      for (int n = 0; n < 50; ++n)
        fine += ask("POST", "/echo", std::string(3000, 'z')).body.size() == 3000 ? 1 : 0;
      return fine;
    }));
  }
  for (auto& one : all) EXPECT_EQ(one.get(), 50);
}

}  // namespace
}  // namespace sentinel::net
