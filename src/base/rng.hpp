// A small seeded generator whose every draw is the same on each machine: the standard library's
// distributions are not, and simulations promise the same bytes for the same seed.
// Not for secrets. Not thread-safe: one per component, split from a parent.
#pragma once

#include <array>
#include <cstdint>

namespace sentinel {

// xoshiro256** (Blackman and Vigna, prng.di.unimi.it), seeded through splitmix64.
class Rng {
 public:
  explicit Rng(std::uint64_t seed);

  std::uint64_t next();                                       // uniform over all 64-bit values
  double uniform();                                           // [0, 1)
  double uniform(double low, double high);                    // [low, high)
  std::int64_t integer(std::int64_t low, std::int64_t high);  // both ends included; low <= high
  bool chance(double probability);
  double normal();                    // mean 0, deviation 1 (Box-Muller, no cached half)
  double exponential(double rate);    // rate > 0
  std::int64_t poisson(double mean);  // mean >= 0; Knuth below 30, Hormann's PTRS above
  double gamma(double shape);         // scale 1; Marsaglia and Tsang
  // An independent generator for a component; the parent moves on by one draw.
  Rng split();

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace sentinel
