// Random hiding of inputs for masked-gene training.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/backend/hide_inputs.hpp"

namespace stx {

/// Hides a random share of each row's inputs: share_i ~ U[lowest, highest], then every x_ij becomes 0
/// with probability share_i.
///
/// @param x     (rows, cols), changed in place; 0 must mean "unknown", as it does for z-scores
/// @param hide  range of the shares and random site
/// @param counted  (cols) of 0 and 1, or empty: columns marked 0 are hidden like the others, but the
///                 result never marks them
/// @return      (rows, cols): 1 where hidden and counted, 0 elsewhere; the mask of the loss
/// @throws ArgumentError when x is not a matrix or the shares are outside 0 <= lowest <= highest <= 1.
/// Deterministic: yes (a function of seed, site, step, row and column). Capturable: yes.
/// Source: CASPER, section 9, protocol G.
template <class T, class D>
Tensor<T, D> hide_inputs(Context<D>& ctx, const Tensor<T, D>& x, const Hide& hide, const Tensor<T, D>& counted = {}) {
  require(x.shape.rank() == 2, "hide_inputs", "x must be a matrix (rows, cols), got ", x.shape);
  require(hide.lowest >= 0 && hide.lowest <= hide.highest && hide.highest <= 1, "hide_inputs",
          "shares must satisfy 0 <= lowest <= highest <= 1, got ", hide.lowest, " and ", hide.highest);
  require(!counted || counted.shape == Shape{x.cols()}, "hide_inputs", "counted must have shape (", x.cols(), "), got ",
          counted.shape);
  check_finite<T, D>(ctx, "hide_inputs", {{"x", x}, {"counted", counted}});
  Tensor<T, D> hidden = ctx.template make_step<T>(x.shape);
  hide_inputs(ctx, HideInputs<T>{x.data, hidden.data, counted.data, x.rows(), x.cols(), hide});
  return hidden;
}

}  // namespace stx
