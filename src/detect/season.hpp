// What a service does at the same time every day or every hour: a week of blocks with what was seen and what
// was expected. A block's factor comes from medians, so two bad days change nothing. docs/detection.md,
// "Season".
//
// A week is 2016 blocks and there are up to eight lists per service, so values are packed in 16 bits and days
// are allocated when their first value comes: a list costs 8 KB once full and nothing while it is unused.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "detect/grid.hpp"

namespace sentinel::detect {

// A non-negative number in 16 bits: 6 bits of exponent, 10 of mantissa. Whole numbers up to 2048 are exact,
// others within 0.05 %; below 2^-21 it is zero, above 2^42 it saturates.
std::uint16_t pack16(double value);
double unpack16(std::uint16_t bits);

struct SeenExpected {
  double seen = 0;
  double expected = 0;
};

class WeekOfBlocks {
 public:
  // Stores the end of a block; none clears what stood there a week ago.
  void put(std::int64_t block, std::optional<SeenExpected> value);
  std::optional<SeenExpected> at(std::int64_t block) const;

  std::size_t bytes() const;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    for (auto& day : self.days_) archive.optional_block(day);
  }

 private:
  static constexpr std::uint16_t kNone = 0xFFFF;
  struct Entry {
    std::uint16_t seen = 0;
    std::uint16_t expected = kNone;

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.seen, self.expected);
    }
  };
  using Day = std::array<Entry, kBlocksPerDay>;
  std::array<std::unique_ptr<Day>, 7> days_;
};

// Upper median; `values` is reordered. Not for empty lists.
double upper_median(std::vector<double>& values);

// The factor by which this block is usually above its expectation (>= 1): daily and hourly habit, where
// `mean` is the last expectation of a 5-min window and `deviation` its standard deviation. 1 without history.
double block_factor(const WeekOfBlocks& week, std::int64_t block, double mean, double deviation);
// Median over the same block of the last days of (seen + offset) / (expected + offset); none below 3 days.
std::optional<double> daily_ratio(const WeekOfBlocks& week, std::int64_t block, double offset);

}  // namespace sentinel::detect
