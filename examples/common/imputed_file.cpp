#include "examples/common/imputed_file.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace stx {

namespace {

/// A column with `extra` more rows that say "not known".
ColumnValues extended(const ColumnValues& values, std::int64_t extra) {
  const auto n = static_cast<std::size_t>(size_of(values) + extra);
  if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&values)) {
    std::vector<double> out(numbers->begin(), numbers->end());
    out.resize(n, std::numeric_limits<double>::quiet_NaN());
    return out;
  }
  return std::visit(
      [&](const auto& column) -> ColumnValues {
        auto out = column;
        if constexpr (requires { out.codes; }) {
          out.codes.resize(n, -1);
        } else if constexpr (requires { out.missing; }) {
          out.values.resize(n);
          out.missing.resize(n, 1);
        } else if constexpr (std::is_same_v<std::decay_t<decltype(out)>, std::vector<double>>) {
          out.resize(n, std::numeric_limits<double>::quiet_NaN());
        } else {
          out.resize(n);
        }
        return out;
      },
      values);
}

}  // namespace

AnnData imputed_anndata(const CountData& st, const Imputation& imputation) {
  AnnData out = st.file;
  const std::int64_t n_obs = st.file.n_obs();
  const std::int64_t n_measured = st.var.rows();
  const auto n_imputed = static_cast<std::int64_t>(imputation.genes.size());
  Matrix<float> x(n_obs, n_measured + n_imputed);
  for (std::int64_t i = 0; i < st.counts.rows; ++i) {
    auto row = x.row(st.rows[i]);
    const auto columns = st.counts.row_indices(i);
    const auto values = st.counts.row_values(i);
    for (std::size_t e = 0; e < columns.size(); ++e) row[st.columns[columns[e]]] = values[e];
    std::copy_n(imputation.counts.row(i).begin(), n_imputed, row.begin() + n_measured);
  }
  out.x = std::move(x);
  out.varm.clear();
  out.varp.clear();
  out.var = st.var;
  for (Column& column : out.var.columns) column.values = extended(column.values, n_imputed);
  out.var.index.insert(out.var.index.end(), imputation.genes.begin(), imputation.genes.end());
  std::vector<std::uint8_t> imputed(static_cast<std::size_t>(n_measured), 0);
  imputed.resize(static_cast<std::size_t>(n_measured + n_imputed), 1);
  std::vector<double> expected = imputation.measured_pcc;
  expected.insert(expected.end(), imputation.expected_pcc.begin(), imputation.expected_pcc.end());
  out.var.set("imputed", imputed);
  out.var.set("expected_pcc", expected);
  std::vector<std::uint8_t> without(static_cast<std::size_t>(n_obs), 1);
  for (std::int64_t row : st.rows) without[row] = 0;
  out.obs.set("without_counts", without);
  out.uns["stx"] = imputation.provenance;
  return out;
}

}  // namespace stx
