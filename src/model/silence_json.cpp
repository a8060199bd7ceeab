#include "model/silence_json.hpp"

#include <nlohmann/json.hpp>

namespace sentinel::model {
namespace {

using nlohmann::json;

Result<void> read_text(const json& from, const char* name, std::string& into) {
  const auto found = from.find(name);
  if (found == from.end() || found->is_null()) return {};
  if (!found->is_string()) return fail(ErrorKind::kInvalid, std::string(name) + ": must be a text");
  into = found->get<std::string>();
  return {};
}

Result<void> read_time(const json& from, const char* name, Time& into) {
  std::string text;
  SENTINEL_TRY(read_text(from, name, text));
  if (text.empty()) return {};
  const auto time = parse_rfc3339(text);
  if (!time) return fail(ErrorKind::kInvalid, std::string(name) + ": '" + text + "' is no RFC 3339 time");
  into = *time;
  return {};
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
  Silence silence;
  SENTINEL_TRY(read_text(source, "id", silence.id));
  SENTINEL_TRY(read_text(source, "service", silence.service));
  SENTINEL_TRY(read_text(source, "metric", silence.metric));
  SENTINEL_TRY(read_text(source, "author", silence.author));
  SENTINEL_TRY(read_text(source, "reason", silence.reason));
  SENTINEL_TRY(read_text(source, "pattern", silence.pattern));
  SENTINEL_TRY(read_time(source, "starts_at", silence.starts_at));
  SENTINEL_TRY(read_time(source, "ends_at", silence.ends_at));
  if (const auto list = source.find("severities"); list != source.end() && !list->is_null()) {
    if (!list->is_array()) return fail(ErrorKind::kInvalid, "severities: must be a list of P1 to P4");
    for (const auto& item : *list) {
      const auto severity = item.is_string() ? parse_severity(item.get<std::string>()) : std::nullopt;
      if (!severity) return fail(ErrorKind::kInvalid, "severities: must be a list of P1 to P4");
      silence.severities.push_back(*severity);
    }
  }
  if (const auto again = source.find("recurrence"); again != source.end() && !again->is_null()) {
    if (!again->is_object() || !again->contains("minutes") || !(*again)["minutes"].is_number_integer())
      return fail(ErrorKind::kInvalid, "recurrence: must be {rule, minutes, zone}");
    Recurrence recurrence;
    SENTINEL_TRY(read_text(*again, "rule", recurrence.rule));
    SENTINEL_TRY(read_text(*again, "zone", recurrence.zone));
    const auto length = (*again)["minutes"].get<std::int64_t>();
    if (length < 1 || length > kLongestRecurrence / minutes(1))
      return fail(ErrorKind::kInvalid, "recurrence.minutes: must be from 1 to 10080");
    recurrence.length = minutes(length);
    silence.recurrence = std::move(recurrence);
  }
  return silence;
}

}  // namespace sentinel::model
