// The documents of a story's fleet: requests walk the calls between services, each service logs its part.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "model/document.hpp"
#include "story.hpp"

namespace sentinel::scenario {

class Fleet {
 public:
  // `start`: the moment that the story's times count from.
  Fleet(const Story& story, Time start);

  struct Document {
    Time arrives;  // when the store gets it
    Time at;
    std::string service, message, trace, span, parent, version, host;
    double duration_ms;
    bool failed;
  };
  // Documents of requests that begin in [from, to), in the order of arrival.
  std::vector<Document> requests(Time from, Time to);

 private:
  struct Outcome {
    Time end;
    bool failed = false;
    bool refused = false;
  };
  Outcome call(const std::string& service, Time at, const std::string& trace, const std::string& parent,
               std::vector<Document>& out);
  const ChangeSpec* change_at(const std::string& service, Time at) const;

  const Story& story_;
  Time start_;
  Rng rng_;
  std::map<std::string, const ServiceSpec*> specs_;
  std::vector<std::pair<Time, const ChangeSpec*>> bursts_;
};

}  // namespace sentinel::scenario
