#include "model/silence_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/json_reader.hpp"

namespace sentinel::model {
namespace {

using nlohmann::json;

Result<Severity> read_severity(const json& item, const std::string& path) {
  const auto severity = item.is_string() ? parse_severity(item.get_ref<const std::string&>()) : std::nullopt;
  if (!severity) return fail(ErrorKind::kInvalid, path + ": must be P1 to P4");
  return *severity;
}

Result<Recurrence> read_recurrence(const json& source) {
  JsonReader in(source, "recurrence.");
  Recurrence recurrence;
  std::int64_t length = 0;
  in.read("rule", recurrence.rule);
  in.read("zone", recurrence.zone);
  in.read("minutes", length);
  const std::int64_t longest = kLongestRecurrence / minutes(1);
  if (length < 1 || length > longest) in.refuse("minutes", fmt::format("from 1 to {}", longest).c_str());
  recurrence.length = minutes(std::clamp(length, std::int64_t{0}, longest));
  return std::move(in).finish(std::move(recurrence));
}

}  // namespace

json to_json(const Silence& silence) {
  json severities = json::array();
  for (const auto severity : silence.severities) severities.push_back(to_string(severity));
  json j = {{"id", silence.id},
            {"service", silence.service},
            {"metric", silence.metric},
            {"severities", std::move(severities)},
            {"starts_at", format_rfc3339(silence.starts_at)},
            {"ends_at", format_rfc3339(silence.ends_at)},
            {"author", silence.author},
            {"reason", silence.reason}};
  if (!silence.pattern.empty()) j["pattern"] = silence.pattern;
  if (silence.recurrence) {
    j["recurrence"] = {{"rule", silence.recurrence->rule},
                       {"minutes", silence.recurrence->length / minutes(1)},
                       {"zone", silence.recurrence->zone}};
  }
  return j;
}

Result<Silence> silence_from_json(const json& source) {
  if (!source.is_object()) return fail(ErrorKind::kInvalid, "a silence must be an object");
  JsonReader in(source, "");
  Silence silence;
  in.read("id", silence.id);
  in.read("service", silence.service);
  in.read("metric", silence.metric);
  in.read("author", silence.author);
  in.read("reason", silence.reason);
  in.read("pattern", silence.pattern);
  in.read("starts_at", silence.starts_at);
  in.read("ends_at", silence.ends_at);
  in.read_list("severities", silence.severities, read_severity);
  if (const json* again = in.find("recurrence")) {
    auto recurrence = read_recurrence(*again);
    in.keep(recurrence.map([](const auto&) {}));
    if (recurrence) silence.recurrence = std::move(*recurrence);
  }
  return std::move(in).finish(std::move(silence));
}

}  // namespace sentinel::model
