// Writing AnnData files (.h5ad) in the element encodings of anndata 0.8 and later.
#pragma once

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "stx/io/anndata.hpp"
#include "stx/io/h5ad_write_uns.hpp"
#include "stx/io/hdf5_write.hpp"

namespace stx {

struct H5adWriteOptions {
  int gzip_level = 4;      ///< 0 (no compression, fastest) to 9 (smallest)
  bool overwrite = false;  ///< replace an existing file instead of refusing
};

namespace h5ad {

inline void write_column(const hdf5::Object& table, const std::string& name, const ColumnValues& column,
                         const hdf5::Storage& storage) {
  const auto write_flags = [&](const hdf5::Object& at, const std::string& key, const Booleans& v) {
    hdf5::write_booleans(at, key, v, {v.size()}, storage);
  };
  const auto write_values = [&]<class T>(const hdf5::Object& at, const std::string& key, const std::vector<T>& v) {
    if constexpr (std::same_as<T, std::string>) {
      hdf5::write_strings(at, key, v, {v.size()});
    } else if constexpr (std::same_as<T, std::uint8_t>) {
      write_flags(at, key, v);
    } else {
      hdf5::write_numbers<T>(at, key, v, {v.size()}, storage);
    }
  };
  const auto write_nullable = [&](const auto& v, const char* encoding) {
    require(v.values.size() == v.missing.size(), table.where(), "column '", name, "' has ", v.values.size(),
            " values but ", v.missing.size(), " missing flags");
    const hdf5::Object group = hdf5::create_group(table, name, encoding, "0.1.0");
    write_values(group, "values", v.values);
    write_flags(group, "mask", v.missing);
  };
  if (const auto* v = std::get_if<Categorical>(&column)) {
    const auto n = static_cast<std::int64_t>(v->categories.size());
    for (const std::int32_t code : v->codes) {
      require(code >= -1 && code < n, table.where(), "column '", name, "' has category code ", code, ", outside [-1, ",
              n, ")");
    }
    require(std::set<std::string>(v->categories.begin(), v->categories.end()).size() == v->categories.size(),
            table.where(), "column '", name, "' has repeated categories");
    const hdf5::Object group = hdf5::create_group(table, name, "categorical", "0.2.0");
    hdf5::write_attribute(group, "ordered", v->ordered);
    write_values(group, "codes", v->codes);
    write_values(group, "categories", v->categories);
  } else if (const auto* strings = std::get_if<Nullable<std::string>>(&column)) {
    write_nullable(*strings, "nullable-string-array");
  } else if (const auto* wholes = std::get_if<Nullable<std::int64_t>>(&column)) {
    write_nullable(*wholes, "nullable-integer");
  } else if (const auto* flags = std::get_if<Nullable<std::uint8_t>>(&column)) {
    write_nullable(*flags, "nullable-boolean");
  } else {
    std::visit(
        [&](const auto& values) {
          if constexpr (requires { values.data(); }) write_values(table, name, values);
        },
        column);
  }
}

inline void write_table(const hdf5::Object& parent, const std::string& name, const Table& table,
                        const hdf5::Storage& storage) {
  const hdf5::Object group = hdf5::create_group(parent, name, "dataframe", "0.2.0");
  const std::string index = table.index_name.empty() ? "_index" : table.index_name;
  std::vector<std::string> order;
  std::set<std::string> seen{index};
  for (const Column& column : table.columns) {
    require(seen.insert(column.name).second, group.where(), "has two columns called '", column.name, "'");
    require(size_of(column.values) == table.rows(), group.where(), "column '", column.name, "' has ",
            size_of(column.values), " values, the table ", table.rows(), " rows");
    order.push_back(column.name);
  }
  hdf5::write_attribute(group, "_index", index);
  hdf5::write_attribute(group, "column-order", order);
  hdf5::write_strings(group, index, table.index, {table.index.size()});
  for (const Column& column : table.columns) write_column(group, column.name, column.values, storage);
}

template <class T>
void write_matrix(const hdf5::Object& parent, const std::string& name, const Matrix<T>& m,
                  const hdf5::Storage& storage) {
  require(m.values.size() == static_cast<std::size_t>(m.rows * m.cols), parent.where(), "matrix '", name, "' has ",
          m.values.size(), " values for the shape ", m.rows, " x ", m.cols);
  hdf5::write_numbers<T>(parent, name, m.values, {static_cast<hsize_t>(m.rows), static_cast<hsize_t>(m.cols)}, storage);
}

template <class T>
void write_matrix(const hdf5::Object& parent, const std::string& name, const CsrMatrix<T>& m,
                  const hdf5::Storage& storage) {
  validate(m, parent.file + ":" + hdf5::child_path(parent, name));
  const hdf5::Object group = hdf5::create_group(parent, name, "csr_matrix", "0.1.0");
  hdf5::write_attribute(group, "shape", std::vector<std::int64_t>{m.rows, m.cols});
  const auto write = [&]<class V>(const char* part, const std::vector<V>& values) {
    hdf5::write_dataset(group, part, hdf5::native_type<V>(), {values.size()}, values.data(), storage);
  };
  write("data", m.values);
  // SciPy wants offsets and indices of one type, and the narrower one where it suffices.
  if (m.nnz() <= std::numeric_limits<std::int32_t>::max()) {
    write("indices", m.indices);
    write("indptr", std::vector<std::int32_t>(m.indptr.begin(), m.indptr.end()));
  } else {
    write("indices", std::vector<std::int64_t>(m.indices.begin(), m.indices.end()));
    write("indptr", m.indptr);
  }
}

inline void write_shaped(const hdf5::Object& parent, const std::string& name, const AnyMatrix& m, std::int64_t rows,
                         std::int64_t cols, const hdf5::Storage& storage) {
  require(rows_of(m) == rows && cols_of(m) == cols, parent.where(), "matrix '", name, "' is ", rows_of(m), " x ",
          cols_of(m), ", expected ", rows, " x ", cols);
  std::visit([&](const auto& matrix) { write_matrix(parent, name, matrix, storage); }, m);
}

inline void check_options(const std::string& path, const H5adWriteOptions& options) {
  require(options.gzip_level >= 0 && options.gzip_level <= 9, path, "gzip_level must be 0 to 9, got ",
          options.gzip_level);
}

inline hdf5::Object dictionary(const hdf5::Object& parent, const char* name) {
  return hdf5::create_group(parent, name, "dict", "0.1.0");
}

/// Everything of `data`; its layers go into the group `layers`.
inline void write(hdf5::OutputFile& file, const AnnData& data, const hdf5::Storage& storage,
                  const hdf5::Object& layers) {
  const hdf5::Object& root = file.root();
  const std::int64_t n = data.n_obs(), g = data.n_var();
  hdf5::write_encoding(root, "anndata", "0.1.0");
  write_table(root, "obs", data.obs, storage);
  write_table(root, "var", data.var, storage);
  if (data.x) write_shaped(root, "X", *data.x, n, g, storage);
  file.require_written();
  const auto fill = [&](const hdf5::Object& group, const auto& matrices, std::int64_t rows, std::int64_t cols) {
    for (const auto& [key, m] : matrices) {
      write_shaped(group, key, AnyMatrix(m), rows, cols < 0 ? cols_of(AnyMatrix(m)) : cols, storage);
      file.require_written();
    }
  };
  fill(layers, data.layers, n, g);
  fill(dictionary(root, "obsm"), data.obsm, n, -1);
  fill(dictionary(root, "varm"), data.varm, g, -1);
  fill(dictionary(root, "obsp"), data.obsp, n, n);
  fill(dictionary(root, "varp"), data.varp, g, g);
  if (data.raw) {
    require(data.raw->x.has_value(), file.root().where(), "raw has no matrix; set raw.x or drop raw");
    const hdf5::Object raw = hdf5::create_group(root, "raw", "raw", "0.1.0");
    write_shaped(raw, "X", *data.raw->x, n, data.raw->var.rows(), storage);
    write_table(raw, "var", data.raw->var, storage);
    dictionary(raw, "varm");
  }
  write_uns(root, "uns", data.uns, storage);
}

}  // namespace h5ad

/// Writes an AnnData file that anndata 0.8 and later opens. It appears whole or not at all.
/// Errors: DataError for an existing path (without `overwrite`), a folder that is missing or not
/// writable, a full disk; ArgumentError for parts whose shapes disagree or that have no form in the
/// file (a JSON null or mixed array in uns, '/' in a name).
inline void write_h5ad(const std::string& path, const AnnData& data, const H5adWriteOptions& options = {}) {
  h5ad::check_options(path, options);
  hdf5::OutputFile file(path, options.overwrite);
  h5ad::write(file, data, {options.gzip_level}, h5ad::dictionary(file.root(), "layers"));
  file.commit();
}

}  // namespace stx
