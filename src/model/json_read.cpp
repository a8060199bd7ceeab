#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/json.hpp"
#include "model/json_reader.hpp"

namespace sentinel::model {
namespace {

using nlohmann::json;

Result<Anomaly> read_anomaly(const json& source, std::string path) {
  JsonReader in(source, path + ".");
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
    JsonReader range(*window, path + ".window.");
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
  JsonReader in(source, path + ".");
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
  JsonReader in(source, path + ".");
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
  JsonReader in(source, path + ".");
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
  JsonReader in(source, path + ".");
  Evidence e;
  in.read("id", e.id);
  in.read("kind", e.kind);
  in.read("service", e.service);
  in.read("sentence", e.sentence);
  in.read("weight", e.weight);
  return std::move(in).finish(std::move(e));
}

Result<Cause> read_cause(const json& source, std::string path) {
  JsonReader in(source, path + ".");
  Cause c;
  in.read("service", c.service);
  in.read("probability", c.probability);
  in.read("score", c.score);
  in.read("onset", c.onset);
  in.read_list("evidence", c.evidence, read_evidence);
  return std::move(in).finish(std::move(c));
}

Result<Runbook> read_runbook(const json& source, std::string path) {
  JsonReader in(source, path.empty() ? "" : path + ".");
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
  JsonReader in(source, path + ".");
  in.read("score", match.score);
  in.read("reasons", match.reasons);
  return std::move(in).finish(std::move(match));
}

Result<Citation> read_citation(const json& source, std::string path) {
  JsonReader in(source, path + ".");
  Citation citation;
  in.read("id", citation.id);
  in.read("text", citation.text);
  return std::move(in).finish(std::move(citation));
}

Result<Claim> read_claim(const json& source, std::string path) {
  JsonReader in(source, path + ".");
  Claim claim;
  in.read("text", claim.text);
  in.read_list("evidence", claim.citations, read_citation);
  in.read("problems", claim.problems);
  return std::move(in).finish(std::move(claim));
}

Result<Analysis> read_analysis(const json& source, std::string path) {
  JsonReader in(source, path.empty() ? "" : path + ".");
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

Result<Anomaly> anomaly_from_json(const json& source) { return read_anomaly(source, "anomaly"); }
Result<Runbook> runbook_from_json(const json& source) { return read_runbook(source, ""); }
Result<Analysis> analysis_from_json(const json& source) { return read_analysis(source, ""); }

Result<Incident> incident_from_json(const json& source) {
  JsonReader in(source, "");
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

}  // namespace sentinel::model
