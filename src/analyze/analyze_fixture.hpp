// An outage and a model's answer to it, for the tests of this room.
#pragma once

#include <string>

#include "analyze/report.hpp"
#include "model/incident.hpp"

namespace sentinel::analyze::test {

inline model::Incident outage() {
  model::Incident i;
  i.id = "INC-20260220192000-0123abcd";
  i.title = "db: 41 errors in 5 min (P1)";
  i.severity = model::Severity::kP1;
  i.onset = *parse_rfc3339("2026-02-20T19:15:00Z");
  i.created_at = i.updated_at = i.onset + minutes(5);
  i.services = {"db", "web"};
  i.anomalies.push_back({.service = "db",
                         .metric = "error_rate",
                         .severity = model::Severity::kP1,
                         .score = 14.2,
                         .observed = 41,
                         .expected = 3.2,
                         .docs = 210,
                         .window = {i.onset, i.created_at},
                         .horizon = minutes(5),
                         .sentence = "41 errors in 5 min where 3.2 are expected"});
  i.anomalies.push_back({.service = "web",
                         .metric = "latency_p99",
                         .severity = model::Severity::kP2,
                         .score = 4.1,
                         .observed = 15000,
                         .expected = 120,
                         .docs = 400,
                         .window = {i.onset, i.created_at},
                         .horizon = minutes(5),
                         .sentence = "p99 15 s where 120 ms are expected"});
  model::Cause db{.service = "db", .probability = 0.91, .onset = i.onset};
  db.evidence = {{"E1", "onset", "db", "first", 1.2},
                 {"E2", "new_pattern", "db", "its error lines are new", 0.8}};
  model::Cause web{.service = "web", .probability = 0.09, .onset = i.onset + seconds(40)};
  web.evidence = {{"E3", "onset", "web", "began 40 s later", -0.4}};
  i.causes = {db, web};
  i.links.push_back({.caller = "web", .callee = "db", .calls = 400, .errors = 38, .blame = 0.7});
  model::Pattern pattern{.id = "pt1",
                         .text = "pool exhausted after <num> ms",
                         .level = model::Level::kError,
                         .count = 40,
                         .first_seen = i.onset,
                         .last_seen = i.created_at,
                         .example = "pool exhausted after 1800 ms"};
  pattern.change = model::Pattern::Change::kNew;
  pattern.services["db"] = 40;
  i.patterns.push_back(pattern);
  model::RunbookMatch match;
  match.runbook.title = "Pool exhausted";
  match.runbook.root_cause = "long transactions held all connections";
  match.runbook.resolution_steps = {"end idle transactions", "raise the pool's limit"};
  i.runbooks.push_back(match);
  model::Group group{i.anomalies, i.services, i.causes, i.links, i.patterns, {}, i.onset};
  i.analysis = deterministic_report(group, i.runbooks);
  return i;
}

inline std::string good_answer() {
  return R"({"root_cause":"db ran out of connections: 41 errors in 5 min where 3.2 are expected","root_cause_service":"db",)"
         R"("confidence":"high","affected_services":["db","web"],"remediation_steps":["Restart db."],)"
         R"("summary":"db ran out of connections, web waits for it","claims":[)"
         R"({"text":"db ran out of connections first","evidence":["E1","P1"]},)"
         R"({"text":"its error lines are new","evidence":["E2"]},)"
         R"({"text":"web began 40 s later","evidence":["E3","A2"]}]})";
}

}  // namespace sentinel::analyze::test
