// What a service does at the same time every day or every hour: a week of blocks with what was seen and what
// was expected. A block's factor comes from medians, so two bad days change nothing. docs/detection.md,
// "Season".
//
// A week is 2016 blocks and there are up to seven lists per service, so values are packed in 16 bits, and
// days that are over keep only what can matter (week_ring.hpp). Factors only raise: a block with no more than
// expected counts as "as expected", whatever it was.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "detect/week_ring.hpp"

namespace sentinel::detect {

// A non-negative number in 16 bits: 6 bits of exponent, 10 of mantissa. Whole numbers up to 2048 are exact,
// others within 0.05 %; below 2^-21 it is zero, above 2^42 it saturates.
std::uint16_t pack16(double value);
double unpack16(std::uint16_t bits);

struct SeenExpected {
  double seen = 0;
  double expected = 0;
};

// What was seen and expected at the end of each block of a week.
class WeekOfBlocks {
 public:
  void put(std::int64_t block, std::optional<SeenExpected> value);
  // Where no more was seen than expected, zero of zero.
  std::optional<SeenExpected> at(std::int64_t block) const;
  std::size_t bytes() const { return ring_.bytes(); }

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.ring_);
  }

 private:
  static constexpr std::uint16_t kNone = 0xFFFF;
  struct Entry {
    std::uint16_t seen = 0;
    std::uint16_t expected = kNone;
    bool is_none() const { return expected == kNone; }
    bool is_quiet() const { return seen <= expected; }  // packed values keep their order
    static Entry quiet() { return {0, 0}; }

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.seen, self.expected);
    }
  };
  WeekRing<Entry> ring_;
};

enum class Habit : std::uint8_t { kBusy, kQuiet };  // what a season is asked for: usually more, usually less

// The same where only the ratio is asked for, at half the size: (seen + offset) / (expected + offset), the
// offset keeping ratios of small counts from being noise. Of a habit only its side of 1 is kept.
template <Habit kHabit>
class WeekOfRatios {
 public:
  explicit WeekOfRatios(double offset) : offset_(offset) {}
  void put(std::int64_t block, std::optional<SeenExpected> value);
  // Median over the same block of the last days; none below three days.
  std::optional<double> daily_median(std::int64_t block) const;
  std::size_t bytes() const { return ring_.bytes(); }

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.ring_);
  }

 private:
  static constexpr std::uint16_t kNone = 0xFFFF;
  struct Ratio {
    std::uint16_t bits = kNone;
    bool is_none() const { return bits == kNone; }
    bool is_quiet() const { return kHabit == Habit::kBusy ? bits <= pack16(1) : bits >= pack16(1); }
    static Ratio quiet() { return {pack16(1)}; }

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.bits);
    }
  };
  double offset_;
  WeekRing<Ratio> ring_;
};

// Upper median; `values` is reordered. Not for empty lists.
double upper_median(std::vector<double>& values);

// The factor by which this block is usually above its expectation (>= 1): daily and hourly habit, where
// `mean` is the last expectation of a 5-min window and `deviation` its standard deviation. 1 without history.
double block_factor(const WeekOfBlocks& week, std::int64_t block, double mean, double deviation);

}  // namespace sentinel::detect
