#include "correlate/span_tree.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sentinel::correlate {
namespace {

using Interval = std::pair<std::int64_t, std::int64_t>;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);
constexpr int kMaxClimb = 64;  // a parent chain longer than this is a loop

double ms_of(std::int64_t us) { return static_cast<double>(us) / 1000.0; }

// Total length of the union of intervals, each clipped to `bounds`.
std::int64_t covered(std::vector<Interval>& intervals, Interval bounds) {
  std::ranges::sort(intervals);
  std::int64_t total = 0;
  std::int64_t reached = bounds.first;
  for (auto [from, to] : intervals) {
    from = std::max(from, reached);
    to = std::min(to, bounds.second);
    if (to <= from) continue;
    total += to - from;
    reached = to;
  }
  return total;
}

// What a span does. A request log line tells how it ended, in words that change with the outcome: all of a
// service's are one operation.
std::string_view operation_of(const model::LogEvent& event) {
  return event.is_span ? std::string_view(event.message) : std::string_view();
}

struct Node {
  const model::LogEvent* event = nullptr;
  std::size_t parent = kNone;
  std::size_t callee_entry = kNone;  // of an outgoing span: the span it caused in another service
  std::vector<Interval> waits;       // of an entry: when it waited for others
};

}  // namespace

void visit_spans(std::span<const model::LogEvent> events, const SpanVisitor& visitor) {
  std::vector<Node> nodes;
  std::unordered_map<std::string_view, std::size_t> by_id;
  // A request log line often carries the id of the span it was written in: the span itself goes first.
  for (const bool spans : {true, false}) {
    for (const auto& event : events) {
      if (event.is_span != spans || event.span_id.empty() || !event.has_duration() || event.service.empty())
        continue;
      if (by_id.emplace(event.span_id, nodes.size()).second) nodes.push_back({&event, kNone, kNone, {}});
    }
  }
  for (auto& node : nodes) {
    if (node.event->parent_id.empty()) continue;
    if (const auto it = by_id.find(node.event->parent_id); it != by_id.end()) node.parent = it->second;
  }

  const auto is_entry = [&](const Node& node) {
    return !model::is_outgoing(node.event->span_kind) &&
           (node.parent == kNone || nodes[node.parent].event->service != node.event->service);
  };
  // The entry span of the service that `from` belongs to: climbs the spans inside the service.
  const auto entry_above = [&](std::size_t from) {
    for (int i = 0; i < kMaxClimb && from != kNone; ++i) {
      if (is_entry(nodes[from])) return from;
      const std::size_t up = nodes[from].parent;
      if (up == kNone || nodes[up].event->service != nodes[from].event->service) return kNone;
      from = up;
    }
    return kNone;
  };

  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& event = *nodes[i].event;
    const Interval interval{micros(event.began()), micros(event.time)};
    if (model::is_outgoing(event.span_kind)) {
      // A message put on a queue is not waited for.
      if (event.span_kind == model::SpanKind::kProducer) continue;
      if (const auto entry = entry_above(i); entry != kNone) nodes[entry].waits.push_back(interval);
    } else if (is_entry(nodes[i]) && nodes[i].parent != kNone) {
      const std::size_t parent = nodes[i].parent;
      if (model::is_outgoing(nodes[parent].event->span_kind)) {
        nodes[parent].callee_entry = i;
      } else if (const auto entry = entry_above(parent); entry != kNone) {
        nodes[entry].waits.push_back(interval);  // no client span: the callee's own must do
      }
    }
  }

  for (auto& node : nodes) {
    const auto& event = *node.event;
    const Interval bounds{micros(event.began()), micros(event.time)};
    const double ms = ms_of(bounds.second - bounds.first);
    if (model::is_outgoing(event.span_kind)) {
      const model::LogEvent* entry = node.callee_entry == kNone ? nullptr : nodes[node.callee_entry].event;
      const std::string_view callee = entry ? std::string_view(entry->service) : event.peer;
      if (callee.empty() || callee == event.service || !visitor.call) continue;
      const double gap = entry ? std::max(0.0, ms - static_cast<double>(entry->duration_ms))
                               : std::numeric_limits<double>::quiet_NaN();
      visitor.call({event, operation_of(event), callee, event.failed(), ms, gap});
    } else if (is_entry(node)) {
      const std::string_view operation = operation_of(event);
      if (visitor.entry) visitor.entry(event, operation, ms, ms - ms_of(covered(node.waits, bounds)));
      const std::size_t parent = node.parent;
      if (parent != kNone && visitor.call && !model::is_outgoing(nodes[parent].event->span_kind))
        // Whether the call failed is for the callee to say: the caller may have failed for another reason.
        visitor.call({*nodes[parent].event, operation, event.service, event.failed(), ms,
                      std::numeric_limits<double>::quiet_NaN()});
    }
  }
}

}  // namespace sentinel::correlate
