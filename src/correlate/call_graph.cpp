#include "correlate/call_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/text.hpp"

namespace sentinel::correlate {
namespace {

constexpr std::string_view kHeader = "calls 1";

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}
// Names come from documents: a tab or a line feed in one would break the snapshot.
bool can_be_kept(std::string_view name) {
  return !name.empty() && name.find_first_of("\t\n") == std::string_view::npos;
}

}  // namespace

double CallGraph::decay(Duration age) const {
  return std::exp2(-seconds_of(std::max(age, Duration{})) / seconds_of(options_.half_life));
}

void CallGraph::learn(std::span<const model::CallSlice> calls, Time now) {
  Time newest = learned_until_;
  for (const auto& c : calls) {
    newest = std::max(newest, c.start);
    if (c.start <= learned_until_ || c.calls == 0 || c.caller == c.callee) continue;
    if (!can_be_kept(c.caller) || !can_be_kept(c.callee)) continue;
    Edge& edge = edges_[{c.caller, c.callee}];
    const double kept = edge.last_seen < c.start ? decay(c.start - edge.last_seen) : 1;
    edge.calls = edge.calls * kept + static_cast<double>(c.calls);
    edge.errors = edge.errors * kept + static_cast<double>(c.errors);
    edge.last_seen = std::max(edge.last_seen, c.start);
  }
  learned_until_ = newest;
  forget(now);
}

void CallGraph::forget(Time now) {
  std::erase_if(edges_, [&](const auto& item) { return item.second.last_seen + options_.memory < now; });
  if (edges_.size() <= options_.max_edges) return;
  std::vector<Time> seen;
  for (const auto& [key, edge] : edges_) seen.push_back(edge.last_seen);
  const auto surplus = static_cast<std::ptrdiff_t>(edges_.size() - options_.max_edges);
  std::nth_element(seen.begin(), seen.begin() + surplus, seen.end());
  const Time least = seen[static_cast<std::size_t>(surplus)];
  std::erase_if(edges_, [&](const auto& item) { return item.second.last_seen < least; });
  // Of those seen at the same moment the last by name go.
  while (edges_.size() > options_.max_edges) {
    auto last = std::prev(edges_.end());
    while (last->second.last_seen != least) --last;
    edges_.erase(last);
  }
}

std::vector<model::Link> CallGraph::links(Time now) const {
  std::vector<model::Link> links;
  for (const auto& [key, edge] : edges_) {
    model::Link link;
    link.caller = key.first;
    link.callee = key.second;
    link.source = model::Link::Source::kSpan;
    link.calls = edge.calls * decay(now - edge.last_seen);
    link.errors = edge.errors * decay(now - edge.last_seen);
    link.last_seen = edge.last_seen;
    links.push_back(std::move(link));
  }
  return links;
}

std::vector<TopologyEdge> CallGraph::topology() const {
  std::vector<TopologyEdge> edges;
  for (const auto& [key, edge] : edges_) edges.push_back({key.first, key.second});
  return edges;
}

// "calls 1", the time learned until, then a line per edge: last seen, calls, errors, caller, callee, by tabs.
std::string CallGraph::snapshot() const {
  std::string text = fmt::format("{}\n{}\n", kHeader, micros(learned_until_));
  for (const auto& [key, edge] : edges_)
    text += fmt::format("{}\t{}\t{}\t{}\t{}\n", micros(edge.last_seen), edge.calls, edge.errors, key.first,
                        key.second);
  return text;
}

Result<CallGraph> CallGraph::restore(Options options, std::string_view snapshot) {
  CallGraph graph(options);
  std::size_t line_number = 0;
  for (const auto line : split(snapshot, '\n')) {
    ++line_number;
    const auto damaged = [&] {
      return fail(ErrorKind::kCorrupt, fmt::format("call graph snapshot: line {} is damaged", line_number));
    };
    if (line_number == 1) {
      if (line != kHeader) return damaged();
      continue;
    }
    if (line.empty()) continue;
    if (line_number == 2) {
      const auto until = number<std::int64_t>(line);
      if (!until) return damaged();
      graph.learned_until_ = time_from_micros(*until);
      continue;
    }
    const auto parts = split(line, '\t');
    if (parts.size() != 5) return damaged();
    const auto seen = number<std::int64_t>(parts[0]);
    const auto calls = number<double>(parts[1]);
    const auto errors = number<double>(parts[2]);
    if (!seen || !calls || !errors || !std::isfinite(*calls) || !std::isfinite(*errors)) return damaged();
    graph.edges_[{std::string(parts[3]), std::string(parts[4])}] = {*calls, *errors, time_from_micros(*seen)};
  }
  if (line_number < 2) return fail(ErrorKind::kCorrupt, "call graph snapshot: is cut off");
  return graph;
}

}  // namespace sentinel::correlate
