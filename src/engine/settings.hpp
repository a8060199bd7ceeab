// What the engine needs to know; `app` fills it from the config.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "correlate/correlate.hpp"
#include "detect/detector.hpp"
#include "incidents/lifecycle.hpp"
#include "notify/policy.hpp"

namespace sentinel::engine {

struct Settings {
  detect::Settings detect;  // detect.slice is the length of a slice everywhere
  correlate::Settings correlate;
  incidents::Settings incidents;
  std::vector<correlate::TopologyEdge> topology;
  std::vector<notify::ChannelPolicy> channels;  // whose messages are enqueued with the incident's change
  Duration interval = seconds(30);              // between ticks
  Duration settle = seconds(90);                // a slice closes this long after its end
  Duration history = hours(8 * 24);             // folded at the first start, when the store has it
  Duration recent = minutes(80);                // closed slices kept in memory for correlation
  Duration page = hours(6);                     // of history asked for at once, at most
  Duration snapshot_every = minutes(10);
  std::size_t event_sample = 2000;  // warnings and errors that correlation looks at
  std::size_t span_sample = 6000;   // spans, and lines for patterns
  std::string model_note;  // said with a new incident's report: why no model will answer ("no API key")
  std::set<std::string, std::less<>> disabled_stages;  // for tests that prove what a stage is for
};

}  // namespace sentinel::engine
