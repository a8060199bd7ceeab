#include "telemetry/embedded/text_matcher.hpp"

#include <cstring>

namespace sentinel::telemetry {
namespace {

constexpr std::size_t kBlock = 16;

char folded(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return static_cast<char>(byte | (static_cast<unsigned char>(byte - 'A') < 26 ? 0x20 : 0));
}

// In blocks of a fixed length, which compilers turn into vector instructions.
void fold(std::string_view from, char* to) {
  std::size_t at = 0;
  for (; at + kBlock <= from.size(); at += kBlock) {
    for (std::size_t i = 0; i < kBlock; ++i) to[at + i] = folded(from[at + i]);
  }
  for (; at < from.size(); ++at) to[at] = folded(from[at]);
}

}  // namespace

TextMatcher::TextMatcher(std::string_view text) : wanted_(text.size(), '\0') { fold(text, wanted_.data()); }

bool TextMatcher::in(std::string_view message) {
  if (wanted_.empty()) return true;
  if (message.size() < wanted_.size()) return false;
  if (folded_.size() < message.size()) folded_.resize(message.size());
  fold(message, folded_.data());
  return ::memmem(folded_.data(), message.size(), wanted_.data(), wanted_.size()) != nullptr;
}

}  // namespace sentinel::telemetry
