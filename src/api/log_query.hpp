// What a log search asks, read from its parameters: words, `name:value` terms, `where=field=value`, services,
// level, kind, trace, time. Pure but for the request it reads.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/server.hpp"
#include "telemetry/store.hpp"

namespace sentinel::api {

// A query of people, taken apart: `service:pay level:error "pool exhausted"`.
struct QueryText {
  std::vector<std::string> texts;  // each is in the message: words, and what stood in quotes as one
  std::vector<std::pair<std::string, std::string>> terms;  // name, value
};
// A term is name:value without a blank between (value may be quoted); the name begins with a letter. URLs,
// times of day and "Error: text" are text.
QueryText parse_query_text(std::string_view q);

// Adds to `query` what people typed; kInvalid: a level that is none.
Result<void> add_query_text(telemetry::EventQuery& query, std::string_view q);

// All but paging; `length` is the default range before now.
Result<telemetry::EventQuery> read_log_query(const net::Request& request, Time now, Duration length);

}  // namespace sentinel::api
