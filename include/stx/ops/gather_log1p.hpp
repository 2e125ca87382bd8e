// A dense, normalised batch from sparse counts.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/backend/gather_log1p.hpp"

namespace stx {

/// Which genes a batch holds and how counts are scaled.
template <class T, class D>
struct BatchLayout {
  Tensor<std::int32_t, D> column_of = {};  ///< per source gene: output column, or -1 to leave it out; checked as rows
  std::int64_t n_columns = 0;
  Tensor<float, D> totals = {};  ///< per source row: the total count it is divided by
  float target_sum = 1e4f;       ///< what a row's total is scaled to
  Tensor<T, D> shift = {};       ///< per output column, subtracted after the log; may be empty
  Tensor<T, D> scale = {};       ///< per output column, factor after the shift; may be empty
};

/// Rows of a count matrix, scaled to a fixed total, log1p, standardised, dense.
///
///   out_ij = (log1p(count(rows_i, g) target_sum / total(rows_i)) - shift_j) scale_j,  column_of[g] = j
///
/// @param counts  (n, genes) in CSR
/// @param rows    (batch) row numbers, each in [0, n), which only ContextOptions::check_inputs checks
/// @return        (batch, n_columns) in the step arena, without gradient
/// @throws ArgumentError when the layout does not fit the counts.
/// Deterministic: yes. Capturable: yes (the row numbers are read from device memory).
/// Source: CASPER, section 2 c-e.
template <class T, class D>
Tensor<T, D> gather_log1p(Context<D>& ctx, const Csr<D>& counts, const Tensor<std::int32_t, D>& rows,
                          const BatchLayout<T, D>& layout) {
  require(rows && rows.shape.rank() == 1, "gather_log1p", "rows must be a list of row numbers, got ",
          rows ? "shape " + rows.shape.str() : "an empty tensor");
  require(layout.column_of && layout.totals, "gather_log1p", "layout needs column_of and totals");
  require(layout.column_of.size() == counts.cols && layout.totals.size() == counts.rows, "gather_log1p",
          "layout is for ", layout.totals.size(), " rows and ", layout.column_of.size(), " genes, counts have ",
          counts.rows, " and ", counts.cols);
  require((!layout.shift || layout.shift.size() == layout.n_columns) &&
              (!layout.scale || layout.scale.size() == layout.n_columns),
          "gather_log1p", "shift and scale must have n_columns = ", layout.n_columns, " values");
  check_finite<float, D>(ctx, "gather_log1p", {{"counts", counts.values}, {"totals", layout.totals}});
  check_indices(ctx, "gather_log1p", "rows", rows, 0, counts.rows);
  check_indices(ctx, "gather_log1p", "column_of", layout.column_of, -1, layout.n_columns);
  check_finite<T, D>(ctx, "gather_log1p", {{"shift", layout.shift}, {"scale", layout.scale}});
  Tensor<T, D> out = ctx.template make_step<T>(Shape{rows.size(), layout.n_columns});
  gather_log1p(ctx, GatherLog1p<T>{.indptr = counts.indptr.data,
                                   .indices = counts.indices.data,
                                   .counts = counts.values.data,
                                   .rows = rows.data,
                                   .n_rows = rows.size(),
                                   .column_of = layout.column_of.data,
                                   .n_columns = layout.n_columns,
                                   .totals = layout.totals.data,
                                   .target_sum = layout.target_sum,
                                   .shift = layout.shift.data,
                                   .scale = layout.scale.data,
                                   .out = out.data});
  return out;
}

}  // namespace stx
