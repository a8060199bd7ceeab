#include "state/ranking.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace sentinel::state {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (word.size() > 1) words.push_back(to_lower(word));
    word.clear();
  };
  for (const char c : text) {
    const bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      static_cast<unsigned char>(c) >= 0x80;
    if (part) {
      word += c;
    } else {
      finish();
    }
  }
  finish();
  return words;
}

Merits merits(const model::Runbook& runbook, const RunbookQuery& query) {
  Merits merits;
  for (const auto& service : query.services) {
    if (std::none_of(runbook.services_affected.begin(), runbook.services_affected.end(),
                     [&](const auto& s) { return iequals(s, service); }))
      continue;
    merits.score += 3;
    merits.reasons.push_back("names " + service);
  }
  for (const auto& tag : query.tags) {
    if (std::none_of(runbook.tags.begin(), runbook.tags.end(),
                     [&](const auto& t) { return iequals(t, tag); }))
      continue;
    merits.score += 2;
    merits.reasons.push_back("tag " + tag);
  }
  return merits;
}

std::string searchable_text(const model::Runbook& runbook) {
  return runbook.title + "\n" + runbook.root_cause + "\n" + join(runbook.resolution_steps, "\n") + "\n" +
         join(runbook.tags, " ") + "\n" + join(runbook.services_affected, " ");
}

}  // namespace sentinel::state
