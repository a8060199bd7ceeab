// Services that are known by measurements alone: a front, two things that it calls, one behind the second.
#include "correlate/diagnose.hpp"

#include <gtest/gtest.h>

#include <map>

namespace sentinel::correlate {
namespace {

const Time kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");
const model::TimeRange kBad{kNoon, kNoon + minutes(15)};

struct Load {
  double requests = 100;
  double ms = 20;
  double availability = 100;
};

// Two hours of `usual` in five-minute buckets, then fifteen minutes of `bad`.
class Fleet {
 public:
  Fleet& service(const std::string& name, Load usual, Load bad) {
    for (int bucket = -24; bucket < 3; ++bucket) {
      const Load& load = bucket < 0 ? usual : bad;
      const Time at = kNoon + minutes(5) * bucket;
      if (load.requests == 0) continue;
      input_.metrics.push_back({name, "requests", at, 1, load.requests});
      input_.metrics.push_back({name, "latency_avg_ms", at, 1, load.ms});
      input_.metrics.push_back({name, "availability_pct", at, 1, load.availability});
    }
    return *this;
  }
  Fleet& calls(const std::string& caller, const std::string& callee) {
    input_.topology.push_back({caller, callee});
    return *this;
  }
  Fleet& suffers(const std::string& name, const std::string& metric) {
    model::Anomaly a;
    a.service = name;
    a.metric = metric;
    a.score = 5;
    a.window = kBad;
    input_.anomalies.push_back(a);
    return *this;
  }
  std::string cause() const { return diagnose(input_, kBad, Settings{}).front().service; }

 private:
  Input input_;
};

TEST(DiagnoseMeasured, LostTimeIsFollowedToTheDeepestServiceThatLostIt) {
  EXPECT_EQ(Fleet()
                .service("front", {100, 90}, {100, 290})
                .service("search", {300, 10}, {300, 75})
                .service("table", {300, 5}, {300, 70})
                .service("bank", {100, 20}, {100, 21})
                .calls("front", "search")
                .calls("search", "table")
                .calls("front", "bank")
                .suffers("front", "latency")
                .cause(),
            "table");
}

TEST(DiagnoseMeasured, WhereFailuresAreTheTroubleTheFailingServiceBeatsTheSlowOne) {
  EXPECT_EQ(Fleet()
                .service("front", {500, 90, 100}, {500, 92, 96})
                .service("search", {300, 10, 100}, {300, 30, 100})
                .service("bank", {200, 20, 100}, {200, 20, 90})
                .calls("front", "search")
                .calls("front", "bank")
                .suffers("front", "availability")
                .cause(),
            "bank");
}

TEST(DiagnoseMeasured, WhoBeginsToCallWhatWasNeverThereIsTheCause) {
  EXPECT_EQ(Fleet()
                .service("front", {500, 90, 100}, {500, 90, 90})
                .service("job", {100, 20, 100}, {100, 20, 50})
                .service("invalid", {0}, {50, 5, 0})
                .calls("front", "job")
                .calls("job", "invalid")
                .suffers("front", "availability")
                .cause(),
            "job");
}

}  // namespace
}  // namespace sentinel::correlate
