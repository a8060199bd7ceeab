#include "telemetry/elasticsearch/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

constexpr Duration kFirstPenalty = seconds(2);
constexpr Duration kMostPenalty = seconds(60);
constexpr Duration kFirstQuiet = seconds(5);
constexpr Duration kFirstWait = milliseconds(300);
constexpr Duration kMostWait = seconds(5);

// {"error": {"type", "reason", "root_cause"}} or {"error": "text"}; anything else is shown as it stands.
struct Refusal {
  std::string type;
  std::string reason;
};
Refusal refusal_in(const std::string& body) {
  const json answer = json::parse(body, nullptr, false);
  Refusal refusal;
  if (answer.is_object() && answer.contains("error")) {
    const json& error = answer["error"];
    if (error.is_string()) {
      refusal.reason = error.get<std::string>();
    } else if (error.is_object()) {
      const json* inner = &error;
      // "all shards failed" says nothing; the first of them does.
      if (error.contains("root_cause") && error["root_cause"].is_array() && !error["root_cause"].empty() &&
          error["root_cause"][0].is_object())
        inner = &error["root_cause"][0];
      if (inner->contains("type") && (*inner)["type"].is_string())
        refusal.type = (*inner)["type"].get<std::string>();
      if (inner->contains("reason") && (*inner)["reason"].is_string())
        refusal.reason = (*inner)["reason"].get<std::string>();
      if (error.contains("type") && error["type"].is_string() && refusal.type.empty())
        refusal.type = error["type"].get<std::string>();
    }
  }
  if (refusal.reason.empty()) refusal.reason = body;
  refusal.reason = one_line(refusal.reason, 300);
  return refusal;
}

Error refused(const net::ClientResponse& answer, const std::string& about) {
  const Refusal refusal = refusal_in(answer.body);
  const auto say = [&](ErrorKind kind, const std::string& what) {
    return Error{kind, fmt::format("{}: {}", about, what), nullptr};
  };
  const auto has = [&](std::string_view word) {
    return refusal.type.find(word) != std::string::npos || refusal.reason.find(word) != std::string::npos;
  };
  // A block is no lack of privileges (403) and no overload (429), though it comes as one.
  if (const std::string advice = advice_for_block(refusal.reason); !advice.empty() && answer.status != 503) {
    return say(ErrorKind::kInvalid,
               fmt::format("the cluster blocks it ({}): {}{}", answer.status, refusal.reason, advice));
  }
  if (answer.status == 401) {
    return say(
        ErrorKind::kDenied,
        "elasticsearch does not accept the credentials (401): set ELASTICSEARCH_API_KEY to the encoded "
        "form of a key that is valid: " +
            refusal.reason);
  }
  if (answer.status == 403) {
    return say(
        ErrorKind::kDenied,
        "the credentials lack a privilege (403): they need read and view_index_metadata on the indices, "
        "and monitor on the cluster: " +
            refusal.reason);
  }
  if (has("index_not_found_exception") || has("Unknown index")) {
    return say(ErrorKind::kNotFound,
               "the index does not exist: check elasticsearch.log_index, or let the shippers write first: " +
                   refusal.reason);
  }
  if (answer.status == 429 || has("circuit_breaking_exception") || has("rejected_execution")) {
    return say(ErrorKind::kOverloaded, fmt::format("elasticsearch is overloaded ({}): asking less often: {}",
                                                   answer.status, refusal.reason));
  }
  if (answer.status == 408 || answer.status == 504)
    return say(ErrorKind::kTimeout, fmt::format("timed out ({}): {}", answer.status, refusal.reason));
  if (has("no_shard_available") || has("search_phase_execution") || has("all shards failed") ||
      has("Search rejected due to missing shards")) {
    return say(ErrorKind::kUnavailable,
               fmt::format("shards of the index are not available ({}): look at GET _cluster/health and "
                           "_cat/shards: {}",
                           answer.status, refusal.reason));
  }
  if (answer.status == 502 || answer.status == 503)
    return say(ErrorKind::kUnavailable,
               fmt::format("elasticsearch is not available ({}): {}", answer.status, refusal.reason));
  if (answer.status >= 500)
    return say(ErrorKind::kUnavailable,
               fmt::format("elasticsearch failed ({}): {}", answer.status, refusal.reason));
  return say(ErrorKind::kInvalid,
             fmt::format("elasticsearch refuses the question ({}): {}", answer.status, refusal.reason));
}

}  // namespace

std::optional<std::string> url_of_cloud_id(std::string_view cloud_id) {
  const std::string_view coded = cloud_id.substr(cloud_id.rfind(':') + 1);
  const auto [text, read] = from_base64(coded, Base64Alphabet::kStandardOrUrl);
  if (read < coded.size() && coded[read] != '=') return std::nullopt;
  // host[:port]$id-of-elasticsearch$id-of-kibana; either id may carry a port of its own.
  const auto parts = split(text, '$');
  if (parts.size() < 2 || parts[0].empty() || parts[1].empty() || !is_valid_utf8(text)) return std::nullopt;
  std::string_view host = parts[0];
  std::string_view id = parts[1];
  std::string_view port = "443";
  if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (const auto colon = id.find(':'); colon != std::string_view::npos) {
    port = id.substr(colon + 1);
    id = id.substr(0, colon);
  }
  return fmt::format("https://{}.{}:{}", id, host, port);
}

std::string without_password(std::string_view url) {
  const auto scheme = url.find("://");
  const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto end = std::min(url.find('/', begin), url.size());
  const auto at = url.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < begin) return std::string(url);
  return std::string(url.substr(0, begin)) + std::string(url.substr(at + 1));
}

std::string advice_for(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kUnavailable:
      return ": is it running, and is ELASTICSEARCH_URL (or elasticsearch.hosts) right?";
    case ErrorKind::kDenied:
      return ": set elasticsearch.ca_file to the authority that signed it, or elasticsearch.fingerprint";
    case ErrorKind::kTimeout:
      return ": it is slow or cannot be reached; elasticsearch.timeout_seconds may be raised";
    default:
      return "";
  }
}

std::string advice_for_block(std::string_view reason) {
  if (reason.find("blocked by") == std::string_view::npos) return "";
  if (reason.find("flood-stage") != std::string_view::npos ||
      reason.find("read-only / allow delete") != std::string_view::npos)
    return ": a disk of the cluster is full: free space there; the block goes by itself";
  if (reason.find("read-only") != std::string_view::npos ||
      reason.find("index write") != std::string_view::npos)
    return ": the index is read-only: set index.blocks.write (or .read_only) to null, or name another index";
  if (reason.find("index read") != std::string_view::npos)
    return ": the index must not be read: set index.blocks.read to null";
  if (reason.find("closed") != std::string_view::npos) return ": open the index: POST INDEX/_open";
  return ": look at GET _cluster/health and at the settings index.blocks.*";
}

Result<json> judge_answer(const net::ClientResponse& answer, const std::string& about) {
  if (answer.status / 100 != 2) return tl::unexpected<Error>(refused(answer, about));
  auto parsed = model::parse_json(answer.body);
  if (!parsed || !parsed->is_object()) {
    return fail(
        ErrorKind::kCorrupt,
        fmt::format("{}: the answer is no JSON object; is there a proxy in between, or is the URL not "
                    "that of Elasticsearch? It begins: {}",
                    about, one_line(answer.body, 120)));
  }
  const auto is_true = [&](const char* key) {
    const auto found = parsed->find(key);
    return found != parsed->end() && found->is_boolean() && found->get<bool>();
  };
  if (is_true("timed_out"))
    return fail(ErrorKind::kTimeout, about + ": elasticsearch gave up half-way (timed_out)");
  if (is_true("is_partial"))
    return fail(ErrorKind::kUnavailable, about + ": elasticsearch answered in part only (is_partial)");
  if (const auto shards = parsed->find("_shards"); shards != parsed->end() && shards->is_object()) {
    const auto failed = shards->find("failed");
    if (failed != shards->end() && failed->is_number_integer() && failed->get<std::int64_t>() > 0)
      return fail(ErrorKind::kUnavailable,
                  fmt::format("{}: {} shards failed: look at GET _cluster/health and _cat/shards", about,
                              failed->get<std::int64_t>()));
  }
  return std::move(*parsed);
}

Connection::Connection(net::Transport& transport, ConnectionOptions options, net::RetryTime time, Log log)
    : transport_(transport), options_(std::move(options)), time_(std::move(time)), log_(log) {
  for (std::string url : options_.hosts) {
    while (url.ends_with('/')) url.pop_back();
    hosts_.push_back({url, {}, {}});
  }
}

net::ClientRequest Connection::request(const std::string& method, const std::string& path,
                                       const std::string& body) const {
  net::ClientRequest request;
  request.method = method;
  request.url = path;  // the host is put in front later
  request.body = body;
  request.headers.add("Accept", "application/json");
  if (!body.empty()) request.headers.add("Content-Type", "application/json");
  if (!options_.api_key.empty()) {
    request.headers.add("Authorization", "ApiKey " + options_.api_key);
  } else if (!options_.user.empty()) {
    request.headers.add("Authorization", "Basic " + base64(options_.user + ":" + options_.password));
  } else if (!options_.bearer.empty()) {
    request.headers.add("Authorization", "Bearer " + options_.bearer);
  }
  request.timeout = options_.timeout;
  request.connect_timeout = std::min<Duration>(seconds(5), options_.timeout);
  request.max_response = 256ULL << 20;
  return request;
}

// The host used last while it lives, else the next living one, else the one that is dead for the shortest
// time.
std::size_t Connection::pick(Time now) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const std::size_t at = (last_ + i) % hosts_.size();
    if (hosts_[at].dead_until <= now) return last_ = at;
  }
  const auto soonest = std::min_element(
      hosts_.begin(), hosts_.end(), [](const Host& a, const Host& b) { return a.dead_until < b.dead_until; });
  return last_ = static_cast<std::size_t>(soonest - hosts_.begin());
}

bool Connection::another_lives(Time now) {
  const std::lock_guard lock(mutex_);
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const Host& host) { return host.dead_until <= now; });
}

void Connection::mark(std::size_t host, bool alive, Time now, const Error* error) {
  const std::lock_guard lock(mutex_);
  Host& h = hosts_[host];
  if (alive) {
    if (h.penalty != Duration{} && hosts_.size() > 1)
      log_.info("elasticsearch.host.back", {{"host", without_password(h.url)}});
    h.penalty = {};
    h.dead_until = {};
    quiet_ = {};
    quiet_until_ = {};
    return;
  }
  if (h.penalty == Duration{} && hosts_.size() > 1)
    log_.warning("elasticsearch.host.lost", {{"host", without_password(h.url)},
                                             {"error", error != nullptr ? error->text() : std::string()}});
  if (error != nullptr) last_error_ = *error;
  h.penalty = std::min(kMostPenalty, std::max(kFirstPenalty, h.penalty * 2));
  h.dead_until = now + h.penalty;
}

std::optional<Error> Connection::away(Time now) {
  const std::lock_guard lock(mutex_);
  if (now < quiet_until_)
    return Error{ErrorKind::kOverloaded, "elasticsearch said it is overloaded; it is left alone for a while",
                 nullptr};
  const bool all_dead = !hosts_.empty() && std::all_of(hosts_.begin(), hosts_.end(), [&](const Host& host) {
    return host.dead_until > now;
  });
  if (!all_dead) return std::nullopt;
  return last_error_;
}

void Connection::forgive() {
  const std::lock_guard lock(mutex_);
  for (Host& host : hosts_) host.dead_until = {};
}

Result<void> Connection::may_ask(Time now) {
  const std::lock_guard lock(mutex_);
  if (hosts_.empty()) return fail(ErrorKind::kInvalid, "elasticsearch.hosts: none is given");
  if (stop_.stop_requested()) return fail(ErrorKind::kUnavailable, "stopping");
  if (now < quiet_until_) {
    return fail(ErrorKind::kOverloaded,
                fmt::format("elasticsearch said it is overloaded; it is left alone for {}",
                            format_duration(quiet_until_ - now)));
  }
  return {};
}

void Connection::slow_down(Time now, std::optional<Duration> wait) {
  const std::lock_guard lock(mutex_);
  quiet_ = std::min(kMostPenalty, std::max(kFirstQuiet, quiet_ * 2));
  quiet_until_ = now + std::max(quiet_, std::min(wait.value_or(Duration{}), kMostPenalty));
}

Result<json> Connection::ask(const std::string& method, const std::string& path, const std::string& body,
                             const std::string& about) {
  SENTINEL_TRY(may_ask(time_.now()));
  net::ClientRequest request = this->request(method, path, body);
  const Time deadline = time_.now() + options_.deadline;
  Duration wait = kFirstWait;
  for (std::size_t attempt = 1;; ++attempt) {
    const Time began = time_.now();
    const std::size_t host = pick(began);
    request.url = hosts_[host].url + path;
    request.timeout = std::min(options_.timeout, std::max<Duration>(milliseconds(1), deadline - began));
    const auto outcome = transport_.send(request, stop_.get_token());
    const Time now = time_.now();
    auto judged = outcome ? judge_answer(*outcome, about)
                          : Result<json>(fail(outcome.error().kind, about + ": " + outcome.error().text() +
                                                                        advice_for(outcome.error())));
    if (judged) {
      mark(host, true, now, nullptr);
      return judged;
    }
    const Error& error = judged.error();
    if (stop_.stop_requested()) return judged;
    const bool overloaded = error.kind == ErrorKind::kOverloaded;
    // A damaged answer may be a connection that broke: worth one more try.
    const bool again = error.is_transient() || (error.kind == ErrorKind::kCorrupt && attempt == 1);
    const net::RetryVerdict verdict = net::classify_default(outcome);
    // The cluster answers with one voice when it is overloaded: no other host is asked instead, and it stays
    // on its guard until an answer is good.
    if (!overloaded) mark(host, !again, now, &error);
    if (!again) return judged;
    Duration pause = Duration::zero();
    if (overloaded || hosts_.size() == 1 || !another_lives(now)) {
      const std::lock_guard lock(mutex_);
      pause =
          Duration(static_cast<std::int64_t>(static_cast<double>(wait.count()) * rng_.uniform(0.75, 1.25)));
      pause = std::max(pause, verdict.wait.value_or(Duration{}));
      wait = std::min(kMostWait, wait * 2);
    }
    const std::size_t most = overloaded ? 2 : std::max<std::size_t>(3, hosts_.size() + 1);
    if (attempt >= most || now + pause >= deadline || (pause > Duration{} && !time_.sleep(pause))) {
      if (overloaded) slow_down(now, verdict.wait);
      return judged;
    }
  }
}

Result<net::ClientResponse> Connection::raw(const std::string& method, const std::string& path,
                                            const std::string& body) {
  if (hosts_.empty()) return fail(ErrorKind::kInvalid, "elasticsearch.hosts: none is given");
  net::ClientRequest request = this->request(method, path, body);
  request.url = hosts_[pick(time_.now())].url + path;
  return transport_.send(request, stop_.get_token());
}

}  // namespace sentinel::telemetry
