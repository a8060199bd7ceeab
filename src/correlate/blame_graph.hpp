// Who suffers from whom. An edge caller -> callee carries blame in [0, 1]: the share of the caller's trouble
// that points at the callee. Following blame from a suffering service until it comes to rest shows where the
// trouble is made.
//
// Blame of an edge, strongest reason first (reasons are not added up):
//   mentions  share of the caller's failing messages that name the callee;
//   calls     failed calls to the callee beyond the baseline, over the caller's failures;
//   slow      milliseconds that calls to the callee took beyond the baseline, over the caller's own excess. A
//             wait that the callee's entry span does not account for is a slow network: it is laid on that
//             end of the edge on which most of the lost time meets;
//   excess    where no call itself was measured: the callee's own failures, or milliseconds, beyond its
//   baseline,
//             over those of its caller;
//   order     share of the caller's failing traces in which the callee failed before it (weighs 0.7).
// A service with fewer calls coming in blames the caller that calls less.
// Where a suffering service has no such reason at all, one weak edge (0.6) leads along known calls to the
// nearest suffering callee within three steps whose trouble began at about the same time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "correlate/facts.hpp"

namespace sentinel::correlate {

struct Blame {
  std::size_t from = 0;  // who suffers
  std::size_t to = 0;    // who is blamed
  double share = 0;      // 0..1; the shares of one service add up to at most 0.95
  enum class Reason : std::uint8_t { kMentions, kCalls, kSlow, kExcess, kOrder, kStarved, kTopology } reason;
};

class BlameGraph {
 public:
  explicit BlameGraph(const Facts& facts, const Settings& settings);

  const std::vector<Blame>& edges() const { return edges_; }
  std::vector<const Blame*> from(std::size_t service) const;
  // Per edge of the facts: the end to which its slow network belongs; none where the network is not slow.
  const std::vector<std::optional<std::size_t>>& slow_network() const { return slow_network_; }
  // Where the trouble of one service comes to rest: a share per service, adding up to 1.
  std::vector<double> rest_of(std::size_t service) const;
  // The same for many services at once, each starting with its weight.
  std::vector<double> rest_of(const std::vector<double>& start) const;

 private:
  std::vector<Blame> edges_;                  // by (from, to)
  std::vector<std::vector<std::size_t>> of_;  // per service: its edges
  std::vector<std::optional<std::size_t>> slow_network_;
};

}  // namespace sentinel::correlate
