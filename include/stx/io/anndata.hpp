// Annotated matrices in host memory: the C++ counterpart of Python's anndata.AnnData.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "stx/core/error.hpp"
#include "stx/data/matrix.hpp"

namespace stx {

/// A matrix as it lies in the file. CSC files are read into CSR.
using AnyMatrix = std::variant<Matrix<float>, Matrix<double>, Matrix<std::int32_t>, Matrix<std::int64_t>,
                               CsrMatrix<float>, CsrMatrix<double>, CsrMatrix<std::int32_t>, CsrMatrix<std::int64_t>>;

inline std::int64_t rows_of(const AnyMatrix& m) {
  return std::visit([](const auto& x) { return x.rows; }, m);
}
inline std::int64_t cols_of(const AnyMatrix& m) {
  return std::visit([](const auto& x) { return x.cols; }, m);
}

/// Values out of a fixed list: row i has categories[codes[i]], or none when codes[i] is -1.
struct Categorical {
  std::vector<std::int32_t> codes;
  std::vector<std::string> categories;
  bool ordered = false;
};

using Booleans = std::vector<std::uint8_t>;  ///< 0 or 1

/// Values of which some are missing (pandas' nullable types).
template <class T>
struct Nullable {
  std::vector<T> values;  ///< T{} where missing
  Booleans missing;       ///< 1 where there is no value
};

using ColumnValues = std::variant<std::vector<std::string>, std::vector<double>, std::vector<std::int64_t>, Booleans,
                                  Categorical, Nullable<std::string>, Nullable<std::int64_t>, Nullable<std::uint8_t>>;

inline std::int64_t size_of(const ColumnValues& column) {
  return static_cast<std::int64_t>(std::visit(
      [](const auto& c) {
        if constexpr (requires { c.codes; }) {
          return c.codes.size();
        } else if constexpr (requires { c.missing; }) {
          return c.values.size();
        } else {
          return c.size();
        }
      },
      column));
}

struct Column {
  std::string name;
  ColumnValues values;
};

/// What is known about each observation (obs) or gene (var): a name and any number of columns.
struct Table {
  std::vector<std::string> index;  ///< names of the rows
  std::string index_name;          ///< header of the index; may be empty
  std::vector<Column> columns;

  std::int64_t rows() const { return static_cast<std::int64_t>(index.size()); }
  /// The column of that name, or nullptr.
  const Column* find(std::string_view name) const {
    for (const Column& column : columns) {
      if (column.name == name) return &column;
    }
    return nullptr;
  }
  /// Adds a column, or replaces the one of that name. It must have as many values as the table
  /// rows.
  void set(const std::string& name, ColumnValues values) {
    require(size_of(values) == rows(), "Table::set", "column '", name, "' has ", size_of(values), " values, the table ",
            rows(), " rows");
    for (Column& column : columns) {
      if (column.name == name) {
        column.values = std::move(values);
        return;
      }
    }
    columns.push_back({name, std::move(values)});
  }
};

/// The matrix before genes were filtered, with its own genes.
struct RawData {
  std::optional<AnyMatrix> x;  ///< (n_obs x raw genes); absent when matrices were not read
  Table var;
};

/// Observations x genes with annotations. Everything is optional but the two tables.
struct AnnData {
  std::optional<AnyMatrix> x;  ///< (n_obs x n_var)
  Table obs;
  Table var;
  std::map<std::string, Matrix<double>> obsm;  ///< (n_obs x anything), e.g. "spatial"
  std::map<std::string, Matrix<double>> varm;  ///< (n_var x anything)
  std::map<std::string, AnyMatrix> obsp;       ///< (n_obs x n_obs)
  std::map<std::string, AnyMatrix> varp;       ///< (n_var x n_var)
  std::map<std::string, AnyMatrix> layers;     ///< (n_obs x n_var)
  std::optional<RawData> raw;
  nlohmann::json uns = nlohmann::json::object();  ///< scalars, strings, arrays, nested objects
  std::vector<std::string> skipped;               ///< what the reader could not represent, and why

  std::int64_t n_obs() const { return obs.rows(); }
  std::int64_t n_var() const { return var.rows(); }
};

/// A matrix of `data` together with the table of its genes.
struct MatrixChoice {
  const AnyMatrix* matrix;
  const Table* var;
};

/// The matrix named by `layer`: "" or "X" for X, "raw" for raw.X, otherwise a layer.
/// Errors (DataError): there is no such matrix; the message lists those there are.
inline MatrixChoice choose_matrix(const AnnData& data, const std::string& layer, std::string_view where) {
  if (layer.empty() || layer == "X") {
    if (data.x) return {&*data.x, &data.var};
  } else if (layer == "raw") {
    if (data.raw && data.raw->x) return {&*data.raw->x, &data.raw->var};
  } else if (const auto found = data.layers.find(layer); found != data.layers.end()) {
    return {&found->second, &data.var};
  }
  std::string present;
  const auto add = [&](const std::string& name) { present += (present.empty() ? "" : ", ") + name; };
  if (data.x) add("X");
  if (data.raw && data.raw->x) add("raw");
  for (const auto& entry : data.layers) add(entry.first);
  fail<DataError>(where, "has no matrix '", layer.empty() ? "X" : layer, "'; it has ",
                  present.empty() ? "none" : present, ". Name the one that holds counts");
}

}  // namespace stx
