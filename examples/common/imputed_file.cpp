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

/// The spatial file's tables with the imputed genes after its own.
AnnData tables_with(const CountData& st, const ImputedGenes& genes) {
  AnnData out = st.file;
  const std::int64_t n_measured = st.var.rows();
  const auto n_imputed = static_cast<std::int64_t>(genes.names.size());
  out.varm.clear();
  out.varp.clear();
  out.var = st.var;
  for (Column& column : out.var.columns) column.values = extended(column.values, n_imputed);
  out.var.index.insert(out.var.index.end(), genes.names.begin(), genes.names.end());
  std::vector<std::uint8_t> imputed(static_cast<std::size_t>(n_measured), 0);
  imputed.resize(static_cast<std::size_t>(n_measured + n_imputed), 1);
  std::vector<double> expected = genes.measured_pcc;
  expected.insert(expected.end(), genes.expected_pcc.begin(), genes.expected_pcc.end());
  out.var.set("imputed", imputed);
  out.var.set("expected_pcc", expected);
  std::vector<std::uint8_t> without(static_cast<std::size_t>(out.n_obs()), 1);
  for (const std::int64_t row : st.rows) without[static_cast<std::size_t>(row)] = 0;
  out.obs.set("without_counts", without);
  return out;
}

}  // namespace

ImputedFile::ImputedFile(const std::string& path, const CountData& st, const ImputedGenes& genes,
                         const std::vector<std::string>& layers)
    : st_(st), tables_(tables_with(st, genes)), file_(path, tables_.n_obs(), tables_.n_var(), layers) {}

void ImputedFile::write(std::int64_t n, const FillRow& x, const std::map<std::string, FillRow>& layers) {
  require(n_written_ + n <= st_.counts.rows, "ImputedFile", n_written_ + n, " spots written, ", st_.counts.rows,
          " have counts");
  append("X", n, [&](std::span<float> row, std::int64_t i) {
    if (i < 0) return;
    fill_measured(row, n_written_ + i);
    x(row, i);
  });
  for (const auto& [name, fill] : layers) append("layers/" + name, n, fill);
  n_written_ += n;
}

void ImputedFile::append(const std::string& matrix, std::int64_t n, const FillRow& fill) {
  const auto row_of = [&](std::int64_t kept) {  // spots without counts go with the kept one before them
    return kept == 0 ? 0 : kept < st_.counts.rows ? st_.rows[static_cast<std::size_t>(kept)] : tables_.n_obs();
  };
  const std::int64_t last = row_of(n_written_ + n),
                     at_once = std::max<std::int64_t>(1, (1 << 20) / std::max<std::int64_t>(1, n_var()));
  std::int64_t kept = n_written_;
  for (std::int64_t first = row_of(n_written_); first < last; first += at_once) {
    Matrix<float> rows(std::min(at_once, last - first), n_var());
    for (std::int64_t r = 0; r < rows.rows; ++r) {
      const bool has_counts = kept < st_.counts.rows && st_.rows[static_cast<std::size_t>(kept)] == first + r;
      fill(rows.row(r), has_counts ? kept++ - n_written_ : -1);
    }
    file_.append(matrix, rows);
  }
}

void ImputedFile::fill_measured(std::span<float> row, std::int64_t kept) const {
  const auto columns = st_.counts.row_indices(kept);
  const auto values = st_.counts.row_values(kept);
  for (std::size_t e = 0; e < columns.size(); ++e)
    row[static_cast<std::size_t>(st_.columns[static_cast<std::size_t>(columns[e])])] = values[e];
}

}  // namespace stx
