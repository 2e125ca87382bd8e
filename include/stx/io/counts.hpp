// From any matrix to counts: CSR float without zeros, non-negative and finite.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stx/io/anndata.hpp"

namespace stx {

/// Counts as the models take them, and what a person should hear about them.
struct CountMatrix {
  CsrMatrix<float> matrix;            ///< stored entries are > 0
  std::int64_t n_fractional = 0;      ///< entries that are not whole numbers
  std::vector<std::string> warnings;  ///< sentences to show; empty for plain counts
};

namespace detail {

/// Appends one entry at (row, column), dropping zeros; row is the one to name in errors.
template <class T>
void append_count(CountMatrix& out, T value, std::int64_t row, std::int64_t column, std::string_view where) {
  if (value == T{0}) return;
  if constexpr (std::is_floating_point_v<T>) {
    require<DataError>(std::isfinite(value), where, "row ", row, ", column ", column, " is ", value,
                       "; counts must be finite numbers");
    out.n_fractional += value != std::floor(value);
  }
  require<DataError>(value > T{0}, where, "row ", row, ", column ", column, " is ", value,
                     "; counts cannot be negative (is this a scaled matrix? choose raw or a layer)");
  const float count = static_cast<float>(value);
  require<DataError>(std::isfinite(count), where, "row ", row, ", column ", column, " is ", value,
                     ", too large for a 32-bit float");
  if (count == 0.0f) return;  // below the smallest float
  out.matrix.indices.push_back(static_cast<std::int32_t>(column));
  out.matrix.values.push_back(count);
}

inline void end_count_row(CountMatrix& out) {
  out.matrix.indptr.push_back(static_cast<std::int64_t>(out.matrix.values.size()));
}

inline void warn_fractional(CountMatrix& out, std::string_view where) {
  if (out.n_fractional == 0) return;
  out.warnings.push_back(concat("[", where, "] ", out.n_fractional, " of ", out.matrix.nnz(),
                                " non-zero values are not whole numbers; these are not raw counts "
                                "(already normalised?)"));
}

}  // namespace detail

/// Converts any matrix to counts, keeping its shape (cells x genes).
/// Errors (DataError, naming row and column): negative, infinite or NaN values. Fractional values
/// are kept and reported in `warnings`.
inline CountMatrix counts(const AnyMatrix& source, std::string_view where) {
  return std::visit(
      [&](const auto& m) {
        CountMatrix out;
        out.matrix.rows = m.rows;
        out.matrix.cols = m.cols;
        out.matrix.indptr.reserve(static_cast<std::size_t>(m.rows) + 1);
        if constexpr (requires { m.indptr; }) {
          validate(m, where);
          out.matrix.indices.reserve(m.values.size());
          out.matrix.values.reserve(m.values.size());
        }
        for (std::int64_t i = 0; i < m.rows; ++i) {
          if constexpr (requires { m.indptr; }) {
            const auto columns = m.row_indices(i);
            const auto values = m.row_values(i);
            for (std::size_t k = 0; k < values.size(); ++k) {
              detail::append_count(out, values[k], i, columns[k], where);
            }
          } else {
            for (std::int64_t j = 0; j < m.cols; ++j) {
              detail::append_count(out, m(i, j), i, j, where);
            }
          }
          detail::end_count_row(out);
        }
        detail::warn_fractional(out, where);
        return out;
      },
      source);
}

}  // namespace stx
