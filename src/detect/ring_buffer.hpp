// A queue of bounded length that forgets its oldest element: the slices of the last hour, the admitted ring.
#pragma once

#include <cstddef>
#include <vector>

namespace sentinel::detect {

template <class T>
class RingBuffer {
 public:
  explicit RingBuffer(std::size_t capacity) : items_(capacity) {}

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return items_.size(); }
  bool full() const { return size_ == items_.size(); }
  void clear() { size_ = head_ = 0; }

  // Index 0 is the oldest.
  const T& operator[](std::size_t i) const { return items_[place(i)]; }
  T& operator[](std::size_t i) { return items_[place(i)]; }
  // The i-th newest; 0 is the newest.
  const T& newest(std::size_t i = 0) const { return items_[place(size_ - 1 - i)]; }
  T& newest(std::size_t i = 0) { return items_[place(size_ - 1 - i)]; }

  void push(T item) {
    if (full()) {
      items_[head_] = item;
      head_ = head_ + 1 == items_.size() ? 0 : head_ + 1;
    } else {
      items_[place(size_)] = item;
      ++size_;
    }
  }

  void drop_newest(std::size_t count) { size_ -= count < size_ ? count : size_; }

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    const std::size_t capacity = self.items_.size();
    archive(self.items_, self.head_, self.size_);
    if constexpr (Archive::kReads) {
      if (self.items_.size() != capacity || self.head_ >= capacity || self.size_ > capacity) {
        archive.refuse("a ring with impossible bounds");
        self = RingBuffer(capacity);
      }
    }
  }

 private:
  std::size_t place(std::size_t i) const {
    const std::size_t at = head_ + i;
    return at >= items_.size() ? at - items_.size() : at;
  }
  std::vector<T> items_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace sentinel::detect
