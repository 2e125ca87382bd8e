// Formulas of a pair of the contrastive loss: a cosine, and whether it is a positive's (mark 1) or another's (mark 0).
//
// m = scale cosine, scale = 1 / temperature. A cosine is at most 1 (to rounding), so that scale itself is taken from
// exponents: no need to look for the maximum of a row. V is a number, or a register of numbers T.
#pragma once

#include <cmath>

#include "stx/math/elementary.hpp"

namespace stx::math {

/// The least length a vector is divided by.
template <class T>
inline constexpr T contrastive_floor = T(1e-8);

/// 1 / max(length, floor), from the square of the length.
template <class T>
STX_HD inline T contrastive_inverse_length(T square) {
  const T length = std::sqrt(square);
  return T(1) / (length <= contrastive_floor<T> ? contrastive_floor<T> : length);
}

/// What of a gradient's product with the unit vector does not move that vector; below the floor the length is a
/// constant.
template <class T>
STX_HD inline T contrastive_along(T dot, T inverse_length) {
  return inverse_length < T(1) / contrastive_floor<T> ? dot : T(0);
}

/// x of a pair that is no positive, 0 of a positive.
template <class V, class T = V>
STX_HD inline V contrastive_other(V mark, V x) {
  return (T(1) - mark) * x;
}

/// e^(m - scale).
template <class T>
STX_HD inline T contrastive_exp(T scale, T cosine) {
  return exp(scale * cosine - scale);
}

/// What a pair adds to its anchor's denominator; `counted` is 1 where positives stand in it too, otherwise 0.
template <class V, class T>
STX_HD inline V contrastive_share(V mark, T counted, V exponential) {
  return (mark * counted + (T(1) - mark)) * exponential;
}

/// d loss / d cosine of a pair whose share of the denominator is push * share and whose pull is `pull`.
template <class T>
STX_HD inline T contrastive_slope(T factor, T push, T share, T pull) {
  return factor * (push * share - pull);
}

/// Contrast::dcavae_r1: e^w of a pair, w = 1 / c, or 0 of a positive, less the largest of the row.
template <class T>
STX_HD inline T contrastive_weight(T mark, T inverse_distance, T largest) {
  return exp((T(1) - mark) * inverse_distance - largest);
}

/// Contrast::dcavae_r1: e^(w m - scale).
template <class T>
STX_HD inline T contrastive_weighted_exp(T weight, T scale, T cosine) {
  return exp(weight * scale * cosine - scale);
}

}  // namespace stx::math
