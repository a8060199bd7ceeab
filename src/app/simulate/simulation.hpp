// A small shop under load: gateway -> auth-service, gateway -> order-service -> inventory-service and
// payment-service. Requests become the log documents that its services would write, in time order, with
// shared trace ids and spans whose children end within their parents. The same seed, story and start give the
// same bytes.
#pragma once

#include <queue>
#include <string>
#include <vector>

#include "app/simulate/scenario.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"

namespace sentinel::app {

struct SimulationOptions {
  Story story = Story::kPoolExhaustion;
  std::uint64_t seed = 1;
  Time start;                       // of the first request
  Duration ordinary = minutes(60);  // before the story begins
  double requests_per_minute = 14;  // at the gateway: 70 in five minutes, as the original's services
};

// Not thread-safe. Documents are asked for in rising time.
class Simulation {
 public:
  explicit Simulation(SimulationOptions options);

  struct Document {
    Time at;
    std::string json;  // one line, without its end
  };
  // All documents with a timestamp before `until` that were not given yet.
  std::vector<Document> until(Time until);
  Time story_begins() const { return options_.start + options_.ordinary; }

 private:
  struct Call;  // one service's part in a request
  struct Later {
    bool operator()(const Document& a, const Document& b) const {
      return a.at != b.at ? a.at > b.at : a.json > b.json;
    }
  };
  void make_request(Time at);
  Call call(const std::string& service, Time at, const std::string& trace, const std::string& parent,
            bool story);
  void chatter(Time at);
  bool in_story(Time at) const { return at >= story_begins(); }
  void emit(Time at, const std::string& service, const char* level, std::string message, double duration_ms,
            int status, const std::string& endpoint, const std::string& trace, const std::string& span,
            const std::string& parent);
  std::string id(int digits);

  SimulationOptions options_;
  Rng rng_;
  Time next_request_;
  std::priority_queue<Document, std::vector<Document>, Later> waiting_;
};

}  // namespace sentinel::app
