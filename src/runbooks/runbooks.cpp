#include "runbooks/runbooks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "model/json.hpp"
#include "runbooks/seed_text.hpp"

namespace sentinel::runbooks {
namespace {

constexpr std::size_t kMaxWords = 24;  // of a question: more add noise, not meaning

// Words that say nothing about a cause.
const std::set<std::string, std::less<>>& stop_words() {
  static const std::set<std::string, std::less<>> words = {
      "the", "and",   "for",   "with", "from", "after", "was", "not", "has",  "have",  "this",   "that",
      "are", "could", "while", "its",  "all",  "num",   "ip",  "hex", "path", "uuid",  "str",    "id",
      "url", "ms",    "at",    "to",   "in",   "of",    "on",  "by",  "is",   "error", "failed", "request"};
  return words;
}

void add_words(std::string_view text, std::vector<std::string>& words) {
  std::string word;
  const auto finish = [&] {
    const std::string lowered = to_lower(word);
    const bool number =
        !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (lowered.size() > 2 && !number && !stop_words().contains(lowered) &&
        std::find(words.begin(), words.end(), lowered) == words.end()) {
      words.push_back(lowered);
    }
    word.clear();
  };
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      word += c;
    } else {
      finish();
    }
  }
  finish();
}

}  // namespace

state::RunbookQuery query_for(const model::Group& group) {
  state::RunbookQuery query;
  if (!group.causes.empty()) query.services.push_back(group.causes.front().service);
  for (const auto& anomaly : group.anomalies) {
    const bool of_cause = group.causes.empty() || anomaly.service == group.causes.front().service;
    if (of_cause && std::find(query.tags.begin(), query.tags.end(), anomaly.metric) == query.tags.end())
      query.tags.push_back(anomaly.metric);
  }
  std::vector<std::string> words;
  const std::string cause = group.causes.empty() ? "" : group.causes.front().service;
  // The cause's own new patterns first, then its other lines, then everybody's.
  for (const bool own : {true, false}) {
    for (const auto& pattern : group.patterns) {
      const bool telling =
          pattern.change == model::Pattern::Change::kNew || pattern.change == model::Pattern::Change::kMore;
      if (telling && pattern.services.contains(cause) == own) add_words(pattern.text, words);
    }
    for (const auto& event : group.events) {
      if ((event.service == cause) == own && event.level >= model::Level::kWarning)
        add_words(event.message, words);
      if (words.size() >= kMaxWords) break;
    }
  }
  for (const auto& evidence :
       group.causes.empty() ? std::vector<model::Evidence>() : group.causes.front().evidence) {
    if (evidence.kind == "deploy") query.tags.emplace_back("deploy");
  }
  if (words.size() > kMaxWords) words.resize(kMaxWords);
  query.text = join(words, " ");
  return query;
}

Result<std::vector<model::Runbook>> from_json_text(std::string_view text) {
  SENTINEL_ASSIGN(const auto json, model::parse_json(text));
  std::vector<model::Runbook> all;
  if (json.is_object()) {
    SENTINEL_ASSIGN(auto one, model::runbook_from_json(json));
    all.push_back(std::move(one));
    return all;
  }
  if (!json.is_array())
    return fail(ErrorKind::kInvalid, "runbooks: must be a list of objects, or one object");
  for (std::size_t i = 0; i < json.size(); ++i) {
    auto one = model::runbook_from_json(json[i]);
    if (!one) return fail(std::move(one).error(), fmt::format("runbook {}", i + 1));
    all.push_back(std::move(*one));
  }
  return all;
}

std::string to_json_text(const std::vector<model::Runbook>& runbooks) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& runbook : runbooks) list.push_back(model::to_json(runbook));
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::vector<model::Runbook> seed() {
  // Compiled in and covered by a test: it parses.
  return from_json_text(seed_text()).value_or(std::vector<model::Runbook>());
}

Result<int> seed_if_empty(state::StateStore& store) {
  SENTINEL_ASSIGN(const auto known, store.runbooks());
  if (!known.empty()) return 0;
  int put = 0;
  for (const auto& runbook : seed()) {
    SENTINEL_TRY(store.put_runbook(runbook));
    ++put;
  }
  return put;
}

}  // namespace sentinel::runbooks
