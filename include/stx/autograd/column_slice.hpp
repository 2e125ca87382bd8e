// Columns of a variable, for ops that read them in place.
#pragma once

#include <array>
#include <string_view>

#include "stx/autograd/var.hpp"
#include "stx/backend/elementwise.hpp"

namespace stx {

/// Columns [first, first + width) of a matrix variable.
template <class T, class D>
struct ColumnSlice {
  Var<T, D> matrix;
  std::int64_t first = 0;
  std::int64_t width = 0;

  ColumnSlice() = default;
  /// All columns.
  explicit ColumnSlice(Var<T, D> whole) : ColumnSlice(whole, 0, whole.shape().cols()) {}
  ColumnSlice(Var<T, D> m, std::int64_t first_column, std::int64_t columns)
      : matrix(m), first(first_column), width(columns) {}

  std::int64_t rows() const { return matrix.shape().rows(); }
  std::int64_t stride() const { return matrix.shape().cols(); }
  T* data() const { return matrix.value().data + first; }
};

/// @throws ArgumentError unless the columns exist.
template <class T, class D>
void check_slice(std::string_view where, const ColumnSlice<T, D>& slice) {
  require(slice.matrix.shape().rank() == 2 && slice.first >= 0 && slice.width >= 0 &&
              slice.first + slice.width <= slice.stride(),
          where, "columns [", slice.first, ", ", slice.first + slice.width, ") are not inside shape ",
          slice.matrix.shape());
}

/// Gradient targets of slices (row stride: that of the matrix) that the caller writes in this order.
/// Slices may belong to one variable: it is claimed once, and set to zero first where the slices
/// overlap or leave columns out.
template <class T, class D, std::size_t N>
std::array<GradTarget<T>, N> claim_slices(Context<D>& ctx, const std::array<ColumnSlice<T, D>, N>& slices) {
  std::array<GradTarget<T>, N> targets{};
  std::array<bool, N> done{};
  for (std::size_t i = 0; i < N; ++i) {
    const ColumnSlice<T, D>& slice = slices[i];
    if (done[i] || !slice.matrix.needs_grad()) continue;
    std::int64_t covered = 0;
    bool apart = true;
    for (std::size_t j = i; j < N; ++j) {
      if (!slices[j].matrix.same_as(slice.matrix)) continue;
      done[j] = true;
      covered += slices[j].width;
      for (std::size_t l = i; l < j; ++l)
        apart =
            apart && (!slices[l].matrix.same_as(slice.matrix) || slices[l].first + slices[l].width <= slices[j].first ||
                      slices[j].first + slices[j].width <= slices[l].first);
    }
    GradTarget<T> whole = slice.matrix.claim_grad(ctx);
    if (whole.write == GradWrite::overwrite && !(apart && covered == slice.stride())) {
      fill(ctx, whole.data, slice.matrix.shape().size(), T(0));
      whole.write = GradWrite::accumulate;
    }
    for (std::size_t j = i; j < N; ++j)
      if (slices[j].matrix.same_as(slice.matrix)) targets[j] = {whole.data + slices[j].first, whole.write};
  }
  return targets;
}

}  // namespace stx
