// How a runbook's words are told and how its matches add up: one formula for every adapter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "state/store.hpp"

namespace sentinel::state {

// Words of a text, lower case, letters and digits (and other UTF-8 bytes) only, without one-letter words.
std::vector<std::string> words_of(std::string_view text);

// score = text rank + 3 for each service that the runbook names + 2 for each tag it carries, where the text
// rank is BM25 (higher is better). A service that is part of the question outweighs a chance word; `reasons`
// says what matched. A runbook that matches nothing has no score.
struct Merits {
  double score = 0;
  std::vector<std::string> reasons;
};
Merits merits(const model::Runbook& runbook, const RunbookQuery& query);

// The text of a runbook that is searched.
std::string searchable_text(const model::Runbook& runbook);

}  // namespace sentinel::state
