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
  std::string slices(model::TimeRange range, Duration step, const std::optional<PageMark>& after) const;
  std::string calls(model::TimeRange range, Duration step, const std::optional<PageMark>& after) const;
  std::string arrivals(model::TimeRange ingested, Duration step, const std::optional<PageMark>& after) const;
  // `metrics`: columns that exist, numeric.
  std::string metrics(model::TimeRange range, Duration step, const std::vector<Column>& metrics,
                      const std::optional<PageMark>& after) const;
  // Documents whose message contains the text, newest or oldest first: _source and ingest time.
  std::string matching(const EventQuery& query, const nlohmann::json& filter, std::size_t limit) const;
  std::string count_matching(const EventQuery& query, const nlohmann::json& filter) const;

 private:
  std::string body(const std::string& pipeline, const nlohmann::json& filter,
                   const nlohmann::json& params) const;
  std::string text(Role role) const;    // expression, or "" when the indices have no such field
  std::string number(Role role) const;  // the same, as a double
  std::string errors() const;           // 1 or 0
  std::string duration() const;         // ms as a double, null when absent
  std::string bin() const;
  std::string outgoing() const;
  std::string slice_number() const;

  std::string index_;
  const FieldMap& fields_;
};

std::string quoted(const std::string& column);  // `name`, as ES|QL wants it
// The parameters name the index in FROM: letters that an index expression may hold, nothing else.
Result<void> check_index(const std::string& index, const std::string& key);

struct SlicePage {
  std::vector<model::Slice> slices;
  std::optional<PageMark> next;  // more may follow behind it
};
Result<SlicePage> read_slices(const nlohmann::json& answer, Time from, Duration step);
struct CallPage {
  std::vector<model::CallSlice> calls;
  std::optional<PageMark> next;
};
Result<CallPage> read_calls(const nlohmann::json& answer, Time from, Duration step);
struct ArrivalPage {
  std::vector<model::Arrival> arrivals;
  std::optional<PageMark> next;
};
Result<ArrivalPage> read_arrivals(const nlohmann::json& answer, Duration step);
struct MetricPage {
  std::vector<model::MetricSlice> metrics;
  std::optional<PageMark> next;
};
Result<MetricPage> read_metrics(const nlohmann::json& answer, Time from, Duration step,
                                const std::vector<Column>& metrics);

}  // namespace sentinel::telemetry
