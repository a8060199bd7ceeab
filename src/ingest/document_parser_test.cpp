#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "ingest/ingest.hpp"

namespace sentinel::ingest {
namespace {

class Parsing : public testing::Test {
 protected:
  Result<void> add(std::string_view json, DocumentClass as = DocumentClass::kLog) {
    return parser_.add(json, false, as, now_, batch_);
  }
  model::LogRow log(std::string_view json) {
    const auto done = add(json);
    EXPECT_TRUE(done) << json << ": " << (done ? "" : done.error().text());
    return done ? batch_.logs.back() : model::LogRow{};
  }
  std::string refused(std::string_view json) {
    const auto done = add(json);
    return done ? "" : done.error().text();
  }
  DocumentParser parser_;
  model::DocumentBatch batch_;
  Time now_ = *parse_rfc3339("2026-03-01T12:00:00Z");
};

TEST_F(Parsing, ReadsADocumentOfTheOriginal) {
  const auto row = log(
      R"({"@timestamp":"2026-02-20T19:20:27.5+00:00","service.name":"gateway","level":"error","message":"caf\u00e9 \"x\"","duration_ms":12.5,"trace.id":"t1","status_code":502,"endpoint":"/pay"})");
  EXPECT_EQ(format_rfc3339(row.time), "2026-02-20T19:20:27.500Z");
  EXPECT_EQ(row.service, "gateway");
  EXPECT_EQ(row.level, model::Level::kError);
  EXPECT_EQ(row.message, "caf\xC3\xA9 \"x\"");
  EXPECT_EQ(row.duration_ms, 12.5F);
  EXPECT_EQ(row.trace_id, "t1");
  EXPECT_EQ(row.status_code, 502);
  EXPECT_EQ(row.extra, R"({"endpoint":"/pay"})");
}

TEST_F(Parsing, DottedAndNestedSpellingsAreTheSameField) {
  for (const char* json : {R"({"service.name":"a"})", R"({"service":{"name":"a"}})",
                           R"({"resource":{"attributes":{"service.name":"a"}}})",
                           R"({"resource.attributes":{"service":{"name":"a"}}})",
                           R"({"resource.attributes.service.name":"a"})", R"({"service":{"name":["a"]}})"}) {
    EXPECT_EQ(log(json).service, "a") << json;
  }
}

TEST_F(Parsing, TheFirstSpellingOfAListWinsWhateverComesFirst) {
  EXPECT_EQ(log(R"({"resource.attributes.service.name":"b","service.name":"a"})").service, "a");
  EXPECT_EQ(log(R"({"service.name":"a","resource.attributes.service.name":"b"})").service, "a");
}

TEST_F(Parsing, AliasesMeanTheSameValue) {
  struct Row {
    const char* about;
    const char* json;
    std::function<bool(const model::LogRow&)> holds;
  };
  const Row rows[] = {
      {"log.level of ECS", R"({"log.level":"WARN"})",
       [](auto& r) { return r.level == model::Level::kWarning; }},
      {"severity_text of OpenTelemetry", R"({"severity_text":"ERROR2"})",
       [](auto& r) { return r.level == model::Level::kError; }},
      {"event.duration in nanoseconds", R"({"event":{"duration":12500000}})",
       [](auto& r) { return r.duration_ms == 12.5F; }},
      {"a duration as text", R"({"duration_ms":" 7 "})", [](auto& r) { return r.duration_ms == 7.0F; }},
      {"a negative duration is none", R"({"duration_ms":-1})", [](auto& r) { return !r.has_duration(); }},
      {"a duration that is no number is none", R"({"duration_ms":"fast"})",
       [](auto& r) { return !r.has_duration(); }},
      {"a duration of null is none", R"({"duration_ms":null})", [](auto& r) { return !r.has_duration(); }},
      {"status of ECS", R"({"http":{"response":{"status_code":404}}})",
       [](auto& r) { return r.status_code == 404; }},
      {"status as text", R"({"http.status_code":"503"})", [](auto& r) { return r.status_code == 503; }},
      {"a status out of range is none", R"({"status_code":70000})",
       [](auto& r) { return r.status_code == 0; }},
      {"body.text of OpenTelemetry", R"({"body":{"text":"hi"}})", [](auto& r) { return r.message == "hi"; }},
      {"a message that is an object is its JSON", R"({"message":{"a":1}})",
       [](auto& r) { return r.message == R"({"a":1})"; }},
      {"a message that is a number is its text", R"({"message":42})",
       [](auto& r) { return r.message == "42"; }},
      {"epoch milliseconds with a fraction, as text", R"({"@timestamp":"1705314600000.0"})",
       [](auto& r) { return format_rfc3339(r.time) == "2024-01-15T10:30:00Z"; }},
      {"epoch seconds", R"({"@timestamp":1705314600})",
       [](auto& r) { return format_rfc3339(r.time) == "2024-01-15T10:30:00Z"; }},
      {"no timestamp is now", R"({"message":"x"})",
       [](auto& r) { return format_rfc3339(r.time) == "2026-03-01T12:00:00Z"; }},
      {"event.outcome failure without a level", R"({"event":{"outcome":"failure"}})",
       [](auto& r) { return r.level == model::Level::kError; }},
      {"version", R"({"service":{"name":"a","version":"1.2"}})", [](auto& r) { return r.version == "1.2"; }},
  };
  for (const Row& row : rows) EXPECT_TRUE(row.holds(log(row.json))) << row.about;
}

TEST_F(Parsing, AnOpenTelemetrySpanIsASpan) {
  const auto row = log(
      R"({"@timestamp":"1705314600000.0","trace_id":"t","span_id":"s","parent_span_id":"p","name":"GET /","kind":"Client","duration":2500000,"status":{"code":"Error"},"attributes":{"peer.service":"db"},"resource":{"attributes":{"service.name":"a"}}})");
  EXPECT_TRUE(row.is_span);
  EXPECT_EQ(row.message, "GET /");
  EXPECT_EQ(row.duration_ms, 2.5F);
  EXPECT_EQ(row.span_kind, model::SpanKind::kClient);
  EXPECT_EQ(row.peer, "db");
  EXPECT_EQ(row.parent_id, "p");
  EXPECT_EQ(row.level, model::Level::kError);
}

TEST_F(Parsing, ARequestLogWithASpanIdIsALogLineToo) {
  const auto row = log(R"({"span.id":"s","duration_ms":3,"level":"info","message":"GET / 200"})");
  EXPECT_FALSE(row.is_span);
}

TEST_F(Parsing, OtherFieldsAreKeptAsTheyStood) {
  EXPECT_EQ(
      log(R"({"a":{"b":[1,2,{"c":null}]},"service":{"environment":"prod"},"name":"bob","x\"y":true})").extra,
      R"({"a":{"b":[1,2,{"c":null}]},"service.environment":"prod","x\"y":true,"name":"bob"})");
}

TEST_F(Parsing, WhatIsNoDocumentIsRefusedWithTheReason) {
  struct Row {
    std::string json;
    const char* words;
  };
  const Row rows[] = {
      {"", "empty"},
      {"[1,2]", "must be a JSON object"},
      {"{broken", "no valid JSON"},
      {R"({"a":1} {"b":2})", "followed by more text"},
      {R"({"@timestamp":"yesterday"})", "'yesterday' is no time"},
      {"{\"message\":\"bad \xff byte\"}", "no UTF-8"},
      {R"({"a":)" + std::string(5000, '[') + std::string(5000, ']') + "}", "nested deeper than 64"},
      {R"({"message":"open)", "no valid JSON"},
  };
  for (const Row& row : rows)
    EXPECT_NE(refused(row.json).find(row.words), std::string::npos)
        << row.json.substr(0, 60) << " gave: " << refused(row.json);
  EXPECT_TRUE(batch_.empty());
}

TEST_F(Parsing, MetricDocumentsBecomeOnePointPerNumber) {
  ASSERT_TRUE(add(
      R"({"@timestamp":"2026-03-01T11:00:00Z","service.name":"db","system":{"cpu":{"total":{"norm":{"pct":0.5}}}},"memory.used":7,"note":"x","list":[1]})",
      DocumentClass::kMetric));
  ASSERT_EQ(batch_.metrics.size(), 2U);
  EXPECT_EQ(batch_.metrics[0].name, "system.cpu.total.norm.pct");
  EXPECT_EQ(batch_.metrics[0].value, 0.5);
  EXPECT_EQ(batch_.metrics[1].name, "memory.used");
  EXPECT_EQ(batch_.metrics[1].service, "db");
  EXPECT_FALSE(add(R"({"service.name":"db"})", DocumentClass::kMetric));
}

}  // namespace
}  // namespace sentinel::ingest
