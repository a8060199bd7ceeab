// What a service does at the same time every day or every hour: a week of blocks with what was seen and what
// was expected. A block's factor comes from medians, so two bad days change nothing. docs/detection.md,
// "Season".
//
// A week is 2016 blocks and there are up to seven lists per service, so values are packed in 16 bits and days
// are allocated when their first value comes: a list costs 4 or 8 KB once full and nothing while it is
// unused.
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

// One cell per block for seven days; a day's cells are allocated when its first value comes.
template <class Cell>
class WeekRing {
 public:
  // Stores the end of a block; Cell{} clears what stood there a week ago.
  void put(std::int64_t block, const Cell& cell) {
    auto& day = days_[day_of(block)];
    if (!day) {
      if (cell.is_none()) return;
      day = std::make_unique<Day>();
    }
    (*day)[modulo(block, kBlocksPerDay)] = cell;
  }
  Cell at(std::int64_t block) const {
    const auto& day = days_[day_of(block)];
    return day ? (*day)[modulo(block, kBlocksPerDay)] : Cell{};
  }
  std::size_t bytes() const {
    std::size_t sum = sizeof(*this);
    for (const auto& day : days_) sum += day ? sizeof(Day) + 16 : 0;
    return sum;
  }

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    for (auto& day : self.days_) archive.optional_block(day);
  }

 private:
  using Day = std::array<Cell, kBlocksPerDay>;
  static std::size_t modulo(std::int64_t a, std::int64_t n) {
    return static_cast<std::size_t>(((a % n) + n) % n);
  }
  static std::size_t day_of(std::int64_t block) {
    return modulo(block, 7 * kBlocksPerDay) / static_cast<std::size_t>(kBlocksPerDay);
  }
  std::array<std::unique_ptr<Day>, 7> days_;
};

// What was seen and expected at the end of each block of a week.
class WeekOfBlocks {
 public:
  void put(std::int64_t block, std::optional<SeenExpected> value);
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

    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      archive(self.seen, self.expected);
    }
  };
  WeekRing<Entry> ring_;
};

// The same where only the ratio is asked for, at half the size: (seen + offset) / (expected + offset), the
// offset keeping ratios of small counts from being noise.
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
