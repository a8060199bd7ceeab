// The questions in ES|QL and how their rows are read. Pure: text and JSON in, text and values out. Values
// travel as parameters; spliced are only field names that the cluster itself has confirmed, quoted, and
// numbers of ours.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/slice.hpp"
#include "telemetry/elasticsearch/field_map.hpp"
#include "telemetry/store.hpp"

namespace sentinel::telemetry {

// Elasticsearch cuts longer answers without a word; an answer of this length is taken as cut.
inline constexpr std::size_t kMostRows = 10'000;

// The last row of a page: the next one begins behind it.
struct PageMark {
  std::int64_t slice = 0;  // number of the slice from the start of the range
  std::string service;
  std::string other;  // callee
};

class Esql {
 public:
  Esql(std::string index, const FieldMap& fields) : index_(std::move(index)), fields_(fields) {}

  // One row per slice and service: documents, errors and the histogram as a list of bin * 2^32 + count.
  // `services`: of these only; empty: of all.
  std::string slices(model::TimeRange range, Duration step, const std::optional<PageMark>& after,
                     const std::vector<std::string>& services = {}) const;
  std::string calls(model::TimeRange range, Duration step, const std::optional<PageMark>& after) const;
  std::string arrivals(model::TimeRange ingested, Duration step, const std::optional<PageMark>& after) const;
  // `metrics`: columns that exist, numeric.
  std::string metrics(model::TimeRange range, Duration step, const std::vector<Column>& metrics,
                      const std::optional<PageMark>& after) const;
  // Whole documents in order of time, equal times in none: _source, _index, _id, `at` and `ingested`.
  // Those of the query's range and services at its level or worse; it asks for a level.
  std::string correlated(const EventQuery& query, std::size_t limit) const;
  // Those whose message contains the texts; `filter` has every other condition.
  std::string matching(const EventQuery& query, const nlohmann::json& filter, std::size_t limit) const;
  // How many do, by step of time since the epoch; a row for each step that has some.
  std::string count_matching(const EventQuery& query, const nlohmann::json& filter, Duration step) const;

 private:
  std::string body(const std::string& pipeline, const nlohmann::json& filter,
                   const nlohmann::json& params) const;
  std::string text(Role role) const;  // expression, or "" when the indices have no such field
  // Adds a step for each of the role's columns: name_N = the column as a double, times `scale`.
  void numbers(Role role, const std::string& name, const char* scale, std::vector<std::string>& steps,
               std::vector<std::string>& names) const;
  std::string errors() const;  // steps that make `bad`, 1 or 0
  std::string bin() const;     // steps that make `bin`
  std::string message() const;
  std::string any_of(Role role, const std::string& values, bool any_case) const;
  std::string at_level(model::Level least, nlohmann::json& params) const;
  std::string documents(const std::string& condition, bool oldest_first, std::size_t limit) const;
  std::string counted(const std::string& group, const std::string& behind_mark) const;
  std::string outgoing() const;
  std::string slice_number() const;

  std::string index_;
  const FieldMap& fields_;
};

std::string quoted(const std::string& column);  // `name`, as ES|QL wants it
std::string as_text(const Column& column);
// "?name0, ?name1"; `params` gets the values.
std::string listed(const std::string& name, const std::vector<std::string>& values, nlohmann::json& params);
std::string epoch_ms(const Column& column);  // a time as whole milliseconds since the epoch
// The parameters name the index in FROM: letters that an index expression may hold, nothing else.
Result<void> check_index(const std::string& index, const std::string& key);

// Reading adds the rows of a page; where the next page begins, if more may follow.
Result<std::optional<PageMark>> read_slices(const nlohmann::json& answer, Time from, Duration step,
                                            std::vector<model::Slice>& slices);
Result<std::optional<PageMark>> read_calls(const nlohmann::json& answer, Time from, Duration step,
                                           std::vector<model::CallSlice>& calls);
Result<std::optional<PageMark>> read_arrivals(const nlohmann::json& answer, Duration step,
                                              std::vector<model::Arrival>& arrivals);
Result<std::optional<PageMark>> read_metrics(const nlohmann::json& answer, Time from, Duration step,
                                             const std::vector<Column>& metrics,
                                             std::vector<model::MetricSlice>& slices);
// Of count_matching(): (start of the step, documents), in order of time.
Result<std::vector<std::pair<Time, std::uint64_t>>> read_counts(const nlohmann::json& answer, Duration step);

}  // namespace sentinel::telemetry
