// A keyed permutation of 0 .. n - 1 that is computed item by item: no sort and no memory.
#pragma once

#include <cstdint>

#include "stx/core/step_state.hpp"
#include "stx/math/philox.hpp"

namespace stx::math {

/// The permutation number `counter` of a seed and site: a Feistel network of eight rounds on the
/// least even number of bits that holds n, walked until the value is below n again (cycle walking:
/// Black and Rogaway 2002, "Ciphers with arbitrary finite domains"). A walk takes less than four
/// rounds on average and always ends, for it follows a cycle that began below n.
struct KeyedPermutation {
  std::uint32_t keys[8];
  std::uint32_t half_bits;
  std::uint32_t n;

  /// 1 <= n < 2^31.
  STX_HD KeyedPermutation(const StepState& state, std::uint32_t site, std::uint32_t counter, std::uint32_t size)
      : half_bits(1), n(size) {
    while ((std::uint64_t{1} << (2 * half_bits)) < n) ++half_bits;
    for (std::uint32_t call = 0; call < 2; ++call) {
      const PhiloxWords w =
          philox4x32(call, 0, counter, site << 8 | static_cast<std::uint32_t>(RandomPurpose::permutation),
                     static_cast<std::uint32_t>(state.seed), static_cast<std::uint32_t>(state.seed >> 32));
      keys[4 * call] = w.x;
      keys[4 * call + 1] = w.y;
      keys[4 * call + 2] = w.z;
      keys[4 * call + 3] = w.w;
    }
  }

  /// Halves of a few bits mix slowly: eight rounds would leave some orders of five items 10 % too
  /// rare.
  STX_HD std::uint32_t rounds() const { return half_bits < 6 ? 24 : 8; }
  STX_HD std::uint32_t half_mask() const { return (1u << half_bits) - 1u; }

  /// What round `round` adds to the other half.
  STX_HD std::uint32_t mixed_half(std::uint32_t half, std::uint32_t round) const {
    return mixed(half, keys[round & 7u] + (round >> 3)) & half_mask();
  }

  /// One pass through the network: a bijection of [0, 4^half_bits).
  STX_HD std::uint32_t pass(std::uint32_t i) const {
    std::uint32_t left = i >> half_bits, right = i & half_mask();
    for (std::uint32_t round = 0; round < rounds(); ++round) {
      const std::uint32_t next = left ^ mixed_half(right, round);
      left = right;
      right = next;
    }
    return left << half_bits | right;
  }

  /// The place of the permutation that belongs to the result of a first pass.
  STX_HD std::uint32_t walk(std::uint32_t i) const {
    while (i >= n) i = pass(i);
    return settle(i);
  }

  /// The last step of a walk that has arrived below n: a Feistel network is an even permutation; a
  /// transposition half of the time makes up for it.
  STX_HD std::uint32_t settle(std::uint32_t i) const { return i < 2 && n > 1 ? i ^ (keys[7] >> 31) : i; }

  /// Place i of the permutation.
  STX_HD std::uint32_t operator()(std::uint32_t i) const { return walk(pass(i)); }

 private:
  /// Every bit of the value and of the key changes every bit of the result about half of the time
  /// (finaliser of MurmurHash3, Appleby 2011).
  static STX_HD std::uint32_t mixed(std::uint32_t value, std::uint32_t key) {
    std::uint32_t h = value * 0x9E3779B9u + key;
    h = (h ^ h >> 16) * 0x85EBCA6Bu;
    h = (h ^ h >> 13) * 0xC2B2AE35u;
    return h ^ h >> 16;
  }
};

}  // namespace stx::math
