// What the log search of the API asks of a store: fields, counts over time, the slices of one service.
#include "telemetry_contract.hpp"

namespace sentinel::telemetry {
namespace {

TEST_P(TelemetryContract, FieldsAreMatchedExactlyWhereverTheyAreKept) {
  auto first = row("web", "one");
  first.host = "web-1";
  first.status_code = 503;
  first.level = model::Level::kError;
  first.extra = R"({"http.route":"/pay","tenant":{"name":"acme"},"attempt":3,"cached":true})";
  auto second = row("web", "two", seconds(1));
  second.host = "web-2";
  second.extra = R"({"http":{"route":"/pay"},"tenant.name":"other","attempt":30})";
  auto third = row("web", "three", seconds(2));
  third.extra = "no json";
  put(first);
  put(second);
  put(third);
  struct Case {
    std::string about;
    std::vector<std::pair<std::string, std::string>> fields;
    std::vector<std::string> found;
  };
  const std::vector<Case> cases = {
      {"a column", {{"host", "web-1"}}, {"one"}},
      {"a number of ours", {{"status_code", "503"}}, {"one"}},
      {"a level, by its word", {{"level", "error"}}, {"one"}},
      {"a level that is none", {{"level", "terrible"}}, {}},
      {"dotted and nested are the same field", {{"http.route", "/pay"}}, {"two", "one"}},
      {"nested asked with a dot", {{"tenant.name", "acme"}}, {"one"}},
      {"a number is compared whole, not by its beginning", {{"attempt", "3"}}, {"one"}},
      {"true is a word", {{"cached", "true"}}, {"one"}},
      {"all must hold", {{"http.route", "/pay"}, {"host", "web-2"}}, {"two"}},
      {"an unknown field is nowhere", {{"nothing", "x"}}, {}},
      {"names are no patterns", {{"ten*", "acme"}}, {}},
      {"quotes in a value are text", {{"http.route", "' OR 1=1 --"}}, {}},
      {"slashes and tildes in a name are text", {{"a/b~c", "x"}}, {}},
  };
  for (const auto& test : cases) {
    auto query = all();
    query.fields = test.fields;
    EXPECT_EQ(messages(query), test.found) << test.about;
    const auto counted = store().count(query);
    ASSERT_TRUE(counted) << test.about << ": " << counted.error().text();
    EXPECT_EQ(*counted, test.found.size()) << test.about;
  }
}

TEST_P(TelemetryContract, AHistogramCountsMatchesByStepAndLevel) {
  for (int i = 0; i < 10; ++i) {
    auto one = row("web", i % 2 == 0 ? "even" : "odd", seconds(i * 30));
    one.level = i == 3 ? model::Level::kFatal : i == 5 ? model::Level::kWarning : model::Level::kInfo;
    put(one);
  }
  auto query = all();
  query.range = {noon_, noon_ + minutes(5)};
  query.texts = {"ODD"};
  const auto found = store().histogram(query, minutes(1));
  ASSERT_TRUE(found) << found.error().text();
  const std::vector<CountSlice> expected = {{noon_, 1, 0, 0},
                                            {noon_ + minutes(1), 1, 1, 0},
                                            {noon_ + minutes(2), 1, 0, 1},
                                            {noon_ + minutes(3), 1, 0, 0},
                                            {noon_ + minutes(4), 1, 0, 0}};
  EXPECT_EQ(*found, expected);
  query.texts = {"nobody says this"};
  EXPECT_TRUE(store().histogram(query, minutes(1))->empty());
}

TEST_P(TelemetryContract, AHistogramOfErrorsHasNoWarnings) {
  auto bad = row("web");
  bad.level = model::Level::kError;
  put(bad);
  auto worse = row("web");
  worse.level = model::Level::kWarning;
  put(worse);
  auto query = all();
  query.range = {noon_, noon_ + minutes(1)};
  query.min_level = model::Level::kError;
  EXPECT_EQ(*store().histogram(query, minutes(1)), (std::vector<CountSlice>{{noon_, 1, 1, 0}}));
}

TEST_P(TelemetryContract, TheSlicesOfOneServiceAreThoseOfAll) {
  for (const char* service : {"web", "pay", "web"}) put(row(service));
  put(row("web", "later", minutes(3)));
  const model::TimeRange range{noon_, noon_ + minutes(5)};
  auto expected = *store().slices(range, minutes(1));
  std::erase_if(expected, [](const auto& slice) { return slice.service != "web"; });
  EXPECT_EQ(*store().service_slices({"web"}, range, minutes(1)), expected);
  EXPECT_EQ(expected.size(), 2U);
  EXPECT_TRUE(store().service_slices({"nobody"}, range, minutes(1))->empty());
}

}  // namespace
}  // namespace sentinel::telemetry
