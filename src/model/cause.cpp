#include "model/cause.hpp"

namespace sentinel::model {

std::string_view to_string(Pattern::Change change) {
  switch (change) {
    case Pattern::Change::kSteady:
      return "steady";
    case Pattern::Change::kNew:
      return "new";
    case Pattern::Change::kMore:
      return "more";
    case Pattern::Change::kLess:
      return "less";
    case Pattern::Change::kGone:
      return "gone";
  }
  return "steady";
}

std::string_view to_string(Link::Source source) {
  switch (source) {
    case Link::Source::kSpan:
      return "span";
    case Link::Source::kTrace:
      return "trace";
    case Link::Source::kMention:
      return "mention";
    case Link::Source::kTopology:
      return "topology";
  }
  return "span";
}

Severity Group::severity() const {
  Severity all = Severity::kP4;
  for (const Anomaly& anomaly : anomalies) all = worst(all, anomaly.severity);
  return all;
}

}  // namespace sentinel::model
