#include "correlate/name_finder.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace sentinel::correlate {
namespace {

constexpr std::size_t kShortestName = 3;

constexpr bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

std::string_view without_edges(std::string_view word) {
  while (!word.empty() && (word.front() == '.' || word.front() == '-')) word.remove_prefix(1);
  while (!word.empty() && (word.back() == '.' || word.back() == '-')) word.remove_suffix(1);
  return word;
}

}  // namespace

NameFinder::NameFinder(std::span<const std::string> names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].size() < kShortestName) continue;
    std::string name = to_lower(names[i]);
    if (std::ranges::all_of(name, is_word))
      words_.emplace(std::move(name), i);
    else
      others_.emplace_back(std::move(name), i);
  }
}

std::vector<std::size_t> NameFinder::find(std::string_view message) const {
  const std::string text = to_lower(message);
  std::vector<std::size_t> found;
  for (std::size_t begin = 0; begin < text.size();) {
    if (!is_word(text[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    std::string_view word = without_edges(std::string_view(text).substr(begin, end - begin));
    begin = end;
    // The longest known run of leading labels wins: "a.b" before "a" in "a.b.svc".
    while (word.size() >= kShortestName) {
      if (const auto it = words_.find(word); it != words_.end()) {
        found.push_back(it->second);
        break;
      }
      const auto dot = word.rfind('.');
      if (dot == std::string_view::npos) break;
      word = word.substr(0, dot);
    }
  }
  for (const auto& [name, index] : others_) {
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
      const auto end = at + name.size();
      if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) {
        found.push_back(index);
        break;
      }
    }
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace sentinel::correlate
