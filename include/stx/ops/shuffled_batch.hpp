// The next batch of passes over items in random order, drawn on the device.
#pragma once

#include "stx/backend/permutation.hpp"

namespace stx {

/// Batch number *batch of passes that never end, each in a new random order; then *batch is counted up.
///
///   pass = *batch / (n / count),  items = places [(*batch mod (n / count)) count, + count) of its permutation
///
/// The n mod count items that are left at the end of a pass are other ones in every pass.
///
/// @param n          number of items, 1 <= n < 2^31
/// @param count      items of a batch, 1 <= count <= n
/// @param site       from Context::next_random_site()
/// @param batch      (1), on the device; upload a number to go on from there
/// @param reshuffle  false: every pass repeats the order of the first
/// @return           (count) in the step arena
/// @throws ArgumentError when a number is out of range or batch is not one value.
/// Numerics: integers, the same on every device. No gradient. Deterministic: yes (a function of seed, site and
/// *batch). Capturable: yes; every replay takes the next batch. Source: as permutation().
template <class D>
Tensor<std::int32_t, D> shuffled_batch(Context<D>& ctx, std::int64_t n, std::int64_t count, std::uint32_t site,
                                       const Tensor<std::uint32_t, D>& batch, bool reshuffle = true) {
  require(n >= 1 && n < (std::int64_t{1} << 31) && count >= 1 && count <= n, "shuffled_batch",
          "n must lie in [1, 2^31) and count in [1, n], got ", n, " and ", count);
  require(batch && batch.size() == 1, "shuffled_batch", "batch must be one value, got shape ", batch.shape);
  Tensor<std::int32_t, D> items = ctx.template make_step<std::int32_t>(Shape{count});
  permutation(
      ctx, Permutation<std::int32_t>{
               .items = items.data, .count = count, .n = n, .site = site, .batch = batch.data, .reshuffle = reshuffle});
  return items;
}

}  // namespace stx
