// Who sends, how late, and who has stopped: the shippers behind the documents. A source is the host that a
// document names (host.name). Pure: a fold over what arrived, tick by tick. docs/detection.md, "Gaps".
//
// A source that carried two services or more and has sent nothing, although documents were due, is a gap in
// the telemetry: nothing is known of the services that only it carried. A source of one service is that
// service: its silence is judged as such. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/slice.hpp"

namespace sentinel::detect {

struct SourceGap {
  std::string source;
  Time since;                         // when its last documents came
  std::vector<std::string> services;  // that it carried, sorted
};

struct SourceReport {
  std::string source;  // empty: documents that name no host
  Time last_heard;
  Duration lag{};  // largest (arrival - @timestamp) of the newest documents
  double docs_per_minute = 0;
  bool in_gap = false;
};

class SourceWatch {
 public:
  // What came since the last call, up to `now`. Times rise. A long pause between calls (the store was away)
  // is nobody's silence.
  void take(std::span<const model::Arrival> arrivals, Time now);

  std::vector<SourceGap> gaps() const;
  // Services that came from sources in a gap alone, with the moment since when nothing is known of them.
  std::map<std::string, Time> unheard() const;
  std::vector<SourceReport> sources() const;  // by name

 private:
  struct Source {
    Time first;
    Time last;
    double per_second = 0;      // documents, with a memory of half an hour
    double ordinary_quiet = 0;  // seconds; the longest pause, slowly forgotten
    Duration lag{};
    bool in_gap = false;
    std::map<std::string, Time> services;  // when last heard through this source
  };
  bool is_due(const Source& source, Time now) const;

  std::map<std::string, Source> sources_;
  Time now_{};
  bool started_ = false;
};

}  // namespace sentinel::detect
