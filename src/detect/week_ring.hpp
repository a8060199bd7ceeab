// One cell per block for seven days. The day that is being written holds all of its cells; of the others only
// those are kept that are above their expectation, and of the rest that they were there: of a service with
// little scatter a tenth of the memory, of any other half.
//
// A Cell has is_none() (true of Cell{}), is_quiet() and a static quiet() that stands for every quiet one.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "detect/grid.hpp"

namespace sentinel::detect {

// A day that is over.
template <class Cell>
class PackedDay {
 public:
  using Cells = std::array<Cell, kBlocksPerDay>;

  PackedDay() = default;
  explicit PackedDay(const Cells& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].is_none()) continue;
      known_[i / 64] |= bit(i);
      if (cells[i].is_quiet()) continue;
      above_[i / 64] |= bit(i);
      cells_.push_back(cells[i]);
    }
    cells_.shrink_to_fit();
  }

  Cell at(std::size_t i) const {
    if ((known_[i / 64] & bit(i)) == 0) return Cell{};
    if ((above_[i / 64] & bit(i)) == 0) return Cell::quiet();
    auto before = static_cast<std::size_t>(std::popcount(above_[i / 64] & (bit(i) - 1)));
    for (std::size_t w = 0; w < i / 64; ++w) before += static_cast<std::size_t>(std::popcount(above_[w]));
    return cells_[before];
  }
  void unpack(Cells& out) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = at(i);
  }
  bool empty() const { return known_ == Words{}; }
  std::size_t bytes() const { return sizeof(*this) + 16 + cells_.capacity() * sizeof(Cell); }

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.known_, self.above_, self.cells_);
    if constexpr (Archive::kReads) {
      std::size_t above = 0;
      bool all_known = true;
      for (std::size_t w = 0; w < self.above_.size(); ++w) {
        above += static_cast<std::size_t>(std::popcount(self.above_[w]));
        all_known = all_known && (self.above_[w] & ~self.known_[w]) == 0;
      }
      if (above == self.cells_.size() && all_known) return;
      archive.refuse("a day of a season that does not add up");
      self = PackedDay();
    }
  }

 private:
  using Words = std::array<std::uint64_t, (kBlocksPerDay + 63) / 64>;
  static std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << (i % 64); }

  Words known_{};
  Words above_{};
  std::vector<Cell> cells_;  // those above, in the order of time
};

template <class Cell>
class WeekRing {
 public:
  // Stores the end of a block; Cell{} clears what stood there a week ago.
  void put(std::int64_t block, const Cell& cell) {
    const std::int64_t day = day_of(block);
    if (day != writing_) {
      pack();
      writing_ = day;
    }
    auto& before = days_[static_cast<std::size_t>(day)];
    if (!cells_) {
      if (cell.is_none() && !before) return;
      cells_ = std::make_unique<Cells>();
      if (before) before->unpack(*cells_);
      before.reset();
    }
    // As it will be told when the day is over.
    (*cells_)[in_day(block)] = !cell.is_none() && cell.is_quiet() ? Cell::quiet() : cell;
  }
  Cell at(std::int64_t block) const {
    const std::int64_t day = day_of(block);
    if (day == writing_ && cells_) return (*cells_)[in_day(block)];
    const auto& packed = days_[static_cast<std::size_t>(day)];
    return packed ? packed->at(in_day(block)) : Cell{};
  }
  std::size_t bytes() const {
    std::size_t sum = sizeof(*this) + (cells_ ? sizeof(Cells) + 16 : 0);
    for (const auto& day : days_) sum += day ? day->bytes() : 0;
    return sum;
  }

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    archive(self.writing_);
    archive.optional_block(self.cells_);
    for (auto& day : self.days_) archive.optional_block(day);
    if constexpr (Archive::kReads) {
      if (self.writing_ >= 0 && self.writing_ < 7) return;
      archive.refuse("a week of more than seven days");
      self.writing_ = 0;
    }
  }

 private:
  struct Cells : std::array<Cell, kBlocksPerDay> {
    template <class Self, class Archive>
    static void visit(Self& self, Archive& archive) {
      for (auto& cell : self) archive(cell);
    }
  };
  static std::int64_t modulo(std::int64_t a, std::int64_t n) { return ((a % n) + n) % n; }
  static std::size_t in_day(std::int64_t block) {
    return static_cast<std::size_t>(modulo(block, kBlocksPerDay));
  }
  static std::int64_t day_of(std::int64_t block) { return modulo(block, 7 * kBlocksPerDay) / kBlocksPerDay; }

  void pack() {
    if (!cells_) return;
    auto packed = std::make_unique<PackedDay<Cell>>(*cells_);
    cells_.reset();
    if (!packed->empty()) days_[static_cast<std::size_t>(writing_)] = std::move(packed);
  }

  std::int64_t writing_ = 0;      // of the seven, the day of the newest put()
  std::unique_ptr<Cells> cells_;  // its cells; days_ holds nothing of it then
  std::array<std::unique_ptr<PackedDay<Cell>>, 7> days_;
};

}  // namespace sentinel::detect
