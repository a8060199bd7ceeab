#include "app/backtest/labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "model/json.hpp"

namespace sentinel::app {
namespace {

using nlohmann::json;

// The text at a dotted path, empty when there is none.
std::string text_at(const json& item, std::string_view path) {
  const json* at = &item;
  while (!path.empty()) {
    const auto dot = std::min(path.find('.'), path.size());
    const std::string key(path.substr(0, dot));
    if (!at->is_object() || !at->contains(key)) return {};
    at = &(*at)[key];
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  if (at->is_string()) return at->get<std::string>();
  return at->is_number_integer() ? at->dump() : std::string();
}

std::string first_text(const json& item, std::initializer_list<std::string_view> paths) {
  for (const auto path : paths)
    if (auto text = text_at(item, path); !text.empty()) return text;
  return {};
}

// None when no path is there; an error when what is there is no time.
Result<std::optional<Time>> time_at(const json& item, std::initializer_list<std::string_view> paths,
                                    std::size_t entry) {
  for (const auto path : paths) {
    const auto text = text_at(item, path);
    if (text.empty()) continue;
    if (const auto time = parse_rfc3339(text)) return std::optional(*time);
    return fail(ErrorKind::kInvalid,
                fmt::format("labels: entry {}: {} must be an RFC 3339 time, is '{}'", entry, path, text));
  }
  return std::optional<Time>();
}

}  // namespace

bool Label::is_right(const std::string& name) const {
  return name == service || std::ranges::find(accept, name) != accept.end();
}

Result<std::vector<Label>> read_labels(std::string_view text) {
  SENTINEL_ASSIGN(const auto list, model::parse_json(text));
  if (!list.is_array()) return fail(ErrorKind::kInvalid, "labels: must be a list");
  std::vector<Label> labels;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json& item = list[i];
    Label label;
    label.file = text_at(item, "file");
    label.id = first_text(item, {"id"});
    if (label.id.empty()) label.id = label.file.empty() ? std::to_string(i + 1) : label.file;
    label.service = first_text(item, {"service", "root_cause", "root_cause.service", "root_cause.node"});
    if (item.is_object() && item.contains("accept") && item["accept"].is_array())
      for (const auto& name : item["accept"])
        if (name.is_string()) label.accept.push_back(name.get<std::string>());
    if (label.service.empty() && label.accept.empty())
      return fail(ErrorKind::kInvalid, fmt::format("labels: entry {} has no service", i + 1));
    label.kind = text_at(item, "fault_type");
    label.sufferer = text_at(item, "target.node");
    label.symptom = text_at(item, "target.metric");

    SENTINEL_ASSIGN(const auto injected, time_at(item, {"inject_time", "start", "target.time"}, i + 1));
    SENTINEL_ASSIGN(const auto second_clock, time_at(item, {"inject_time_alt"}, i + 1));
    SENTINEL_ASSIGN(label.ended, time_at(item, {"end_time", "end", "last"}, i + 1));
    if (!injected)
      return fail(ErrorKind::kInvalid,
                  fmt::format("labels: entry {}: inject_time must be an RFC 3339 time, is missing", i + 1));
    const Time latest = std::max(*injected, second_clock.value_or(*injected));
    label.injected = std::min(*injected, second_clock.value_or(*injected));
    if (label.ended) *label.ended += latest - *injected;
    SENTINEL_ASSIGN(const auto from, time_at(item, {"match_from"}, i + 1));
    SENTINEL_ASSIGN(const auto to, time_at(item, {"match_to"}, i + 1));
    label.match = {from.value_or(label.injected - seconds(60)), to.value_or(latest + seconds(240))};
    labels.push_back(std::move(label));
  }
  return labels;
}

Result<std::vector<model::TimeRange>> read_ignored(std::string_view text) {
  SENTINEL_ASSIGN(const auto list, model::parse_json(text));
  if (!list.is_array()) return fail(ErrorKind::kInvalid, "must be a list of {from, to}");
  std::vector<model::TimeRange> ranges;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto from = parse_rfc3339(text_at(list[i], "from"));
    const auto to = parse_rfc3339(text_at(list[i], "to"));
    if (!from || !to)
      return fail(ErrorKind::kInvalid, fmt::format("entry {}: from and to must be RFC 3339 times", i + 1));
    ranges.push_back({*from, *to});
  }
  return ranges;
}

Result<std::vector<correlate::TopologyEdge>> read_edges(std::string_view text) {
  constexpr const char* kForm = "must be {\"caller\": {\"callee\": calls}} or {\"caller\": [\"callee\"]}";
  SENTINEL_ASSIGN(const auto body, model::parse_json(text));
  if (!body.is_object()) return fail(ErrorKind::kInvalid, kForm);
  std::vector<correlate::TopologyEdge> edges;
  for (const auto& [caller, callees] : body.items()) {
    if (callees.is_object()) {
      for (const auto& [callee, calls] : callees.items()) edges.push_back({caller, callee});
      continue;
    }
    if (!callees.is_array()) return fail(ErrorKind::kInvalid, kForm);
    for (const auto& callee : callees) {
      if (!callee.is_string()) return fail(ErrorKind::kInvalid, kForm);
      edges.push_back({caller, callee.get<std::string>()});
    }
  }
  return edges;
}

std::size_t rank_of(std::span<const model::Cause> causes, const Label& label) {
  for (std::size_t i = 0; i < causes.size(); ++i)
    if (label.is_right(causes[i].service)) return i + 1;
  return 0;
}

Score score(std::span<const Opening> openings, std::span<const Label> labels,
            std::span<const model::TimeRange> ignored, Duration covered) {
  Score result;
  result.days = seconds_of(covered) / 86400;
  const auto is_ignored = [&](const Opening& o) {
    return std::ranges::any_of(ignored,
                               [&](const auto& r) { return r.from <= o.opened_at && o.opened_at <= r.to; });
  };
  std::map<std::string, std::size_t> hits;
  for (const Label& label : labels) {
    FaultScore fault{.id = label.id, .service = label.service};
    for (const auto& o : openings) {
      if (o.opened_at < label.match.from || o.opened_at > label.match.to || is_ignored(o)) continue;
      ++hits[o.id];
      fault.incidents.push_back(o.id);
      if (fault.incidents.size() > 1) continue;
      fault.delay = o.opened_at - label.injected;
      fault.rank = rank_of(o.causes, label);
    }
    result.split += fault.incidents.size() > 1 ? 1U : 0U;
    result.faults.push_back(std::move(fault));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    FaultScore& fault = result.faults[i];
    for (const auto& o : openings) {
      const bool open_then =
          o.opened_at < labels[i].match.from && (!o.resolved_at || *o.resolved_at > labels[i].injected);
      if (fault.found() || !open_then || !hits.contains(o.id)) continue;
      if (std::ranges::any_of(o.services, [&](const auto& s) { return labels[i].is_right(s); }))
        fault.inside = o.id;
    }
    const bool shared = std::ranges::any_of(fault.incidents, [&](const auto& id) { return hits.at(id) > 1; });
    result.merged += shared || !fault.inside.empty() ? 1U : 0U;
  }
  for (const auto& o : openings) {
    if (is_ignored(o))
      ++result.ignored;
    else if (!hits.contains(o.id))
      result.false_incidents.push_back(o.id);
  }
  return result;
}

std::size_t Score::found() const {
  return static_cast<std::size_t>(std::ranges::count_if(faults, &FaultScore::found));
}
std::size_t Score::top(std::size_t n) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(faults, [n](const auto& f) { return f.rank >= 1 && f.rank <= n; }));
}
std::optional<Duration> Score::delay(double q) const {
  std::vector<Duration> delays;
  for (const auto& f : faults)
    if (f.found()) delays.push_back(f.delay);
  if (delays.empty()) return std::nullopt;
  std::ranges::sort(delays);
  const auto rank = std::ceil(q * static_cast<double>(delays.size()));
  return delays[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}
double Score::false_per_day() const {
  return days > 0 ? static_cast<double>(false_incidents.size()) / days : 0;
}

}  // namespace sentinel::app
