#include "app/simulate/simulation.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/hash.hpp"

namespace sentinel::app {
namespace {

// Median milliseconds that a service spends itself on a request, and how it scatters (deviation of the
// logarithm).
struct OwnTime {
  const char* service;
  double median_ms;
  double spread;
};
constexpr OwnTime kOwnTimes[] = {{"gateway", 18, 0.35},
                                 {"auth-service", 22, 0.35},
                                 {"order-service", 35, 0.35},
                                 {"inventory-service", 28, 0.4},
                                 {"payment-service", 60, 0.4}};

constexpr double kErrorShare = 0.02;  // of requests, spread over all services
constexpr double kNoisyShare = 0.25;  // of the harmless errors of that story
constexpr double kNetworkMs = 0.6;

const char* endpoint_of(std::string_view service) {
  if (service == "gateway") return "/checkout";
  if (service == "auth-service") return "/token/verify";
  if (service == "order-service") return "/orders";
  if (service == "inventory-service") return "/stock/reserve";
  return "/payments";
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

Duration ms(double value) { return Duration(static_cast<std::int64_t>(value * 1000)); }

}  // namespace

// What became of one call: when it ended, whether it failed, what it says of it.
struct Simulation::Call {
  Time end;
  double duration_ms = 0;
  int status = 200;
  std::string level = "info";
  std::string message;
};

Simulation::Simulation(SimulationOptions options)
    : options_(options), rng_(options.seed), next_request_(options.start) {}

std::string Simulation::id(int digits) {
  return hex(rng_.next(), 16).substr(0, static_cast<std::size_t>(digits));
}

void Simulation::emit(Time at, const std::string& service, const char* level, std::string message,
                      double duration_ms, int status, const std::string& endpoint, const std::string& trace,
                      const std::string& span, const std::string& parent) {
  const bool deployed = options_.story == Story::kBadDeploy && service == "order-service" && in_story(at);
  std::string json = fmt::format(R"({{"@timestamp":"{}","service.name":{},"level":"{}","message":{})",
                                 format_rfc3339(at), quoted(service), level, quoted(message));
  if (duration_ms >= 0) json += fmt::format(R"(,"duration_ms":{:.2f})", duration_ms);
  if (!trace.empty()) json += fmt::format(R"(,"trace.id":"{}")", trace);
  if (!span.empty()) json += fmt::format(R"(,"span.id":"{}")", span);
  if (!parent.empty()) json += fmt::format(R"(,"parent.id":"{}")", parent);
  if (status != 0) json += fmt::format(R"(,"status_code":{})", status);
  if (!endpoint.empty()) json += fmt::format(R"(,"endpoint":{})", quoted(endpoint));
  json += fmt::format(R"(,"service.version":"{}","host.name":"{}-{}"}})", deployed ? "2.4.0" : "2.3.1",
                      service, 1 + (trace.empty() ? 0 : trace.back() % 2));
  waiting_.push({at, std::move(json)});
}

Simulation::Call Simulation::call(const std::string& service, Time at, const std::string& trace,
                                  const std::string& parent, bool story) {
  double own = 20;
  for (const OwnTime& time : kOwnTimes) {
    if (service == time.service) own = time.median_ms * std::exp(time.spread * rng_.normal());
  }
  const std::string span = id(16);
  const bool ordinary_error = rng_.chance(kErrorShare / 3);
  const double die = rng_.uniform();
  Call result;
  Time now = at + ms(own * 0.4);
  const auto callee = [&](const std::string& name) {
    Call inner = call(name, now + ms(kNetworkMs), trace, span, story);
    now = inner.end + ms(kNetworkMs);
    return inner;
  };
  const auto fail_with = [&](int status, std::string text) {
    result.status = status;
    result.level = "error";
    result.message = std::move(text);
  };

  if (service == "gateway") {
    const Call auth = callee("auth-service");
    if (auth.status == 0) {
      fail_with(502, "upstream auth-service: connection refused");
    } else {
      const Call order = callee("order-service");
      if (order.status >= 500)
        fail_with(504, fmt::format("upstream order-service failed after {:.0f} ms: {}", order.duration_ms,
                                   order.message.substr(0, 90)));
    }
  } else if (service == "order-service") {
    const Call stock = callee("inventory-service");
    const Call payment = callee("payment-service");
    if (payment.status >= 500 && !(story && options_.story == Story::kPoolExhaustion)) {
      fail_with(502, "payment-service answered 500");
    } else if (payment.status >= 500) {
      // The client's retries and its own deadline make it far slower than what it calls.
      now = now + ms(11'000 + 4'000 * rng_.uniform());
      fail_with(504, fmt::format("timeout after {:.0f} ms waiting for payment-service", 15'000.0));
    } else if (story && options_.story == Story::kBadDeploy && die < 0.35) {
      fail_with(500, "NullPointerException at com.shop.orders.DiscountRule.apply(DiscountRule.java:88)");
    }
    (void)stock;
  } else if (service == "payment-service" && story && options_.story == Story::kPoolExhaustion) {
    if (die < 0.62) {
      own = 1600 + 400 * rng_.uniform();
      fail_with(503, fmt::format("connection pool exhausted: no connection to payments-db within {:.0f} ms "
                                 "(active 50, waiting {})",
                                 own, rng_.integer(20, 90)));
    } else if (die < 0.92) {
      own = 900 + 500 * rng_.uniform();
      result.level = "warning";
      result.message = fmt::format("slow connection checkout from pool payments-db took {:.0f} ms", own);
    }
  } else if (service == "inventory-service" && story && options_.story == Story::kSlowDependency) {
    own *= 8 + 6 * rng_.uniform();
    if (die < 0.5) {
      result.level = "warning";
      result.message = fmt::format("slow query on stock_items took {:.0f} ms: waiting for a row lock", own);
    }
  } else if (service == "auth-service" && story && options_.story == Story::kSilent) {
    return {.end = at + ms(2), .duration_ms = 2, .status = 0};  // nobody is there to log
  }
  now = now + ms(own * 0.6);

  if (result.level == "info" && ordinary_error)
    fail_with(500,
              fmt::format("unexpected response from upstream for request {}", rng_.integer(10000, 99999)));
  if (result.level == "info" && options_.story == Story::kNoisyErrors && service == "inventory-service" &&
      die < kNoisyShare) {
    result.level = "error";
    result.message =
        fmt::format("cache miss for item {} logged at error by mistake, served from the database",
                    rng_.integer(1000, 9999));
  }
  result.end = now;
  result.duration_ms = seconds_of(now - at) * 1000;
  if (result.message.empty())
    result.message =
        fmt::format("{} {} in {:.0f} ms", endpoint_of(service), result.status, result.duration_ms);
  emit(now, service, result.level.c_str(), result.message, result.duration_ms, result.status,
       endpoint_of(service), trace, span, parent);
  return result;
}

// Lines without a request: what services say in between.
void Simulation::chatter(Time at) {
  const OwnTime& who = kOwnTimes[static_cast<std::size_t>(rng_.integer(0, 4))];
  if (options_.story == Story::kSilent && in_story(at) && std::string_view(who.service) == "auth-service")
    return;
  static constexpr const char* kLines[] = {"connection pool status: {} of 50 in use",
                                           "cache refreshed with {} entries", "health check passed in {} ms",
                                           "scheduled job finished, {} rows"};
  emit(at, who.service, "info", fmt::format(fmt::runtime(kLines[rng_.integer(0, 3)]), rng_.integer(3, 40)),
       -1, 0, "", "", "", "");
}

void Simulation::make_request(Time at) {
  const std::string trace = id(16) + id(16);
  call("gateway", at, trace, "", in_story(at));
  if (rng_.chance(0.15)) chatter(at + ms(1000 * rng_.uniform()));
}

std::vector<Simulation::Document> Simulation::until(Time until) {
  while (next_request_ < until) {
    make_request(next_request_);
    const bool wave = options_.story == Story::kSurge && in_story(next_request_);
    const double per_minute = options_.requests_per_minute * (wave ? 4 : 1);
    next_request_ += Duration(static_cast<std::int64_t>(rng_.exponential(per_minute / 60e6)));
  }
  std::vector<Document> given;
  while (!waiting_.empty() && waiting_.top().at < until) {
    given.push_back(waiting_.top());
    waiting_.pop();
  }
  return given;
}

}  // namespace sentinel::app
