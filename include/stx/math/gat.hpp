// Scalar formulas of graph attention.
#pragma once

#include "stx/math/attention.hpp"
#include "stx/math/dropout.hpp"

namespace stx::math {

/// Score of an edge: LeakyReLU of the sum of its ends' scores.
template <class T>
STX_HD inline T edge_score(T source, T destination, T slope) {
  const T x = source + destination;
  return x > T(0) ? x : slope * x;
}

/// Derivative of edge_score with respect to either end.
template <class T>
STX_HD inline T edge_slope(T source, T destination, T slope) {
  return source + destination > T(0) ? T(1) : slope;
}

/// Dropout factor of (edge, head): row `edge`, column `head` of the dropout's random stream.
STX_HD inline float edge_dropout(const StepState& state, const Dropout& dropout, std::int64_t edge, int head) {
  const PhiloxWords words = dropout_words(state, dropout.site, edge, static_cast<std::uint32_t>(head / dropout_group));
  return dropout_factor(words, head % dropout_group, dropout.threshold(), dropout.scale());
}

}  // namespace stx::math
