// Rows of a sparse count matrix as a dense, normalised batch: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/core/csr.hpp"

namespace stx {

/// out(i, column_of[g]) = (log1p(count(r_i, g) * target_sum / total[r_i]) - shift) * scale, where
/// r_i = rows[i], or first_row + i when `rows` is null. Genes with column_of = -1 are left out.
/// A row whose total is 0 counts as all zero. `shift` and `scale` may be null (no standardisation).
/// With `log_normalise` false the stored values are copied as they are.
template <class T>
struct GatherLog1p {
  const std::int64_t* indptr = nullptr;
  const std::int32_t* indices = nullptr;
  const float* counts = nullptr;
  const std::int32_t* rows = nullptr;
  std::int64_t first_row = 0;
  std::int64_t n_rows = 0;
  const std::int32_t* column_of = nullptr;  ///< per source gene: output column or -1
  std::int64_t n_columns = 0;
  const float* totals = nullptr;  ///< per source row: total count the row is scaled by
  float target_sum = 1e4f;
  const T* shift = nullptr;  ///< per output column, or null
  const T* scale = nullptr;  ///< per output column, or null
  bool log_normalise = true;
  T* out = nullptr;  ///< n_rows x n_columns
};

template <class T>
void gather_log1p(Context<Cpu>& ctx, const GatherLog1p<T>& args);
template <class T>
void gather_log1p(Context<Cuda>& ctx, const GatherLog1p<T>& args);

}  // namespace stx
