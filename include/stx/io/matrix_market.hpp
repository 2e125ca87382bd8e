// A folder as Cell Ranger and others write it: matrix.mtx, features.tsv (or genes.tsv) and
// barcodes.tsv, each plain or gzip-compressed.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "stx/io/anndata.hpp"
#include "stx/io/text_reader.hpp"
#include "stx/io/triplets.hpp"

namespace stx {

/// Reads a Matrix Market coordinate file, plain or gzip, as it stands (rows x cols of the file), or
/// transposed. Errors (DataError): not such a file, dense or symmetric, entries out of range,
/// repeated, not numbers, or fewer or more than announced.
inline CsrMatrix<float> read_matrix_market(const std::string& path, bool transpose = false) {
  TextReader in(path);
  std::string line;
  require<DataError>(in.next(line), path, "is empty");
  std::transform(line.begin(), line.end(), line.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::vector<std::string> banner;
  for (std::string& word : split_fields(line, ' ', in.where())) {
    if (!word.empty()) banner.push_back(std::move(word));
  }
  require<DataError>(!banner.empty() && banner[0] == "%%matrixmarket", in.where(), "must begin with %%MatrixMarket");
  require<DataError>(banner.size() == 5 && banner[1] == "matrix" && banner[2] == "coordinate" &&
                         (banner[3] == "integer" || banner[3] == "real") && banner[4] == "general",
                     in.where(), "must announce 'matrix coordinate integer|real general', got '", line, "'");
  do {
    require<DataError>(in.next(line), path, "ends before the line of sizes");
  } while (line.empty() || line.front() == '%');

  const auto words = [&](std::string_view text, std::string_view(&out)[3]) {
    std::size_t n = 0, at = 0;
    while ((at = text.find_first_not_of(" \t", at)) != std::string_view::npos) {
      const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
      if (n == 3) return false;
      out[n++] = text.substr(at, end - at);
      at = end;
    }
    return n == 3;
  };
  std::string_view word[3];
  std::int64_t rows = 0, cols = 0, nnz = 0;
  require<DataError>(words(line, word) && parse_number(word[0], rows) && parse_number(word[1], cols) &&
                         parse_number(word[2], nnz) && rows >= 0 && cols >= 0 && nnz >= 0,
                     in.where(), "must hold rows, columns and entries, got '", line, "'");
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  require<DataError>(rows <= most && cols <= most, in.where(), "announces ", rows, " x ", cols,
                     "; at most 2147483647 each way are supported");
  Triplets entries;
  while (in.next(line)) {
    if (line.empty()) continue;
    std::int64_t row = 0, col = 0;
    float value = 0;
    require<DataError>(
        words(line, word) && parse_number(word[0], row) && parse_number(word[1], col) && parse_number(word[2], value),
        in.where(), "must hold row, column and value, got '", line.substr(0, 80), "'");
    require<DataError>(row >= 1 && row <= rows && col >= 1 && col <= cols, in.where(), "entry (", row, ", ", col,
                       ") lies outside ", rows, " x ", cols);
    entries.rows.push_back(static_cast<std::int32_t>((transpose ? col : row) - 1));
    entries.cols.push_back(static_cast<std::int32_t>((transpose ? row : col) - 1));
    entries.values.push_back(value);
  }
  const auto got = static_cast<std::int64_t>(entries.values.size());
  require<DataError>(got == nnz, path, "announces ", nnz, " entries, but has ", got,
                     "; the file is truncated or damaged");
  return transpose ? csr_from_triplets(entries, cols, rows, path) : csr_from_triplets(entries, rows, cols, path);
}

namespace detail {

/// The first of `names` that exists in `folder`, plain or with ".gz"; "" when none does.
inline std::string find_in_folder(const std::string& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    for (const char* suffix : {"", ".gz"}) {
      const std::string path = folder + "/" + name + suffix;
      if (std::filesystem::exists(path)) return path;
    }
  }
  return "";
}

/// Rows of a tab-separated file without header.
inline std::vector<std::vector<std::string>> read_tsv_rows(const std::string& path) {
  TextReader in(path);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  while (in.next(line)) {
    if (!line.empty()) rows.push_back(split_fields(line, '\t', in.where()));
  }
  return rows;
}

}  // namespace detail

/// Reads such a folder as cells x genes. The files hold genes x cells; a matrix that is already
/// cells x genes is recognised by the lengths of the lists. var names are gene symbols (second
/// column of the features), with columns gene_ids and feature_types where present.
/// Errors (DataError): a file is missing or damaged, lists and matrix disagree.
inline AnnData read_matrix_market_folder(const std::string& folder) {
  const std::string matrix = detail::find_in_folder(folder, {"matrix.mtx"});
  const std::string features = detail::find_in_folder(folder, {"features.tsv", "genes.tsv"});
  const std::string barcodes = detail::find_in_folder(folder, {"barcodes.tsv"});
  require<DataError>(!matrix.empty() && !features.empty() && !barcodes.empty(), folder,
                     "must hold matrix.mtx, features.tsv (or genes.tsv) and barcodes.tsv, each plain "
                     "or .gz; missing: ",
                     matrix.empty() ? "matrix.mtx " : "", features.empty() ? "features.tsv " : "",
                     barcodes.empty() ? "barcodes.tsv" : "");
  AnnData data;
  for (const auto& row : detail::read_tsv_rows(barcodes)) data.obs.index.push_back(row[0]);
  std::vector<std::string> ids, types;
  for (const auto& row : detail::read_tsv_rows(features)) {
    ids.push_back(row[0]);
    data.var.index.push_back(row.size() > 1 ? row[1] : row[0]);
    if (row.size() > 2) types.push_back(row[2]);
  }
  data.var.set("gene_ids", std::move(ids));
  if (types.size() == data.var.index.size() && !types.empty()) {
    data.var.set("feature_types", std::move(types));
  }
  CsrMatrix<float> m = read_matrix_market(matrix, true);
  const auto fits = [&] { return m.rows == data.n_obs() && m.cols == data.n_var(); };
  if (!fits() && m.cols == data.n_obs() && m.rows == data.n_var()) m = read_matrix_market(matrix);
  require<DataError>(fits(), folder, "the matrix is ", m.cols, " genes x ", m.rows, " cells, but there are ",
                     data.n_var(), " features and ", data.n_obs(), " barcodes");
  data.x = std::move(m);
  return data;
}

}  // namespace stx
