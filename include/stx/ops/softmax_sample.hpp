// Draws with replacement from a softmax over many entries.
#pragma once

#include <cmath>

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/softmax_sample.hpp"

namespace stx {

/// `count` entries k, independently and with replacement, with probability
/// exp(kappa logits_k) / sum_j exp(kappa logits_j); new in every step.
///
/// @param logits  (n), 1 <= n < 2^31, or none where nothing is drawn. An entry of -inf is never drawn unless all are
///                (then all are drawn alike); NaN is never drawn unless nothing else is there; +inf is drawn alone
/// @param count   number of draws
/// @param site    from Context::next_random_site()
/// @param kappa   sharpness, finite and not negative: 0 draws all finite entries alike
/// @return        (count) in the step arena
/// @throws ArgumentError when logits is not a vector or a number is out of range.
/// Numerics: weights are rounded to whole numbers of up to 62 bits in all, whose prefix sums are
/// exact; so the draw is the same on every device. An entry below 2^-42 of the largest (n = 10^6)
/// is never drawn. No gradient. Deterministic: yes. Capturable: yes. Source: DCAVAE, section 5
/// (sampling of keys).
template <class T, class D>
Tensor<std::int32_t, D> softmax_sample(Context<D>& ctx, const Tensor<T, D>& logits, std::int64_t count,
                                       std::uint32_t site, double kappa = 1.0) {
  const std::int64_t n = logits.size();
  require(logits.shape.rank() == 1 && (n >= 1 || count == 0) && n < (std::int64_t{1} << 31), "softmax_sample",
          "logits must be a vector of 1 to 2^31 - 1 entries, got shape ", logits.shape);
  require(count >= 0 && kappa >= 0 && std::isfinite(kappa), "softmax_sample",
          "count must not be negative and kappa finite and not negative, got ", count, " and ", kappa);
  check_finite<T, D>(ctx, "softmax_sample", {{"logits", logits, true}});
  Tensor<std::int32_t, D> items = ctx.template make_step<std::int32_t>(Shape{count});
  SoftmaxSample<T> args{.logits = logits.data,
                        .items = items.data,
                        .n = n,
                        .count = count,
                        .kappa = static_cast<float>(kappa),
                        .site = site};
  args.maxima = ctx.step_arena().template allocate<T>(args.tiles() + 1);
  args.inclusive = ctx.step_arena().template allocate<std::uint64_t>(n);
  args.tile_sums = ctx.step_arena().template allocate<std::uint64_t>(args.tiles());
  softmax_sample(ctx, args);
  return items;
}

}  // namespace stx
