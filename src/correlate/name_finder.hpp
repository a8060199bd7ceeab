// Which known services does a message name? "timeout calling payment-service:8080" names payment-service.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sentinel::correlate {

// Finds whole names, ASCII case folded, at word boundaries: "order" is not found in "reorder" or
// "order-service". A host name finds the service of its first labels ("cart.prod.svc" names cart). Names of
// fewer than three characters are never looked for. Immutable after construction.
class NameFinder {
 public:
  explicit NameFinder(std::span<const std::string> names);
  // Indices into the names, rising, each once.
  std::vector<std::size_t> find(std::string_view message) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>
      words_;                                                // names made of word characters
  std::vector<std::pair<std::string, std::size_t>> others_;  // all others, searched as text
};

}  // namespace sentinel::correlate
