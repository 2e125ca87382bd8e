// The AnnData file of an imputation: measured counts as they were, imputed genes beside them.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "examples/common/imputed_genes.hpp"
#include "stx/io/h5ad_rows.hpp"

namespace stx {

/// All spots and genes of the spatial file followed by the imputed genes, written some spots at a time: memory does not
/// grow with spots times genes. X is dense float32: the measured columns hold the file's counts, the others expected
/// counts.
class ImputedFile {
 public:
  /// Writes what a matrix holds of spot `i` of a block into `row`, the columns of the file; i = -1: a spot without any
  /// count. Rows come as zeros.
  using FillRow = std::function<void(std::span<float> row, std::int64_t i)>;

  /// Begins the file. Errors: as write_h5ad().
  ImputedFile(const std::string& path, const CountData& st, const ImputedGenes& genes,
              const std::vector<std::string>& layers = {});

  std::int64_t n_var() const { return tables_.n_var(); }
  /// Kept spots that were written.
  std::int64_t n_written() const { return n_written_; }
  /// Everything of the file but its matrices, to be added to. var has `imputed` and `expected_pcc`; obs has
  /// `without_counts`.
  AnnData& tables() { return tables_; }

  /// The next n kept spots. `x` fills imputed columns only; `layers` has every layer by its name.
  void write(std::int64_t n, const FillRow& x, const std::map<std::string, FillRow>& layers = {});
  /// After all kept spots: the file appears.
  void finish() { file_.commit(tables_); }

 private:
  void append(const std::string& matrix, std::int64_t n, const FillRow& fill);
  void fill_measured(std::span<float> row, std::int64_t kept) const;

  const CountData& st_;
  AnnData tables_;
  H5adRowWriter file_;
  std::int64_t n_written_ = 0;
};

}  // namespace stx
