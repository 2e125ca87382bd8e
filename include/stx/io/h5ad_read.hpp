// Reading AnnData files (.h5ad).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "stx/io/anndata.hpp"
#include "stx/io/crash_probe.hpp"
#include "stx/io/h5ad_matrix.hpp"
#include "stx/io/h5ad_table.hpp"
#include "stx/io/h5ad_uns.hpp"

namespace stx {

/// What read_h5ad reads, and how.
struct H5adReadOptions {
  bool matrices = true;  ///< X, layers, raw.X, obsp, varp; off: only names and annotations
  bool uns = true;
  bool sort_indices = false;                  ///< sort unsorted CSR rows instead of refusing them
  std::int64_t max_uns_elements = 1'000'000;  ///< larger arrays in uns (images) are skipped
  /// Let a child process read the file first, so that a file whose damage crashes libhdf5 becomes
  /// an error (see crash_probe.hpp). Takes twice the time; fork before threads and devices are in
  /// use.
  bool probe = false;
  unsigned probe_limit_s = 0;  ///< seconds given to that child; 0: no limit
};

namespace h5ad {

/// A dense matrix of doubles from a data set or a data frame of numbers; nothing otherwise.
inline std::optional<Matrix<double>> read_embedding(const hdf5::Object& object) {
  if (hdf5::kind(object) == hdf5::Kind::dataset) {
    const hdf5::Extent extent = hdf5::extent_of(object);
    if (extent.dims.size() != 2 || extent.element == hdf5::Element::string || extent.element == hdf5::Element::other) {
      return std::nullopt;
    }
    return read_dense<double>(object);
  }
  if (hdf5::string_attribute(object, "encoding-type").value_or("") != "dataframe") {
    return std::nullopt;
  }
  std::vector<std::string> ignored;
  const Table table = read_table_group(object, ignored);
  Matrix<double> m(table.rows(), static_cast<std::int64_t>(table.columns.size()));
  for (std::int64_t j = 0; j < m.cols; ++j) {
    const ColumnValues& values = table.columns[j].values;
    const auto* reals = std::get_if<std::vector<double>>(&values);
    const auto* wholes = std::get_if<std::vector<std::int64_t>>(&values);
    if (!reals && !wholes) return std::nullopt;
    for (std::int64_t i = 0; i < m.rows; ++i) {
      m(i, j) = reals ? (*reals)[i] : static_cast<double>((*wholes)[i]);
    }
  }
  return m;
}

inline std::map<std::string, Matrix<double>> read_embeddings(const hdf5::Object& root, const std::string& name,
                                                             std::int64_t rows, std::vector<std::string>& skipped) {
  std::map<std::string, Matrix<double>> result;
  const std::optional<hdf5::Object> group = hdf5::find(root, name);
  if (!group) return result;
  if (hdf5::kind(*group) != hdf5::Kind::group) {
    skipped.push_back(group->path + ": not a group of matrices");
    return result;
  }
  for (const std::string& key : hdf5::children(*group)) {
    const hdf5::Object object = hdf5::open(*group, key);
    std::optional<Matrix<double>> m = read_embedding(object);
    if (!m) {
      skipped.push_back(object.path + ": not a dense matrix of numbers");
      continue;
    }
    require<DataError>(m->rows == rows, object.where(), "has ", m->rows, " rows, expected ", rows);
    result.emplace(key, std::move(*m));
  }
  return result;
}

inline AnyMatrix read_shaped(const hdf5::Object& object, std::int64_t rows, std::int64_t cols,
                             const H5adReadOptions& options) {
  AnyMatrix m = read_matrix(object, options.sort_indices);
  require<DataError>(rows_of(m) == rows && cols_of(m) == cols, object.where(), "is ", rows_of(m), " x ", cols_of(m),
                     ", but the tables of rows and columns have ", rows, " and ", cols, " entries");
  return m;
}

/// The matrix called `name`, unless it is absent or explicitly null.
inline std::optional<AnyMatrix> read_optional(const hdf5::Object& root, const std::string& name, std::int64_t rows,
                                              std::int64_t cols, const H5adReadOptions& options) {
  const std::optional<hdf5::Object> object = hdf5::find(root, name);
  if (!object || !options.matrices) return std::nullopt;
  if (hdf5::kind(*object) == hdf5::Kind::dataset && hdf5::extent_of(*object).null) return std::nullopt;
  return read_shaped(*object, rows, cols, options);
}

inline std::map<std::string, AnyMatrix> read_matrices(const hdf5::Object& root, const std::string& name,
                                                      std::int64_t rows, std::int64_t cols,
                                                      const H5adReadOptions& options) {
  std::map<std::string, AnyMatrix> result;
  const std::optional<hdf5::Object> group = hdf5::find(root, name);
  if (!group || !options.matrices) return result;
  for (const std::string& key : hdf5::children(*group)) {
    result.emplace(key, read_shaped(hdf5::open(*group, key), rows, cols, options));
  }
  return result;
}

inline AnnData read(const hdf5::Object& root, const H5adReadOptions& options) {
  for (const char* name : {"obs", "var"}) {
    require<DataError>(hdf5::find(root, name).has_value(), root.file, "is not an AnnData file: it has no /", name);
  }
  AnnData data;
  data.obs = read_table(root, "obs", data.skipped);
  data.var = read_table(root, "var", data.skipped);
  const std::int64_t n = data.n_obs(), g = data.n_var();
  data.x = read_optional(root, "X", n, g, options);
  data.layers = read_matrices(root, "layers", n, g, options);
  data.obsm = read_embeddings(root, "obsm", n, data.skipped);
  data.varm = read_embeddings(root, "varm", g, data.skipped);
  data.obsp = read_matrices(root, "obsp", n, n, options);
  data.varp = read_matrices(root, "varp", g, g, options);
  const std::optional<hdf5::Object> raw = hdf5::find(root, "raw");
  if (raw && hdf5::kind(*raw) == hdf5::Kind::group) {
    data.raw.emplace();
    data.raw->var = read_table(*raw, "var", data.skipped);
    data.raw->x = read_optional(*raw, "X", n, data.raw->var.rows(), options);
  } else if (hdf5::find(root, "raw.var")) {  // anndata before 0.7
    data.raw.emplace();
    data.raw->var = read_table(root, "raw.var", data.skipped);
    data.raw->x = read_optional(root, "raw.X", n, data.raw->var.rows(), options);
  }
  if (const auto uns = hdf5::find(root, "uns"); uns && options.uns) {
    data.uns = read_uns(*uns, options.max_uns_elements, data.skipped);
  }
  return data;
}

}  // namespace h5ad

/// Reads an AnnData file written by any version of anndata.
/// Errors (DataError, naming file and object): not HDF5, truncated or damaged; no obs or var;
/// shapes that disagree; sparse indices out of range, repeated or (see options) unsorted. Parts
/// that stx cannot represent are named in `AnnData::skipped`.
inline AnnData read_h5ad(const std::string& path, const H5adReadOptions& options = {}) {
  if (options.probe) {
    H5adReadOptions once = options;
    once.probe = false;
    probe_for_crash(
        path, [&] { read_h5ad(path, once); }, options.probe_limit_s);
  }
  return h5ad::read(hdf5::open_file(path), options);
}

}  // namespace stx
