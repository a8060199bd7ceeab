// Exact bytes of the detector's state. A class lists its members once, in a static visit(self, archive),
// which both directions use. Numbers are stored as they are in memory (little endian, IEEE doubles), so a
// restored state goes on bit for bit. Written and read by the same binary version: detector.cpp checks that.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sentinel::detect {

class StateWriter {
 public:
  static constexpr bool kReads = false;

  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  template <class T>
  void optional_block(const std::unique_ptr<T>& block) {
    put(block != nullptr);
    if (block) put(*block);
  }
  void refuse(const char*) {}
  std::string& bytes() { return bytes_; }

 private:
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    } else {
      T::visit(value, *this);
    }
  }
  void put(const std::string& text) {
    put(static_cast<std::uint64_t>(text.size()));
    bytes_.append(text);
  }
  template <class T>
  void put(const std::vector<T>& items) {
    put(static_cast<std::uint64_t>(items.size()));
    for (const T& item : items) put(item);
  }
  template <class T, std::size_t N>
  void put(const std::array<T, N>& items) {
    for (const T& item : items) put(item);
  }
  std::string bytes_;
};

// After the first impossible value everything reads as zero and failure() says what was wrong.
class StateReader {
 public:
  static constexpr bool kReads = true;
  explicit StateReader(std::string_view bytes) : rest_(bytes) {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  template <class T>
  void optional_block(std::unique_ptr<T>& block) {
    bool present = false;
    get(present);
    block.reset();
    if (!present) return;
    block = std::make_unique<T>();
    get(*block);
  }
  void refuse(const char* why) {
    if (failure_ == nullptr) failure_ = why;
    rest_ = {};
  }
  const char* failure() const { return failure_; }
  bool at_end() const { return rest_.empty(); }

 private:
  template <class T>
  void get(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      std::uint8_t byte = 0;
      get(byte);
      value = byte != 0;
    } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      value = T{};
      if (rest_.size() < sizeof(T)) return refuse("cut off");
      std::memcpy(&value, rest_.data(), sizeof(T));
      rest_.remove_prefix(sizeof(T));
    } else {
      T::visit(value, *this);
    }
  }
  void get(std::string& text) {
    const std::uint64_t size = length();
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  template <class T>
  void get(std::vector<T>& items) {
    items.assign(length(), T{});
    for (T& item : items) get(item);
  }
  template <class T, std::size_t N>
  void get(std::array<T, N>& items) {
    for (T& item : items) get(item);
  }
  // Every item takes at least a byte, so a length beyond the rest is damage, not a large allocation.
  std::uint64_t length() {
    std::uint64_t size = 0;
    get(size);
    if (size > rest_.size()) {
      refuse("a length beyond the end");
      return 0;
    }
    return size;
  }
  std::string_view rest_;
  const char* failure_ = nullptr;
};

}  // namespace sentinel::detect
