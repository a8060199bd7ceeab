// The questions in the query DSL: filters of both engines, event pages, and the composite aggregations for
// clusters without ES|QL. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/slice.hpp"
#include "telemetry/elasticsearch/field_map.hpp"
#include "telemetry/store.hpp"

namespace sentinel::telemetry {

// The words of our tables as documents write them: error, ERROR and Error, with the steps of OpenTelemetry
// ("error3"); and what says of a document without a level that it failed (kSpanStatus, kOutcome).
std::vector<std::string> level_spellings(model::Level least);
std::vector<std::string> failed_spellings(Role role);

// The milliseconds that the range touches.
model::TimeRange whole_millis(model::TimeRange range);
// Documents of a half-open range; the field's milliseconds are compared, so a range that is finer holds all
// of it and a little more.
nlohmann::json range_filter(const std::string& field, model::TimeRange range);
nlohmann::json time_filter(const FieldMap& fields, model::TimeRange range);

// Every condition of the query but its text. `exact` becomes false when the filter holds more than was asked
// for (analysed fields, what only the document's shape decides); time is compared by milliseconds.
nlohmann::json event_filter(const FieldMap& fields, const EventQuery& query, bool& exact);
// The filter asks for a field that no index has: there is nothing to ask the cluster.
bool matches_nothing(const nlohmann::json& filter);
// One page of documents in order of time, equal times in order of arrival; `from_ms`: continue at this time.
nlohmann::json event_page(const FieldMap& fields, const nlohmann::json& filter, bool oldest_first,
                          std::size_t size, std::optional<std::int64_t> continue_at);
nlohmann::json count_of(const nlohmann::json& filter);
// What matches, by step of time; of it what is an error, and what is a warning or worse.
nlohmann::json counts_over_time(const FieldMap& fields, const nlohmann::json& filter,
                                const nlohmann::json& errors, const nlohmann::json& warnings, Duration step);

// Composite pages. A bucket is a slice of a service, of one level and one latency (a bin when scripts may
// run, else the duration itself).
enum class Breakdown : std::uint8_t { kSlices, kCalls, kArrivals };
// kInvalid, when the mapping cannot be grouped by (an analysed text without a keyword sub-field).
Result<nlohmann::json> composite_page(const FieldMap& fields, Breakdown breakdown, model::TimeRange range,
                                      Duration step, bool scripts, const nlohmann::json& after);
nlohmann::json metric_page(const FieldMap& fields, model::TimeRange range, Duration step,
                           const std::vector<Column>& metrics, const nlohmann::json& after);

// What the buckets of one page add to the answer; returns after_key, null at the end.
Result<nlohmann::json> add_slices(const nlohmann::json& answer, bool scripts,
                                  std::vector<model::Slice>& slices);
// Of counts_over_time(); `warnings` are without the errors.
Result<std::vector<CountSlice>> read_counts_over_time(const nlohmann::json& answer);
Result<nlohmann::json> add_calls(const nlohmann::json& answer, bool scripts,
                                 std::vector<model::CallSlice>& calls);
Result<nlohmann::json> add_arrivals(const nlohmann::json& answer, std::vector<model::Arrival>& arrivals);
Result<nlohmann::json> add_metrics(const nlohmann::json& answer, const std::vector<Column>& metrics,
                                   std::vector<model::MetricSlice>& slices);

}  // namespace sentinel::telemetry
