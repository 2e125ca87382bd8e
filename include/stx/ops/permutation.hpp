// A random order of items, any slice of it, made on the device.
#pragma once

#include "stx/backend/permutation.hpp"

namespace stx {

/// Places [first, first + count) of a random permutation of 0 .. n - 1.
///
/// The permutation is a keyed bijection (a small block cipher on the numbers below n): every item
/// is computed on its own, so a batch costs its own size, nothing is sorted or stored, and slices
/// made in different calls, orders or devices are parts of one permutation. With 2^256 keys not
/// every one of the n! orders is possible for large n; no test of order statistics tells the
/// difference.
///
/// @param n        number of items, 0 <= n < 2^31
/// @param site     from Context::next_random_site()
/// @param first    first place, 0 <= first
/// @param count    places, first + count <= n
/// @param counter  (1), on the device: which permutation, for example the epoch; empty: the step, so that every step
///                 has another one
/// @return         (count) in the step arena
/// @throws ArgumentError when a number is out of range or counter is not one value.
/// Numerics: integers, the same on every device. No gradient. Deterministic: yes. Capturable: yes.
/// Source: Black and Rogaway 2002 (cycle walking over a Feistel network).
template <class D>
Tensor<std::int32_t, D> permutation(Context<D>& ctx, std::int64_t n, std::uint32_t site, std::int64_t first,
                                    std::int64_t count, const Tensor<std::uint32_t, D>& counter = {}) {
  require(n >= 0 && n < (std::int64_t{1} << 31) && first >= 0 && count >= 0 && first <= n && count <= n - first,
          "permutation", "n must be in [0, 2^31) and [first, first + count) inside [0, n), got n = ", n,
          ", first = ", first, ", count = ", count);
  require(!counter || counter.shape.size() == 1, "permutation", "counter must be a single value, got shape ",
          counter.shape);
  Tensor<std::int32_t, D> items = ctx.template make_step<std::int32_t>(Shape{count});
  permutation(ctx, Permutation<std::int32_t>{items.data, counter.data, first, count, n, site});
  return items;
}

}  // namespace stx
