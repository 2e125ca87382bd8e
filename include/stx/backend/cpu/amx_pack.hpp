// Floats for the matrix unit, whose factors are bfloat16: a float is the exact sum of three of them, of 8 bits each,
// and a product of floats the sum of six products of parts. What is left out is below 2^-25 of it, less than a
// multiplication in float rounds away.
//
// A tile of the left factor has 16 rows of 32 steps of the inner dimension, one of the right factor 16 columns. Either
// is packed as 16 rows of 16 pairs (step r, step r + 16): the order within a tile's 32 steps is free if both factors
// have the same, and such pairs need no permutation.
#pragma once

#include <algorithm>

#include "stx/backend/cpu/amx.hpp"
#include "stx/backend/cpu/rows_ahead.hpp"

namespace stx::cpu {
inline namespace STX_SIMD {

#if defined(STX_AMX)

inline constexpr std::int64_t amx_rows = 16;    ///< of a tile, and its columns of floats
inline constexpr std::int64_t amx_steps = 32;   ///< of the inner dimension in a tile
inline constexpr int amx_parts = 3;             ///< of a float
inline constexpr std::int64_t amx_tile = 1024;  ///< bytes

using AmxFloats = Simd<float>::type;
typedef std::uint32_t AmxBits __attribute__((vector_size(64)));

inline AmxBits amx_bits(AmxFloats x) {
  AmxBits bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// A bfloat16 in the upper halves of what is taken from x: x rounded to 8 bits.
inline AmxBits amx_take(AmxFloats& x) {
  const AmxBits upper = (amx_bits(x) + 0x8000u) & 0xffff0000u;
  AmxFloats taken;
  std::memcpy(&taken, &upper, sizeof taken);
  x -= taken;
  return upper;
}

/// The parts of 16 floats, in upper halves.
struct AmxParts {
  AmxBits part[amx_parts];

  explicit AmxParts(AmxFloats x) {
    part[0] = amx_take(x);
    part[1] = amx_take(x);
    part[2] = amx_bits(x);  // at most 8 bits are left
  }
};

/// Row r of the tiles of the parts: the pairs (lo, hi).
inline void amx_store_pairs(const AmxParts& lo, const AmxParts& hi, std::int64_t r, unsigned char* tiles) {
  STX_UNROLL(4)
  for (int p = 0; p < amx_parts; ++p) {
    const AmxBits pairs = (lo.part[p] >> 16) | hi.part[p];
    std::memcpy(tiles + p * amx_tile + r * 64, &pairs, 64);
  }
}

/// Tiles of the rows lo + r ld and hi + r ld of 16 values; with `transpose` of their columns.
template <bool transpose>
void amx_pack_square(const float* lo, const float* hi, std::int64_t ld, unsigned char* tiles) {
  if constexpr (transpose) {
    AmxFloats low[amx_rows], high[amx_rows];
    STX_UNROLL(16)
    for (int r = 0; r < amx_rows; ++r) {
      low[r] = simd_load(lo + r * ld);
      high[r] = simd_load(hi + r * ld);
    }
    simd_transpose<float>(low);
    simd_transpose<float>(high);
    for (int r = 0; r < amx_rows; ++r) amx_store_pairs(AmxParts(low[r]), AmxParts(high[r]), r, tiles);
  } else {
    for (int r = 0; r < amx_rows; ++r)
      amx_store_pairs(AmxParts(simd_load(lo + r * ld)), AmxParts(simd_load(hi + r * ld)), r, tiles);
  }
}

/// Bytes that a panel of so many steps needs.
inline constexpr std::int64_t amx_panel(std::int64_t depth) {
  return (depth + amx_steps - 1) / amx_steps * amx_parts * amx_tile;
}

/// Packs 16 rows (or columns) of a factor for `depth` steps: at most `n` exist, the others become zeros. The factor is
/// stored by rows of steps (value of step k and row i at from[i * ld + k]) or, with `steps_first`, by steps
/// (from[k * ld + i]). `right` says which factor: a tile's rows are the left one's rows, the right one's steps.
/// Calls meanwhile() once a tile.
template <bool right, class Meanwhile>
void amx_pack_panel(const float* from, std::int64_t ld, bool steps_first, std::int64_t depth, std::int64_t n,
                    unsigned char* tiles, Meanwhile&& meanwhile) {
  n = std::min(n, amx_rows);
  for (std::int64_t k = 0; k < depth; k += amx_steps, tiles += amx_parts * amx_tile) {
    const std::int64_t steps = std::min(amx_steps, depth - k);
    const float* lo = from + (steps_first ? k * ld : k);
    const float* hi = lo + (steps_first ? amx_rows * ld : amx_rows);
    std::int64_t stride = ld;
    float whole[2][amx_rows * amx_rows];
    if (n < amx_rows || steps < amx_steps) {
      std::fill_n(whole[0], 2 * amx_rows * amx_rows, 0.0f);
      for (int half = 0; half < 2; ++half) {
        const std::int64_t some = std::clamp<std::int64_t>(steps - half * amx_rows, 0, amx_rows);
        const float* source = half == 0 ? lo : hi;
        for (std::int64_t r = 0; r < (steps_first ? some : n); ++r)
          std::copy_n(source + r * ld, steps_first ? n : some, whole[half] + r * amx_rows);
      }
      lo = whole[0], hi = whole[1], stride = amx_rows;
    }
    meanwhile();
    if (steps_first == right) {
      amx_pack_square<false>(lo, hi, stride, tiles);
    } else {
      amx_pack_square<true>(lo, hi, stride, tiles);
    }
  }
}

#endif

}  // namespace STX_SIMD
}  // namespace stx::cpu
