#include "ingest/otlp.hpp"

#include <gtest/gtest.h>

#include <bit>

namespace sentinel::ingest {
namespace {

const Time kNow = time_from_micros(1'790'000'000'000'000);

// --- protobuf bytes, by hand
std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7FU) | 0x80U);
  return out + static_cast<char>(value);
}
std::string number(unsigned field, std::uint64_t value) { return varint(field << 3) + varint(value); }
std::string bytes(unsigned field, const std::string& value) {
  return varint((field << 3) | 2U) + varint(value.size()) + value;
}
std::string fixed64(unsigned field, std::uint64_t value) {
  std::string out = varint((field << 3) | 1U);
  for (int i = 0; i < 8; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFFU);
  return out;
}
std::string text(const std::string& value) { return bytes(1, value); }
std::string attribute(const std::string& key, const std::string& value) {
  return bytes(1, key) + bytes(2, value);
}
std::string resource(const std::string& service) {
  return bytes(1, bytes(1, attribute("service.name", text(service))));
}

OtlpExport read(OtlpSignal signal, OtlpEncoding encoding, const std::string& body) {
  auto out = parse_otlp(signal, encoding, body, kNow);
  EXPECT_TRUE(out) << (out ? "" : out.error().text());
  return out ? std::move(*out) : OtlpExport{};
}
OtlpExport log_record(const std::string& record) {
  return read(OtlpSignal::kLogs, OtlpEncoding::kProtobuf,
              bytes(1, resource("pay") + bytes(2, bytes(2, record))));
}
OtlpExport json_log(const std::string& record) {
  return read(
      OtlpSignal::kLogs, OtlpEncoding::kJson,
      R"({"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"pay"}},)"
      R"({"key":"service.version","value":{"stringValue":"2.1"}},{"key":"host.name","value":{"stringValue":"n1"}}]},)"
      R"("scopeLogs":[{"logRecords":[)" +
          record + "]}]}]}");
}

TEST(Otlp, AnEmptyBodyHoldsNothingAndIsFine) {
  EXPECT_TRUE(read(OtlpSignal::kLogs, OtlpEncoding::kProtobuf, "").batch.empty());
}

TEST(Otlp, ALogRecordOfProtobufIsARow) {
  const auto out = log_record(fixed64(1, 1'700'000'000'123'456'789ULL) + number(2, 17) +
                              bytes(5, text("it broke")) + bytes(6, attribute("order", bytes(1, "o-7"))) +
                              bytes(9, std::string(16, '\x1b')) + bytes(10, std::string(8, '\x2c')));
  ASSERT_EQ(out.batch.logs.size(), 1U);
  const auto& row = out.batch.logs[0];
  EXPECT_EQ(row.service, "pay");
  EXPECT_EQ(row.message, "it broke");
  EXPECT_EQ(row.level, model::Level::kError);
  EXPECT_EQ(micros(row.time), 1'700'000'000'123'456);
  EXPECT_EQ(row.trace_id, "1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b");
  EXPECT_EQ(row.span_id, "2c2c2c2c2c2c2c2c");
  EXPECT_EQ(row.extra, R"({"order":"o-7"})");
  EXPECT_FALSE(row.is_span);
}

TEST(Otlp, AResourceBehindItsRecordsStillNamesTheService) {
  const auto out = read(OtlpSignal::kLogs, OtlpEncoding::kProtobuf,
                        bytes(1, bytes(2, bytes(2, bytes(5, text("m")))) + resource("late")));
  EXPECT_EQ(out.batch.logs.at(0).service, "late");
}

TEST(Otlp, SeverityNumbersFallIntoBandsAndTextStandsInForNone) {
  struct Row {
    int number;
    std::string text;
    model::Level level;
    const char* why;
  };
  const Row rows[] = {
      {1, "", model::Level::kTrace, "1 to 4 is trace"},
      {8, "", model::Level::kDebug, "5 to 8 is debug"},
      {10, "Information", model::Level::kInfo, "the number wins over the text"},
      {13, "", model::Level::kWarning, "13 to 16 is warning"},
      {20, "", model::Level::kError, "17 to 20 is error"},
      {24, "", model::Level::kFatal, "21 to 24 is fatal"},
      {0, "WARN", model::Level::kWarning, "without a number the text counts"},
      {99, "ERROR", model::Level::kError, "a number out of range is none"},
  };
  for (const auto& row : rows) {
    const auto out = json_log(R"({"severityNumber":)" + std::to_string(row.number) + R"(,"severityText":")" +
                              row.text + R"(","body":{"stringValue":"m"}})");
    EXPECT_EQ(out.batch.logs.at(0).level, row.level) << row.why;
  }
}

TEST(Otlp, TheResourceGivesServiceHostAndVersion) {
  const auto out = json_log(R"({"body":{"stringValue":"m"}})");
  EXPECT_EQ(out.batch.logs.at(0).service, "pay");
  EXPECT_EQ(out.batch.logs.at(0).host, "n1");
  EXPECT_EQ(out.batch.logs.at(0).version, "2.1");
}

TEST(Otlp, ARecordWithoutTimeHasTheObservedOneThenNow) {
  EXPECT_EQ(micros(json_log(R"({"observedTimeUnixNano":"5000000"})").batch.logs.at(0).time), 5000);
  EXPECT_EQ(json_log("{}").batch.logs.at(0).time, kNow);
}

TEST(Otlp, IdsOfTheWrongLengthOrAllZeroAreAbsent) {
  EXPECT_EQ(json_log(R"({"traceId":"00000000000000000000000000000000"})").batch.logs.at(0).trace_id, "");
  EXPECT_EQ(json_log(R"({"traceId":"abc"})").batch.logs.at(0).trace_id, "");
  EXPECT_EQ(json_log(R"({"traceId":"5B8EFFF798038103D269B633813FC60C"})").batch.logs.at(0).trace_id,
            "5b8efff798038103d269b633813fc60c");
}

TEST(Otlp, EveryKindOfValueIsKeptAsItsJson) {
  const auto out = json_log(
      R"({"attributes":[{"key":"b","value":{"boolValue":true}},{"key":"i","value":{"intValue":"-7"}},)"
      R"({"key":"d","value":{"doubleValue":1.5}},{"key":"a","value":{"arrayValue":{"values":[{"stringValue":"x\"y"},{"intValue":2}]}}},)"
      R"({"key":"k","value":{"kvlistValue":{"values":[{"key":"z","value":{"stringValue":"w"}}]}}}]})");
  EXPECT_EQ(out.batch.logs.at(0).extra, R"({"b":true,"i":-7,"d":1.5,"a":["x\"y",2],"k":{"z":"w"}})");
}

TEST(Otlp, BothEncodingsGiveTheSameRow) {
  const auto binary =
      log_record(number(2, 13) + bytes(5, text("m")) + bytes(6, attribute("n", number(3, 7))));
  const auto json = json_log(
      R"({"severityNumber":13,"body":{"stringValue":"m"},"attributes":[{"key":"n","value":{"intValue":"7"}}]})");
  EXPECT_EQ(binary.batch.logs.at(0).extra, json.batch.logs.at(0).extra);
  EXPECT_EQ(binary.batch.logs.at(0).message, json.batch.logs.at(0).message);
  EXPECT_EQ(binary.batch.logs.at(0).level, json.batch.logs.at(0).level);
}

TEST(Otlp, ASpanEndsItsRowAndAFailedOneIsAnError) {
  const std::string span = bytes(1, std::string(16, '\x01')) + bytes(2, std::string(8, '\x02')) +
                           bytes(4, std::string(8, '\x03')) + bytes(5, "GET /cart") + number(6, 3) +
                           fixed64(7, 1'000'000'000) + fixed64(8, 1'250'000'000) +
                           bytes(9, attribute("peer.service", text("cart"))) +
                           bytes(9, attribute("http.response.status_code", number(3, 503))) +
                           bytes(15, bytes(2, "upstream refused") + number(3, 2));
  const auto out = read(OtlpSignal::kTraces, OtlpEncoding::kProtobuf,
                        bytes(1, resource("gateway") + bytes(2, bytes(2, span))));
  ASSERT_EQ(out.batch.logs.size(), 1U);
  const auto& row = out.batch.logs[0];
  EXPECT_TRUE(row.is_span);
  EXPECT_EQ(row.message, "GET /cart");
  EXPECT_EQ(micros(row.time), 1'250'000);
  EXPECT_FLOAT_EQ(row.duration_ms, 250);
  EXPECT_EQ(row.parent_id, "0303030303030303");
  EXPECT_EQ(row.peer, "cart");
  EXPECT_EQ(row.span_kind, model::SpanKind::kClient);
  EXPECT_EQ(row.status_code, 503);
  EXPECT_EQ(row.level, model::Level::kError);
  EXPECT_EQ(row.extra, R"({"status.message":"upstream refused"})");
}

TEST(Otlp, GaugesAndSumsBecomePointsAndHistogramsAreRejected) {
  const auto out = read(
      OtlpSignal::kMetrics, OtlpEncoding::kJson,
      R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"pay"}}]},)"
      R"("scopeMetrics":[{"metrics":[{"name":"cpu","gauge":{"dataPoints":[{"timeUnixNano":"3000","asDouble":0.5}]}},)"
      R"({"name":"jobs","sum":{"dataPoints":[{"asInt":"4"}]}},{"name":"h","histogram":{"dataPoints":[{},{}]}}]}]}]})");
  ASSERT_EQ(out.batch.metrics.size(), 2U);
  EXPECT_EQ(out.batch.metrics[0].name, "cpu");
  EXPECT_EQ(out.batch.metrics[0].value, 0.5);
  EXPECT_EQ(out.batch.metrics[1].value, 4);
  EXPECT_EQ(out.rejected, 2U);
  EXPECT_EQ(out.reason, "h: only gauges and sums are kept");
}

TEST(Otlp, UnknownFieldsArePassedOver) {
  const auto out = log_record(number(99, 5) + bytes(98, "future") + bytes(5, text("m")));
  EXPECT_EQ(out.batch.logs.at(0).message, "m");
}

TEST(Otlp, InvalidUtf8IsReplaced) {
  EXPECT_EQ(log_record(bytes(5, text("a\xff"
                                     "b")))
                .batch.logs.at(0)
                .message,
            "a\xEF\xBF\xBD"
            "b");
}

TEST(Otlp, DamagedBodiesAreRefusedWithAReason) {
  struct Row {
    OtlpEncoding encoding;
    std::string body;
    const char* why;
  };
  std::string deep = text("x");
  for (int i = 0; i < 100; ++i) deep = bytes(5, bytes(1, deep));
  const std::string whole = bytes(1, resource("pay") + bytes(2, bytes(2, bytes(5, text("message")))));
  const Row rows[] = {
      {OtlpEncoding::kProtobuf, whole.substr(0, whole.size() - 3), "a message cut short"},
      {OtlpEncoding::kProtobuf, std::string("\x0b\x0c", 2), "groups are not part of proto3"},
      {OtlpEncoding::kProtobuf, std::string(11, '\xff'), "a number without an end"},
      {OtlpEncoding::kProtobuf, bytes(1, bytes(2, bytes(2, bytes(5, deep)))), "values nested too deep"},
      {OtlpEncoding::kJson, "{", "JSON cut short"},
      {OtlpEncoding::kJson, "[]", "no object"},
      {OtlpEncoding::kJson, R"({"resourceLogs":3})", "a list that is none"},
  };
  for (const auto& row : rows) {
    const auto out = parse_otlp(OtlpSignal::kLogs, row.encoding, row.body, kNow);
    ASSERT_FALSE(out) << row.why;
    EXPECT_EQ(out.error().kind, ErrorKind::kInvalid) << row.why;
  }
}

TEST(Otlp, EveryCutOfAMessageIsReadOrRefused) {
  const std::string whole =
      bytes(1, resource("pay") + bytes(2, bytes(2, fixed64(1, 5) + bytes(5, text("message")))));
  for (std::size_t n = 1; n < whole.size(); ++n)
    EXPECT_FALSE(parse_otlp(OtlpSignal::kLogs, OtlpEncoding::kProtobuf, whole.substr(0, n), kNow)) << n;
}

}  // namespace
}  // namespace sentinel::ingest
