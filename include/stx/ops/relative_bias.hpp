// Relative position bias of T5's attention.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/relative_bias.hpp"

namespace stx {

/// Bucket of every distance 0, 1, ... up to the first that falls into the last bucket, in one
/// direction.
///
/// With half = buckets / 2 and exact = half / 2: distances below `exact` have a bucket each, larger
/// ones exact + trunc(ln(m / exact) / ln(max_distance / exact) (half - exact)), at most half - 1,
/// in float as the library of T5 computes it.
///
/// @throws ArgumentError unless buckets is a multiple of 4 and max_distance above buckets / 4.
inline std::vector<std::int32_t> relative_buckets(std::int64_t buckets, std::int64_t max_distance) {
  const std::int64_t half = buckets / 2, exact = half / 2;
  require(buckets >= 4 && buckets % 4 == 0 && max_distance > exact, "relative_buckets",
          "buckets must be a multiple of 4 and max_distance above buckets / 4, got ", buckets, " and ", max_distance);
  std::vector<std::int32_t> found;
  const float whole = std::log(static_cast<float>(max_distance) / static_cast<float>(exact));
  for (std::int64_t m = 0; found.empty() || found.back() < half - 1; ++m) {
    std::int64_t bucket = m;
    if (m >= exact) {
      const float share = std::log(static_cast<float>(m) / static_cast<float>(exact)) / whole;
      bucket = exact + static_cast<std::int64_t>(share * static_cast<float>(half - exact));
    }
    found.push_back(static_cast<std::int32_t>(std::min(bucket, half - 1)));
  }
  return found;
}

/// bias_hij = table_{bucket(j - i), h}: distances after the query use the second half of the table.
///
/// @param table      (buckets, heads)
/// @param distances  (n) from relative_buckets, on the device
/// @param length     of the sequences
/// @return           (heads, length, length), the bias of stx::attention
/// @throws ArgumentError when shapes do not match.
/// Deterministic: yes. Capturable: yes.
/// Source: Raffel et al. 2020, section 2.1.
template <class T, class D>
Var<T, D> relative_bias(Context<D>& ctx, Var<T, D> table, const Tensor<std::int32_t, D>& distances,
                        std::int64_t length) {
  const Shape shape = table.shape();
  require(shape.rank() == 2 && shape[0] % 2 == 0 && distances.size() >= 1 && length >= 0, "relative_bias",
          "table must be (buckets, heads) with even buckets, distances not empty and length "
          "not negative, got ",
          shape, ", ", distances.shape, " and ", length);
  check_finite<T, D>(ctx, "relative_bias", {{"table", table}});
  const std::int64_t heads = shape[1], half = shape[0] / 2;
  Var<T, D> bias = make_output<T, D>(ctx, Shape{heads, length, length}, table.needs_grad());
  relative_bias(ctx, RelativeBias<T>{table.value().data, distances.data, bias.value().data, heads, length, half,
                                     distances.size()});

  struct Backward : Tape<D>::Node {
    Var<T, D> table, bias;
    Tensor<std::int32_t, D> distances;
    static void run(Context<D>& ctx, Backward& node) {
      if (!node.bias.has_grad()) return;
      const GradTarget<T> to_table = node.table.claim_grad(ctx);
      if (to_table.data == nullptr) return;
      const Shape shape = node.table.shape();
      relative_bias_backward(
          ctx, RelativeBiasBackward<T>{node.bias.grad().data, node.distances.data, to_table.data, to_table.write,
                                       shape[1], node.bias.shape()[1], shape[0] / 2, node.distances.size()});
    }
  };
  if (bias.needs_grad()) ctx.tape().record(Backward{{}, table, bias, distances});
  return bias;
}

/// The same of a frozen table: no gradient goes to it.
template <class T, class D>
Var<T, D> relative_bias(Context<D>& ctx, const Tensor<T, D>& table, const Tensor<std::int32_t, D>& distances,
                        std::int64_t length) {
  return relative_bias(ctx, constant(ctx, table), distances, length);
}

}  // namespace stx
