// The protobuf wire format, as far as a receiver needs it: fields of a message in their order, values as they
// stand in the bytes. https://protobuf.dev/programming-guides/encoding
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace sentinel::ingest {

struct WireField {
  enum class Type : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  std::uint32_t number = 0;
  Type type = Type::kVarint;
  std::uint64_t value = 0;  // of all types but kBytes
  std::string_view bytes;   // of kBytes: a string, a message, a packed list

  bool is(std::uint32_t n, Type t) const { return number == n && type == t; }
  double as_double() const { return std::bit_cast<double>(value); }
  std::int64_t as_int() const { return static_cast<std::int64_t>(value); }
};

// `for (auto f = reader.next(); f; f = reader.next())`, then ask damaged(): it ends early at bytes that are
// no fields (a cut message, a group). Views into the message, which must outlive it.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  std::optional<WireField> next() {
    if (rest_.empty() || damaged_) return std::nullopt;
    WireField field;
    const auto key = varint();
    if (!key || (*key >> 3) == 0 || (*key >> 3) > 0x1FFFFFFF) return stop();
    field.number = static_cast<std::uint32_t>(*key >> 3);
    switch (*key & 7U) {
      case 0: {
        const auto value = varint();
        if (!value) return stop();
        field.value = *value;
        field.type = WireField::Type::kVarint;
        return field;
      }
      case 1:
        field.type = WireField::Type::kFixed64;
        return fixed(field, 8);
      case 5:
        field.type = WireField::Type::kFixed32;
        return fixed(field, 4);
      case 2: {
        const auto size = varint();
        if (!size || *size > rest_.size()) return stop();
        field.type = WireField::Type::kBytes;
        field.bytes = rest_.substr(0, static_cast<std::size_t>(*size));
        rest_.remove_prefix(static_cast<std::size_t>(*size));
        return field;
      }
      default:
        return stop();
    }
  }
  bool damaged() const { return damaged_; }

 private:
  std::optional<WireField> stop() {
    damaged_ = true;
    return std::nullopt;
  }
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    return std::nullopt;
  }
  std::optional<WireField> fixed(WireField field, std::size_t size) {
    if (rest_.size() < size) return stop();
    // The format is little endian, as is every machine we build for.
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(&field.value, rest_.data(), size);
    rest_.remove_prefix(size);
    return field;
  }

  std::string_view rest_;
  bool damaged_ = false;
};

}  // namespace sentinel::ingest
