#include "model/json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"

namespace sentinel::model {
namespace {

using nlohmann::json;

// Whether the value is a whole number that fits; sets `out` only then. A float is refused even where it is
// whole: no writer of ours makes one, and the cast of a large one would be undefined.
template <class Int>
bool read_whole(const json& value, Int& out) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (!std::in_range<Int>(number)) return false;
    out = static_cast<Int>(number);
    return true;
  }
  if (!value.is_number_integer()) return false;
  const auto number = value.get<std::int64_t>();
  if (!std::in_range<Int>(number)) return false;
  out = static_cast<Int>(number);
  return true;
}

// Byte (from 1) of the first bracket that opens more than `limit` levels; 0 when there is none. Brackets in
// strings do not count. Broken text may be miscounted: the parser refuses it anyway.
std::size_t too_deep_at(std::string_view text, int limit) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return i + 1;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return 0;
}

// The fields that a shipper sent along: an object for whoever reads the API (their order and spacing are not
// kept), the plain text where they are no object or nest too deep to be read again.
json fields_json(const std::string& extra) {
  constexpr int kMaxDepth = 32;  // the event itself lies a few levels deep in what is stored
  if (too_deep_at(extra, kMaxDepth) != 0) return extra;
  json fields = json::parse(extra, nullptr, false);
  if (!fields.is_object()) return extra;
  return fields;
}

// Reads fields of one object. The first wrong type is remembered with its path and ends the reading: the
// caller asks failed() once, at the end.
class Reader {
 public:
  Reader(const json& object, std::string path) : object_(object), path_(std::move(path)) {
    if (!object_.is_object()) refuse("", "an object");
  }

  const json* find(const char* name) const {
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(name);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  void read(const char* name, std::string& out) {
    if (const json* v = find(name))
      v->is_string() ? void(out = v->get_ref<const std::string&>()) : refuse(name, "a string");
  }
  void read(const char* name, double& out) {
    if (const json* v = find(name)) v->is_number() ? void(out = v->get<double>()) : refuse(name, "a number");
  }
  void read(const char* name, bool& out) {
    if (const json* v = find(name))
      v->is_boolean() ? void(out = v->get<bool>()) : refuse(name, "true or false");
  }
  template <class Int>
  requires std::is_integral_v<Int>
  void read(const char* name, Int& out) {
    if (const json* v = find(name))
      read_whole(*v, out) ? void() : refuse(name, "a whole number in its range");
  }
  void read(const char* name, std::optional<double>& out) {
    if (find(name) == nullptr) return;
    double value = 0;
    read(name, value);
    out = value;
  }
  void read(const char* name, Time& out) {
    const json* v = find(name);
    if (v == nullptr) return;
    const auto time = v->is_string() ? parse_rfc3339(v->get_ref<const std::string&>()) : std::nullopt;
    time ? void(out = *time) : refuse(name, "an RFC 3339 time");
  }
  void read(const char* name, std::optional<Time>& out) {
    if (find(name) == nullptr) return;
    Time time{};
    read(name, time);
    out = time;
  }
  void read(const char* name, Duration& out) {
    if (find(name) == nullptr) return;
    constexpr double kMost = 1e12;  // seconds: 30,000 years, well inside what a Duration can hold
    double value = 0;
    read(name, value);
    if (!(std::abs(value) <= kMost)) return refuse(name, "a number of seconds, 1e12 at most");
    out = Duration(static_cast<std::int64_t>(std::llround(value * 1e6)));
  }
  void read(const char* name, std::vector<std::string>& out) {
    const json* v = find(name);
    if (v == nullptr) return;
    if (!v->is_array()) return refuse(name, "a list of strings");
    out.clear();
    for (const json& item : *v) {
      if (!item.is_string()) return refuse(name, "a list of strings");
      out.push_back(item.get<std::string>());
    }
  }
  // A word of a fixed set, by its parser.
  template <class T, class Parse>
  void read_word(const char* name, T& out, Parse parse, const char* what) {
    std::string word;
    if (find(name) == nullptr) return;
    read(name, word);
    if (const auto value = parse(word)) {
      out = *value;
    } else {
      refuse(name, what);
    }
  }
  template <class T, class Parse>
  void read_list(const char* name, std::vector<T>& out, Parse parse) {
    const json* v = find(name);
    if (v == nullptr) return;
    if (!v->is_array()) return refuse(name, "a list");
    for (std::size_t i = 0; i < v->size() && !error_; ++i) {
      Result<T> item = parse((*v)[i], fmt::format("{}{}[{}]", path_, name, i));
      if (item) {
        out.push_back(std::move(*item));
      } else {
        error_ = std::move(item).error();
      }
    }
  }
  void keep(Result<void> result) {
    if (!result && !error_) error_ = std::move(result).error();
  }
  void refuse(const char* name, const char* what) {
    if (!error_)
      error_ = Error{ErrorKind::kInvalid, fmt::format("{}{}: must be {}", path_, name, what), nullptr};
  }
  const std::string& path() const { return path_; }

  template <class T>
  Result<T> finish(T value) && {
    if (error_) return tl::unexpected<Error>(std::move(*error_));
    return value;
  }

 private:
  const json& object_;
  std::string path_;
  std::optional<Error> error_;
};

template <class T>
json list_of(const std::vector<T>& items) {
  json list = json::array();
  for (const T& item : items) list.push_back(to_json(item));
  return list;
}

json range_json(const TimeRange& range) {
  return {{"from", format_rfc3339(range.from)}, {"to", format_rfc3339(range.to)}};
}

Result<Anomaly> read_anomaly(const json& source, std::string path) {
  Reader in(source, path + ".");
  Anomaly a;
  in.read("service", a.service);
  in.read("metric", a.metric);
  in.read_word("severity", a.severity, parse_severity, "P1 to P4");
  in.read("z_score", a.score);
  in.read("current_value", a.observed);
  in.read("baseline_mean", a.expected);
  in.read("baseline_stddev", a.stddev);
  in.read("band_low", a.band_low);
  in.read("band_high", a.band_high);
  in.read("ratio", a.ratio);
  in.read("docs", a.docs);
  if (const json* window = in.find("window")) {
    Reader range(*window, path + ".window.");
    range.read("from", a.window.from);
    range.read("to", a.window.to);
    in.keep(std::move(range).finish(0).map([](int) {}));
  }
  in.read("horizon_seconds", a.horizon);
  in.read("channel", a.channel);
  in.read("sentence", a.sentence);
  in.read("timestamp", a.at);
  in.read("late", a.late);
  in.read("easing", a.easing);
  return std::move(in).finish(std::move(a));
}

Result<LogEvent> read_event(const json& source, std::string path) {
  Reader in(source, path + ".");
  LogEvent e;
  in.read("timestamp", e.time);
  in.read("ingested", e.ingested);
  in.read("service", e.service);
  in.read("message", e.message);
  in.read("trace_id", e.trace_id);
  in.read("span_id", e.span_id);
  in.read("parent_id", e.parent_id);
  in.read("peer", e.peer);
  in.read("host", e.host);
  in.read("version", e.version);
  if (const json* extra = in.find("fields")) {
    e.extra = extra->is_string() ? extra->get<std::string>()
                                 : extra->dump(-1, ' ', false, json::error_handler_t::replace);
  }
  std::optional<double> duration;
  in.read("duration_ms", duration);
  if (duration) e.duration_ms = static_cast<float>(*duration);
  in.read("status_code", e.status_code);
  std::string word;
  in.read("level", word);
  e.level = parse_level(word);
  word.clear();
  in.read("span_kind", word);
  e.span_kind = parse_span_kind(word);
  in.read("is_span", e.is_span);
  return std::move(in).finish(std::move(e));
}

std::optional<Pattern::Change> parse_change(std::string_view word) {
  for (const auto change : {Pattern::Change::kSteady, Pattern::Change::kNew, Pattern::Change::kMore,
                            Pattern::Change::kLess, Pattern::Change::kGone}) {
    if (word == to_string(change)) return change;
  }
  return std::nullopt;
}

std::optional<Link::Source> parse_source(std::string_view word) {
  for (const auto source :
       {Link::Source::kSpan, Link::Source::kTrace, Link::Source::kMention, Link::Source::kTopology}) {
    if (word == to_string(source)) return source;
  }
  return std::nullopt;
}

Result<Pattern> read_pattern(const json& source, std::string path) {
  Reader in(source, path + ".");
  Pattern p;
  in.read("id", p.id);
  in.read("text", p.text);
  std::string level;
  in.read("level", level);
  p.level = parse_level(level);
  in.read("count", p.count);
  in.read("baseline_per_window", p.baseline_per_window);
  in.read("first_seen", p.first_seen);
  in.read("last_seen", p.last_seen);
  if (const json* services = in.find("services")) {
    if (!services->is_object()) in.refuse("services", "an object of counts");
    for (const auto& [service, count] : services->items()) {
      if (!read_whole(count, p.services[service])) {
        in.refuse("services", "an object of counts");
        break;
      }
    }
  }
  in.read("example", p.example);
  in.read_word("change", p.change, parse_change, "steady, new, more, less or gone");
  return std::move(in).finish(std::move(p));
}

Result<Link> read_link(const json& source, std::string path) {
  Reader in(source, path + ".");
  Link l;
  in.read("caller", l.caller);
  in.read("callee", l.callee);
  in.read_word("source", l.source, parse_source, "span, trace, mention or topology");
  in.read("calls", l.calls);
  in.read("errors", l.errors);
  in.read("blame", l.blame);
  in.read("last_seen", l.last_seen);
  return std::move(in).finish(std::move(l));
}

Result<Evidence> read_evidence(const json& source, std::string path) {
  Reader in(source, path + ".");
  Evidence e;
  in.read("id", e.id);
  in.read("kind", e.kind);
  in.read("service", e.service);
  in.read("sentence", e.sentence);
  in.read("weight", e.weight);
  return std::move(in).finish(std::move(e));
}

Result<Cause> read_cause(const json& source, std::string path) {
  Reader in(source, path + ".");
  Cause c;
  in.read("service", c.service);
  in.read("probability", c.probability);
  in.read("score", c.score);
  in.read("onset", c.onset);
  in.read_list("evidence", c.evidence, read_evidence);
  return std::move(in).finish(std::move(c));
}

Result<Runbook> read_runbook(const json& source, std::string path) {
  Reader in(source, path.empty() ? "" : path + ".");
  Runbook r;
  in.read("title", r.title);
  if (r.title.empty()) in.refuse("title", "a text that is not empty");
  in.read("id", r.id);
  if (r.id.empty()) r.id = runbook_id(r.title);
  in.read("incident_date", r.incident_date);
  in.read("services_affected", r.services_affected);
  in.read("root_cause", r.root_cause);
  if (const json* steps = in.find("resolution_steps"); steps != nullptr && steps->is_string()) {
    for (const auto line : split(steps->get_ref<const std::string&>(), '\n')) {
      if (!trim(line).empty()) r.resolution_steps.emplace_back(trim(line));
    }
  } else {
    in.read("resolution_steps", r.resolution_steps);
  }
  in.read("tags", r.tags);
  return std::move(in).finish(std::move(r));
}

Result<RunbookMatch> read_match(const json& source, std::string path) {
  RunbookMatch match;
  SENTINEL_ASSIGN(match.runbook, read_runbook(source, path));
  Reader in(source, path + ".");
  in.read("score", match.score);
  in.read("reasons", match.reasons);
  return std::move(in).finish(std::move(match));
}

Result<Citation> read_citation(const json& source, std::string path) {
  Reader in(source, path + ".");
  Citation citation;
  in.read("id", citation.id);
  in.read("text", citation.text);
  return std::move(in).finish(std::move(citation));
}

Result<Claim> read_claim(const json& source, std::string path) {
  Reader in(source, path + ".");
  Claim claim;
  in.read("text", claim.text);
  in.read_list("evidence", claim.citations, read_citation);
  in.read("problems", claim.problems);
  return std::move(in).finish(std::move(claim));
}

Result<Analysis> read_analysis(const json& source, std::string path) {
  Reader in(source, path.empty() ? "" : path + ".");
  Analysis a;
  in.read("root_cause", a.root_cause);
  in.read_word("confidence", a.confidence, parse_confidence, "high, medium or low");
  in.read("remediation_steps", a.remediation_steps);
  in.read("affected_services", a.affected_services);
  in.read("summary", a.summary);
  in.read("source", a.source);
  in.read("note", a.note);
  in.read_list("claims", a.claims, read_claim);
  in.read("model_note", a.model_note);
  return std::move(in).finish(std::move(a));
}

}  // namespace

json to_json(const Anomaly& a) {
  json j = {{"service", a.service},
            {"metric", a.metric},
            {"severity", to_string(a.severity)},
            {"z_score", a.score},
            {"current_value", a.observed},
            {"baseline_mean", a.expected},
            {"baseline_stddev", a.stddev},
            {"ratio", a.ratio},
            {"docs", a.docs},
            {"window", range_json(a.window)},
            {"horizon_seconds", seconds_of(a.horizon)},
            {"sentence", a.sentence},
            {"timestamp", format_rfc3339(a.at)},
            {"late", a.late}};
  if (a.easing) j["easing"] = true;
  if (a.band_low) j["band_low"] = *a.band_low;
  if (a.band_high) j["band_high"] = *a.band_high;
  if (!a.channel.empty()) j["channel"] = a.channel;
  return j;
}

json to_json(const LogEvent& e) {
  json j = {{"service", e.service},
            {"level", to_string(e.level)},
            {"message", e.message},
            {"timestamp", format_rfc3339(e.time)},
            {"trace_id", e.trace_id}};
  if (e.ingested != Time{}) j["ingested"] = format_rfc3339(e.ingested);
  if (!e.span_id.empty()) j["span_id"] = e.span_id;
  if (!e.parent_id.empty()) j["parent_id"] = e.parent_id;
  if (!e.peer.empty()) j["peer"] = e.peer;
  if (!e.host.empty()) j["host"] = e.host;
  if (!e.version.empty()) j["version"] = e.version;
  if (e.has_duration()) j["duration_ms"] = static_cast<double>(e.duration_ms);
  if (e.status_code != 0) j["status_code"] = e.status_code;
  if (e.span_kind != SpanKind::kNone) j["span_kind"] = to_string(e.span_kind);
  if (e.is_span) j["is_span"] = true;
  if (!e.extra.empty()) j["fields"] = fields_json(e.extra);
  return j;
}

json to_json(const Pattern& p) {
  json j = {{"id", p.id},
            {"text", p.text},
            {"level", to_string(p.level)},
            {"count", p.count},
            {"baseline_per_window", p.baseline_per_window},
            {"first_seen", format_rfc3339(p.first_seen)},
            {"last_seen", format_rfc3339(p.last_seen)},
            {"services", json::object()},
            {"example", p.example},
            {"change", to_string(p.change)}};
  for (const auto& [service, count] : p.services) j["services"][service] = count;
  return j;
}

json to_json(const Link& l) {
  return {{"caller", l.caller},
          {"callee", l.callee},
          {"source", to_string(l.source)},
          {"calls", l.calls},
          {"errors", l.errors},
          {"blame", l.blame},
          {"last_seen", format_rfc3339(l.last_seen)}};
}

json to_json(const Evidence& e) {
  return {
      {"id", e.id}, {"kind", e.kind}, {"service", e.service}, {"sentence", e.sentence}, {"weight", e.weight}};
}

json to_json(const Cause& c) {
  return {{"service", c.service},
          {"probability", c.probability},
          {"score", c.score},
          {"onset", format_rfc3339(c.onset)},
          {"evidence", list_of(c.evidence)}};
}

json to_json(const Runbook& r) {
  return {{"id", r.id},
          {"title", r.title},
          {"incident_date", r.incident_date},
          {"services_affected", r.services_affected},
          {"root_cause", r.root_cause},
          {"resolution_steps", r.resolution_steps},
          {"tags", r.tags}};
}

json to_json(const RunbookMatch& m) {
  json j = to_json(m.runbook);
  j["score"] = m.score;
  j["reasons"] = m.reasons;
  return j;
}

json to_json(const Analysis& a) {
  json j = {{"root_cause", a.root_cause},
            {"confidence", to_string(a.confidence)},
            {"remediation_steps", a.remediation_steps},
            {"affected_services", a.affected_services},
            {"summary", a.summary},
            {"source", a.source}};
  if (!a.note.empty()) j["note"] = a.note;
  if (!a.model_note.empty()) j["model_note"] = a.model_note;
  for (const auto& claim : a.claims) {
    json evidence = json::array();
    for (const auto& citation : claim.citations)
      evidence.push_back({{"id", citation.id}, {"text", citation.text}});
    j["claims"].push_back({{"text", claim.text},
                           {"evidence", std::move(evidence)},
                           {"verified", claim.is_verified()},
                           {"problems", claim.problems}});
  }
  return j;
}

json to_json(const Incident& i) {
  json j = {{"id", i.id},
            {"title", i.title},
            {"severity", to_string(i.severity)},
            {"state", to_string(i.state)},
            {"created_at", format_rfc3339(i.created_at)},
            {"updated_at", format_rfc3339(i.updated_at)},
            {"onset", format_rfc3339(i.onset)},
            {"last_bad_at", format_rfc3339(i.last_bad_at)},
            {"dedup_key", i.dedup_key},
            {"services", i.services},
            {"anomaly_count", i.anomalies.size()},
            {"has_analysis", i.analysis.has_value()},
            {"anomalies", list_of(i.anomalies)},
            {"causes", list_of(i.causes)},
            {"links", list_of(i.links)},
            {"patterns", list_of(i.patterns)},
            {"correlated_events", list_of(i.events)},
            {"matched_runbooks", list_of(i.runbooks)},
            {"suppressed", i.suppressed},
            {"reopened", i.reopened}};
  if (i.resolved_at) j["resolved_at"] = format_rfc3339(*i.resolved_at);
  if (i.relapsed_at) j["relapsed_at"] = format_rfc3339(*i.relapsed_at);
  if (i.stirred_at) j["stirred_at"] = format_rfc3339(*i.stirred_at);
  if (!i.acknowledged_by.empty()) j["acknowledged_by"] = i.acknowledged_by;
  if (!i.merged_into.empty()) j["merged_into"] = i.merged_into;
  if (i.flapping) j["flapping"] = true;
  if (!i.silenced_by.empty()) j["silenced_by"] = i.silenced_by;
  if (i.unattended_since) j["unattended_since"] = format_rfc3339(*i.unattended_since);
  if (!i.merge_suggestion.empty()) j["merge_suggestion"] = i.merge_suggestion;
  if (!i.apart.empty()) j["apart"] = i.apart;
  if (i.analysis) {
    j["analysis"] = to_json(*i.analysis);
    j["root_cause"] = i.analysis->root_cause;
    j["confidence"] = to_string(i.analysis->confidence);
  }
  if (i.deterministic) j["deterministic_analysis"] = to_json(*i.deterministic);
  return j;
}

json to_json(const IncidentEvent& e) {
  json j = {{"incident_id", e.incident_id},
            {"number", e.number},
            {"at", format_rfc3339(e.at)},
            {"kind", e.kind},
            {"actor", e.actor},
            {"text", e.text}};
  if (!e.data.empty()) {
    json data = json::parse(e.data, nullptr, false);
    j["data"] = data.is_discarded() ? json(e.data) : std::move(data);
  }
  return j;
}

Result<Anomaly> anomaly_from_json(const json& source) { return read_anomaly(source, "anomaly"); }
Result<Runbook> runbook_from_json(const json& source) { return read_runbook(source, ""); }
Result<Analysis> analysis_from_json(const json& source) { return read_analysis(source, ""); }

Result<Incident> incident_from_json(const json& source) {
  Reader in(source, "");
  Incident i;
  in.read("id", i.id);
  in.read("title", i.title);
  in.read_word("severity", i.severity, parse_severity, "P1 to P4");
  in.read_word("state", i.state, parse_incident_state, "open, acknowledged or resolved");
  in.read("created_at", i.created_at);
  in.read("updated_at", i.updated_at);
  in.read("resolved_at", i.resolved_at);
  in.read("relapsed_at", i.relapsed_at);
  in.read("stirred_at", i.stirred_at);
  in.read("onset", i.onset);
  in.read("last_bad_at", i.last_bad_at);
  in.read("dedup_key", i.dedup_key);
  in.read("services", i.services);
  in.read_list("anomalies", i.anomalies, read_anomaly);
  in.read_list("causes", i.causes, read_cause);
  in.read_list("links", i.links, read_link);
  in.read_list("patterns", i.patterns, read_pattern);
  in.read_list("correlated_events", i.events, read_event);
  in.read_list("matched_runbooks", i.runbooks, read_match);
  if (const json* analysis = in.find("analysis")) {
    auto read = read_analysis(*analysis, "analysis");
    if (read) i.analysis = std::move(*read);
    in.keep(read ? Result<void>() : Result<void>(tl::unexpected<Error>(read.error())));
  }
  if (const json* analysis = in.find("deterministic_analysis")) {
    auto read = read_analysis(*analysis, "deterministic_analysis");
    if (read) i.deterministic = std::move(*read);
    in.keep(read ? Result<void>() : Result<void>(tl::unexpected<Error>(read.error())));
  }
  in.read("suppressed", i.suppressed);
  in.read("reopened", i.reopened);
  in.read("acknowledged_by", i.acknowledged_by);
  in.read("merged_into", i.merged_into);
  in.read("flapping", i.flapping);
  in.read("silenced_by", i.silenced_by);
  in.read("unattended_since", i.unattended_since);
  in.read("merge_suggestion", i.merge_suggestion);
  in.read("apart", i.apart);
  return std::move(in).finish(std::move(i));
}

Result<json> parse_json(std::string_view text) {
  // Told before parsing: values that nest without end exhaust the stack of whoever walks them later.
  constexpr int kMaxDepth = 100;
  if (const std::size_t byte = too_deep_at(text, kMaxDepth); byte != 0) {
    return fail(ErrorKind::kInvalid,
                fmt::format("no JSON: byte {}: nested deeper than {} levels", byte, kMaxDepth));
  }
  try {
    return json::parse(text.begin(), text.end());
  } catch (const json::parse_error& error) {
    return fail(ErrorKind::kInvalid,
                fmt::format("no JSON: byte {}: {}", error.byte, one_line(error.what(), 160)));
  } catch (const json::exception& error) {
    return fail(ErrorKind::kInvalid, fmt::format("no JSON: {}", one_line(error.what(), 160)));
  }
}

}  // namespace sentinel::model
