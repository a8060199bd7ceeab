#include "app/cluster_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/cluster.hpp"
#include "base/text.hpp"
#include "telemetry/elasticsearch/esql.hpp"
#include "telemetry/elasticsearch/field_map.hpp"
#include "telemetry/elasticsearch/search_dsl.hpp"

namespace sentinel::app {
namespace {

using nlohmann::json;
using telemetry::FieldMap;
using telemetry::Role;

// One run of questions over one connection.
class Examination {
 public:
  Examination(const Config& config, const Environment& environment, const Clock& clock, Log log)
      : config_(config),
        environment_(environment),
        clock_(clock),
        transport_(net::make_curl_transport(curl_options(config))),
        connection_(open_connection(*transport_, config, environment, clock, log)) {}

  std::vector<CheckRow> run() {
    if (config_.elasticsearch.insecure)
      add("certificates", false,
          "elasticsearch.insecure: true: not verified; set elasticsearch.ca_file or .fingerprint");
    if (!hosts() || !index() || !fields()) {
      privileges();
      return std::move(rows_);
    }
    privileges();
    shards();
    freshness();
    others();
    return std::move(rows_);
  }

 private:
  void add(std::string what, bool fine, std::string text) {
    rows_.push_back({std::move(what), fine, std::move(text)});
  }
  Result<json> get(const std::string& path, const std::string& about) {
    return connection_->ask("GET", path, "", about);
  }
  Result<json> post(const std::string& path, const json& body, const std::string& about) {
    return connection_->ask("POST", path, body.dump(), about);
  }

  // Every host by itself: the store would go round a dead one without a word.
  bool hosts() {
    bool any = false;
    for (const auto& url : config_.elasticsearch.hosts) {
      telemetry::ConnectionOptions options = connection_options(config_, environment_);
      options.hosts = {url};
      const Clock& clock = clock_;
      telemetry::Connection one(*transport_, options,
                                {[&clock] { return clock.now(); }, [](Duration) { return false; }},
                                Log(quiet_, "check"));
      const std::string shown = telemetry::without_password(url);
      const Time before = clock_.now();
      const auto answer = one.raw("GET", "/", "");
      const Time after = clock_.now();
      if (!answer) {
        add("host", false,
            fmt::format("{}: {}", shown, answer.error().text() + telemetry::advice_for(answer.error())));
        continue;
      }
      const auto judged = telemetry::judge_answer(*answer, shown);
      if (!judged) {
        add("host", false, judged.error().text());
        // Only a wrong key lets the rest of the questions be useless: a lacking privilege is told by its own
        // row.
        any = any || answer->status == 403;
        continue;
      }
      any = true;
      const json version = judged->value("version", json::object());
      add("host", true,
          fmt::format("{}: {} {}, cluster {}, answers in {} ms", shown,
                      version.value("distribution", "elasticsearch"), version.value("number", "?"),
                      judged->value("cluster_name", "?"), (after - before) / milliseconds(1)));
      skew(one);
    }
    return any;
  }

  // The host tells its time in whole seconds; the question takes some time too.
  void skew(telemetry::Connection& one) {
    const Time before = clock_.now();
    const auto answer = one.raw("GET", "/_cat/health?format=json", "");
    const Time after = clock_.now();
    if (!answer || answer->status != 200) return;
    const json health = json::parse(answer->body, nullptr, false);
    if (!health.is_array() || health.empty() || !health[0].is_object()) return;
    const auto told = parse_time(health[0].value("epoch", ""));
    if (!told) return;
    const Time theirs = *told;
    const Duration ahead = theirs > after                 ? theirs - after
                           : theirs + seconds(1) < before ? theirs - before
                                                          : Duration{};
    const bool fine = ahead > -seconds(5) && ahead < seconds(5);
    add("clock", fine,
        fine ? "agrees with the host's"
             : fmt::format("the host's clock is {} {} ours: run NTP on both",
                           format_duration(ahead < Duration{} ? -ahead : ahead),
                           ahead < Duration{} ? "behind" : "ahead of"));
  }

  bool index() {
    const std::string& name = config_.elasticsearch.log_index;
    if (const auto fine = telemetry::check_index(name, "elasticsearch.log_index"); !fine) {
      add("log index", false, fine.error().text());
      return false;
    }
    const auto counted = post("/" + net::percent_encode(name) + "/_search",
                              telemetry::count_of({{"match_all", json::object()}}), "index " + name);
    if (!counted) {
      add("log index", false, counted.error().text());
      return false;
    }
    documents_ = counted->value(json::json_pointer("/hits/total/value"), std::int64_t{0});
    add("log index", true, fmt::format("{}: {} documents", name, group_digits(documents_)));
    return true;
  }

  bool fields() {
    const std::string& name = config_.elasticsearch.log_index;
    std::string list;
    for (const auto& field : telemetry::fields_to_ask(config_.fields))
      list += (list.empty() ? "" : ",") + net::percent_encode(field);
    const auto caps =
        get("/" + net::percent_encode(name) + "/_field_caps?fields=" + list, "fields of " + name);
    if (!caps) {
      add("fields", false, caps.error().text());
      return false;
    }
    map_ = FieldMap(config_.fields, *caps);
    if (const auto usable = map_.usable(name); !usable) {
      add("fields", false, usable.error().text());
      return false;
    }
    // In how many of the last hour's documents each value is there.
    json filters = json::object();
    const std::vector<std::pair<Role, const char*>> wanted = {
        {Role::kService, "service"},        {Role::kLevel, "level"},
        {Role::kMessage, "message"},        {Role::kDurationMs, "duration_ms"},
        {Role::kDurationNs, "duration_ns"}, {Role::kTraceId, "trace_id"},
        {Role::kStatusCode, "status_code"}, {Role::kIngested, "ingested"}};
    for (const auto& [role, key] : wanted) {
      json any = json::array();
      for (const auto& column : map_.at(role)) any.push_back({{"exists", {{"field", column.name}}}});
      if (!any.empty()) filters[key] = {{"bool", {{"should", any}}}};
    }
    const Time now = clock_.now();
    const auto shares = post("/" + net::percent_encode(name) + "/_search",
                             {{"size", 0},
                              {"track_total_hits", true},
                              {"query", telemetry::time_filter(map_, {now - hours(1), now + minutes(5)})},
                              {"aggs", {{"f", {{"filters", {{"filters", filters}}}}}}}},
                             "documents of the last hour");
    if (!shares) {
      add("fields", false, shares.error().text());
      return false;
    }
    const auto total = shares->value(json::json_pointer("/hits/total/value"), std::int64_t{0});
    for (const auto& [role, key] : wanted) {
      const bool needed = role == Role::kService || role == Role::kLevel || role == Role::kDurationMs;
      if (!map_.has(role)) {
        if (role == Role::kDurationNs || (role == Role::kDurationMs && map_.has(Role::kDurationNs))) continue;
        const auto names = telemetry::names_of(config_.fields, role);
        add(fmt::format("field {}", key), !needed,
            fmt::format("no field {} in the mapping: {}", join(names, ", "), consequence(role)));
        continue;
      }
      const auto count = shares->value(
          json::json_pointer(fmt::format("/aggregations/f/buckets/{}/doc_count", key)), std::int64_t{0});
      std::string names;
      for (const auto& column : map_.at(role)) names += (names.empty() ? "" : ", ") + column.name;
      const double share = total > 0 ? 100.0 * static_cast<double>(count) / static_cast<double>(total) : 0;
      const bool fine = total == 0 || !needed || count > 0;
      add(fmt::format("field {}", key), fine,
          total == 0 ? fmt::format("{}: mapped; no document in the last hour", names)
                     : fmt::format("{}: in {:.0f} % of the last hour's documents{}", names, share,
                                   fine ? "" : ": " + consequence(role)));
    }
    return true;
  }

  static std::string consequence(Role role) {
    switch (role) {
      case Role::kLevel:
        return "errors are seen by HTTP status alone; name the field in fields.level";
      case Role::kDurationMs:
        return "latency is not judged; name the field in fields.duration_ms or fields.duration_ns";
      case Role::kTraceId:
        return "services are linked by names and topology only";
      case Role::kStatusCode:
        return "errors are seen by level alone";
      case Role::kIngested:
        return "late documents are not counted; an ingest pipeline can set event.ingested";
      case Role::kService:
        return "nothing can be judged; name the field in fields.service";
      case Role::kMessage:
        return "patterns cannot be read; name the field in fields.message";
      default:
        return "not needed";
    }
  }

  void privileges() {
    json indices = json::array(
        {{{"names", {config_.elasticsearch.log_index}}, {"privileges", {"read", "view_index_metadata"}}}});
    const std::string& mirror = config_.incidents.mirror_index;
    if (!mirror.empty()) indices.push_back({{"names", {mirror}}, {"privileges", {"create_index", "index"}}});
    const json wanted = {{"cluster", {"monitor"}}, {"index", indices}};
    const auto answer = connection_->raw("POST", "/_security/user/_has_privileges", wanted.dump());
    if (!answer) return;  // told above
    if (answer->body.find("no handler found") != std::string::npos || answer->status == 405 ||
        answer->status == 404 || answer->status == 500) {
      add("privileges", true, "security is off on this cluster");
      return;
    }
    const auto judged = telemetry::judge_answer(*answer, "asking for the privileges");
    if (!judged) {
      if (answer->status != 401) add("privileges", false, judged.error().text());
      return;
    }
    const auto tell = [&](const std::string& name, bool has, const char* what_for) {
      add("privilege " + name, has, has ? "granted" : fmt::format("missing: {}", what_for));
    };
    const auto granted = [&](const json& of, const char* name) {
      return of.is_object() && of.contains(name) && of[name].is_boolean() && of[name].get<bool>();
    };
    tell("monitor", granted(judged->value("cluster", json::object()), "monitor"),
         "give the key cluster: [monitor]; without it version and health cannot be read");
    const json index = judged->value("index", json::object());
    const json mine = index.value(config_.elasticsearch.log_index, json::object());
    tell("read", granted(mine, "read"),
         "give the key indices: [{names: [the log index], privileges: [read]}]; nothing can be judged "
         "without it");
    tell("view_index_metadata", granted(mine, "view_index_metadata"),
         "give the key view_index_metadata on the log index; slices work without it, mappings and data "
         "streams cannot "
         "be shown");
    if (mirror.empty()) return;
    const json written = index.value(mirror, json::object());
    for (const char* name : {"create_index", "index"})
      tell(fmt::format("{} on {}", name, mirror), granted(written, name),
           "give the key create_index and index there; incidents cannot be mirrored without them");
  }

  void shards() {
    const auto health = connection_->raw(
        "GET",
        "/_cluster/health/" + net::percent_encode(config_.elasticsearch.log_index) + "?expand_wildcards=all",
        "");
    if (!health || health->status != 200) return;  // needs monitor: told above
    const auto judged = telemetry::judge_answer(*health, "health");
    if (!judged) return;
    const std::string colour = judged->value("status", "?");
    add("shards", colour != "red",
        colour == "red" ? "red: some shards of the log index have no copy; ticks fail until they are back "
                          "(GET _cat/shards)"
                        : colour);
  }

  void freshness() {
    const Time now = clock_.now();
    const std::string& time = map_.first(Role::kTimestamp).name;
    const std::string path = "/" + net::percent_encode(config_.elasticsearch.log_index) + "/_search";
    const auto newest =
        post(path, {{"size", 0}, {"aggs", {{"newest", {{"max", {{"field", time}}}}}}}}, "newest document");
    if (!newest) return add("newest document", false, newest.error().text());
    const json at = newest->value(json::json_pointer("/aggregations/newest/value"), json());
    if (!at.is_number())
      return add("newest document", false, "the index is empty: do the shippers write to it?");
    double ms = at.get<double>();
    if (map_.first(Role::kTimestamp).type == telemetry::ColumnType::kNanos) ms /= 1e6;
    const Time then = time_from_micros(static_cast<std::int64_t>(ms) * 1000);
    const Duration age = now - then;
    if (age < -minutes(1)) {
      add("newest document", false,
          fmt::format("{} in the future ({}): a shipper's clock is ahead", format_duration(-age),
                      format_rfc3339(then)));
    } else {
      add("newest document", age < minutes(10),
          fmt::format(
              "{} old{}", format_duration(std::max(age, Duration{})),
              age < minutes(10)
                  ? ""
                  : ": do the shippers still write? Silent services cannot be told from a dead pipe"));
    }
    if (!map_.has(Role::kIngested)) return;
    telemetry::ElasticsearchOptions options;
    auto cluster = Cluster::open(config_, environment_, clock_, Log(quiet_, "check"));
    if (!cluster) return;
    const auto arrivals = (*cluster)->store().arrivals({now - minutes(15), now}, seconds(60));
    if (!arrivals || arrivals->empty()) return;
    Duration worst{};
    for (const auto& arrival : *arrivals) worst = std::max(worst, arrival.max_lag);
    const Duration settle = seconds(config_.polling.settle_seconds);
    add("ingest lag", worst <= settle,
        fmt::format("{} at most in the last 15 min{}", format_duration(worst),
                    worst <= settle ? ""
                                    : fmt::format(": more than polling.settle_seconds ({}); raise it",
                                                  settle / seconds(1))));
  }

  void others() {
    auto cluster = Cluster::open(config_, environment_, clock_, Log(quiet_, "check"));
    if (cluster) {
      const auto facts = (*cluster)->store().facts();
      if (facts)
        add("asked by", true, facts->esql ? "ES|QL" : "_search aggregations (this cluster has no ES|QL)");
    }
    if (config_.detection.metrics.empty()) return;
    const std::string& index = config_.elasticsearch.metrics_index;
    std::string list;
    for (const auto& metric : config_.detection.metrics)
      list += (list.empty() ? "" : ",") + net::percent_encode(metric.name);
    const auto caps =
        get("/" + net::percent_encode(index) + "/_field_caps?fields=" + list, "metrics of " + index);
    if (!caps) return add("metrics index", false, caps.error().text());
    for (const auto& metric : config_.detection.metrics) {
      const auto column = telemetry::column_in(*caps, metric.name);
      const bool fine = column && column->type == telemetry::ColumnType::kNumber;
      add("metric " + metric.name, fine,
          fine ? "numeric in " + index : "no numeric field of this name in " + index);
    }
  }

  const Config& config_;
  const Environment& environment_;
  const Clock& clock_;
  NullLogger quiet_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<telemetry::Connection> connection_;
  std::int64_t documents_ = 0;
  FieldMap map_;
  std::vector<CheckRow> rows_;
};

}  // namespace

std::vector<CheckRow> check_cluster(const Config& config, const Environment& environment, const Clock& clock,
                                    Log log) {
  return Examination(config, environment, clock, log).run();
}

}  // namespace sentinel::app
