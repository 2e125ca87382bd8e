// FNV-1a, a simple 64-bit hash: for grouping rows and for recording which labels were used.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace stx {

/// FNV-1a 64 of the bytes added so far; the same on every machine (integers go in low byte first).
/// Source: Fowler, Noll, Vo; offset basis 14695981039346656037, prime 1099511628211.
class Fnv1a64 {
 public:
  Fnv1a64& add_byte(unsigned char byte) {
    value_ = (value_ ^ byte) * 1099511628211ULL;
    return *this;
  }
  Fnv1a64& add(std::string_view text) {
    for (const char c : text) add_byte(static_cast<unsigned char>(c));
    return *this;
  }
  template <class Integer>
  requires std::is_integral_v<Integer> Fnv1a64& add(Integer number) {
    auto bits = static_cast<std::make_unsigned_t<Integer>>(number);
    for (std::size_t byte = 0; byte < sizeof(Integer); ++byte) {
      add_byte(static_cast<unsigned char>(static_cast<std::uint64_t>(bits) >> (8 * byte) & 0xff));
    }
    return *this;
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 14695981039346656037ULL;
};

}  // namespace stx
