#include "app/backtest/labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "model/json.hpp"

namespace sentinel::app {

Result<std::vector<Label>> read_labels(std::string_view text) {
  SENTINEL_ASSIGN(const auto json, model::parse_json(text));
  if (!json.is_array()) return fail(ErrorKind::kInvalid, "labels: must be a list");
  std::vector<Label> labels;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto& item = json[i];
    const auto text_of = [&](const char* name) {
      return item.is_object() && item.contains(name) && item[name].is_string() ? item[name].get<std::string>()
                                                                               : std::string();
    };
    Label label{.id = text_of("id"), .service = text_of("service")};
    if (label.id.empty()) label.id = std::to_string(i + 1);
    if (label.service.empty())
      return fail(ErrorKind::kInvalid, fmt::format("labels: entry {} has no service", i + 1));
    for (const auto& [name, time] : {std::pair{"inject_time", &label.injected},
                                     {"match_from", &label.match.from},
                                     {"match_to", &label.match.to}}) {
      const auto read = parse_rfc3339(text_of(name));
      if (!read)
        return fail(ErrorKind::kInvalid,
                    fmt::format("labels: entry {}: {} must be an RFC 3339 time", i + 1, name));
      *time = *read;
    }
    labels.push_back(std::move(label));
  }
  return labels;
}

Score score(std::span<const model::Incident> incidents, std::span<const Label> labels, Duration covered) {
  Score result;
  result.days = seconds_of(covered) / 86400;
  std::map<std::string, int> hits;
  for (const Label& label : labels) {
    FaultScore fault{.id = label.id, .service = label.service};
    for (const auto& incident : incidents) {
      if (incident.created_at < label.match.from || incident.created_at > label.match.to) continue;
      ++hits[incident.id];
      fault.incidents.push_back(incident.id);
      if (fault.incidents.size() > 1) continue;
      fault.delay = incident.created_at - label.injected;
      for (std::size_t rank = 0; rank < incident.causes.size(); ++rank) {
        if (incident.causes[rank].service == label.service) fault.rank = rank + 1;
      }
    }
    result.split += fault.incidents.size() > 1 ? 1U : 0U;
    result.faults.push_back(std::move(fault));
  }
  for (const auto& incident : incidents) {
    const auto found = hits.find(incident.id);
    if (found == hits.end()) result.false_incidents.push_back(incident.id);
    if (found != hits.end() && found->second > 1) ++result.merged;
  }
  return result;
}

std::size_t Score::found() const {
  return static_cast<std::size_t>(
      std::count_if(faults.begin(), faults.end(), [](const auto& f) { return !f.incidents.empty(); }));
}
std::size_t Score::top(std::size_t n) const {
  return static_cast<std::size_t>(
      std::count_if(faults.begin(), faults.end(), [n](const auto& f) { return f.rank >= 1 && f.rank <= n; }));
}

}  // namespace sentinel::app
