#include "api/trace.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace sentinel::api {
namespace {

bool is_span(const model::LogEvent& event) { return !event.span_id.empty() && event.has_duration(); }

bool before(const WaterfallSpan& a, const WaterfallSpan& b) {
  const Time x = a.event->began();
  const Time y = b.event->began();
  // Of two that begin together the longer one is the caller.
  return x != y ? x < y : a.event->time != b.event->time ? a.event->time > b.event->time : a.id < b.id;
}

}  // namespace

std::vector<WaterfallSpan> waterfall(const std::vector<model::LogEvent>& events) {
  std::vector<WaterfallSpan> spans;
  std::set<std::string> ids;
  for (const auto& event : events) {
    // A span and a log line inside it may share the id: the first with a duration is the span.
    if (is_span(event) && ids.insert(event.span_id).second)
      spans.push_back({&event, event.span_id, event.parent_id});
  }
  if (spans.empty()) {
    for (const auto& event : events) {
      if (event.has_duration())
        spans.push_back({&event, "line-" + std::to_string(spans.size() + 1), "", 0, true});
    }
  }
  std::map<std::string, std::vector<WaterfallSpan>> children;  // by parent
  for (auto& span : spans) {
    if (!ids.contains(span.parent) || span.parent == span.id) span.parent.clear();
    children[span.parent].push_back(span);
  }
  for (auto& [parent, list] : children) std::sort(list.begin(), list.end(), before);

  // Depth first without recursion: parents may form a chain of any length. Spans in a circle have no root;
  // they come last, as roots.
  std::vector<WaterfallSpan> ordered;
  std::set<std::string> placed;
  const auto place_below = [&](std::vector<WaterfallSpan> roots) {
    std::vector<WaterfallSpan> stack(roots.rbegin(), roots.rend());
    while (!stack.empty()) {
      WaterfallSpan span = std::move(stack.back());
      stack.pop_back();
      if (!placed.insert(span.id).second) continue;
      const auto found = children.find(span.id);
      if (found != children.end()) {
        for (auto child = found->second.rbegin(); child != found->second.rend(); ++child) {
          stack.push_back(*child);
          stack.back().depth = span.depth + 1;
        }
      }
      ordered.push_back(std::move(span));
    }
  };
  place_below(children[""]);
  std::sort(spans.begin(), spans.end(), before);
  for (auto& span : spans) {
    if (placed.contains(span.id)) continue;
    span.parent.clear();
    place_below({span});
  }
  return ordered;
}

}  // namespace sentinel::api
