// Which runbooks fit an outage; where runbooks come from.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/cause.hpp"
#include "model/runbook.hpp"
#include "state/store.hpp"

namespace sentinel::runbooks {

// The question an outage asks: its services (cause first), metric names, and telling words of its new
// patterns.
state::RunbookQuery query_for(const model::Group& group);

// A JSON array as in runbooks/seed.json, or one object. The error names the entry and the field.
Result<std::vector<model::Runbook>> from_json_text(std::string_view text);
std::string to_json_text(const std::vector<model::Runbook>& runbooks);  // pretty, the same form
// One Markdown section per runbook: "# title", then "Date:", "Services:", "Tags:" (and "Id:" where it is not
// made from the title), "## Root cause" with a paragraph per line of the text, "## Resolution" with a list of
// steps, the further lines of a step indented below it. Reading takes any list marker, wrapped paragraphs and
// fenced code (which belongs to the step above it); an error names the line. Writing and reading gives an
// equal runbook, except that blank lines and outer blanks go, and commas within a service or tag split it.
Result<std::vector<model::Runbook>> from_markdown(std::string_view text);
std::string to_markdown(const std::vector<model::Runbook>& runbooks);

// The five that come with the product (compiled in from runbooks/seed.json).
std::vector<model::Runbook> seed();
// Puts the seed into a store that holds no runbook yet; how many were put.
Result<int> seed_if_empty(state::StateStore& store);

}  // namespace sentinel::runbooks
