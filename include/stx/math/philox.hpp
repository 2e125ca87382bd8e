// Philox 4x32-10: a counter-based random generator (Salmon et al. 2011, "Parallel random numbers:
// as easy as 1, 2, 3"). The same (key, counter) gives the same four words on every device.
#pragma once

#include <array>
#include <cstdint>

#include "stx/core/macros.hpp"

namespace stx {

/// What a random stream is for; streams of different purpose never share a counter.
enum class RandomPurpose : std::uint32_t {
  initialise = 1,
  shuffle = 2,
  dropout = 3,
  simulate = 4,
  mask = 5,
  sample = 6,
  cluster = 7,
  noise = 8,
  counts = 9,
  permutation = 10,
  choice = 11,
  neighbours = 12,
};

struct PhiloxWords {
  std::uint32_t x, y, z, w;
};

/// Ten rounds of Philox on a 128-bit counter (c0..c3) under a 64-bit key (k0, k1).
STX_HD inline PhiloxWords philox4x32(std::uint32_t c0, std::uint32_t c1, std::uint32_t c2, std::uint32_t c3,
                                     std::uint32_t k0, std::uint32_t k1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

/// Array form of philox4x32.
inline std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) {
  const PhiloxWords r = philox4x32(counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  return {r.x, r.y, r.z, r.w};
}

/// Uniform in the open interval (0, 1) with 23 bits (with 24 the largest would round to 1).
STX_HD inline float uniform_open(std::uint32_t bits) {
  return (static_cast<float>(bits >> 9) + 0.5f) * (1.0f / 8388608.0f);
}

/// Uniform in the open interval (0, 1) with 52 bits, from two words.
STX_HD inline double uniform_open(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (static_cast<std::uint64_t>(high) << 32 | low) >> 12;
  return (static_cast<double>(bits) + 0.5) * (1.0 / 4503599627370496.0);
}

/// Sequential generator over one stream: key = seed, counter = (position, item, purpose).
///
/// For host-side work (initialisation, simulation, shuffles); satisfies UniformRandomBitGenerator.
class PhiloxStream {
 public:
  using result_type = std::uint32_t;

  PhiloxStream(std::uint64_t seed, RandomPurpose purpose, std::uint64_t item = 0)
      : seed_(seed), item_(item), purpose_(static_cast<std::uint32_t>(purpose)) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return 0xFFFFFFFFu; }

  result_type operator()() {
    if (used_ == 4) {
      const PhiloxWords r =
          philox4x32(block_++, static_cast<std::uint32_t>(item_), static_cast<std::uint32_t>(item_ >> 32), purpose_,
                     static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32));
      words_ = {r.x, r.y, r.z, r.w};
      used_ = 0;
    }
    return words_[used_++];
  }

  /// Uniform in (0, 1), 52 bits.
  double uniform() {
    const std::uint32_t high = (*this)();
    return uniform_open(high, (*this)());
  }

  /// Uniform integer in [0, n), without bias (multiply-shift with rejection). n >= 1.
  std::uint32_t below(std::uint32_t n) {
    const std::uint32_t threshold = (0u - n) % n;
    for (;;) {
      const std::uint64_t product = std::uint64_t{(*this)()} * n;
      if (static_cast<std::uint32_t>(product) >= threshold) return static_cast<std::uint32_t>(product >> 32);
    }
  }

 private:
  std::uint64_t seed_;
  std::uint64_t item_;
  std::uint32_t purpose_;
  std::uint32_t block_ = 0;
  std::uint32_t used_ = 4;
  std::array<std::uint32_t, 4> words_{};
};

}  // namespace stx
