// AnnData files whose large matrices come some rows at a time: only these rows are in memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "stx/io/h5ad_write.hpp"

namespace stx {

/// Writes an AnnData file with dense float32 matrices, X and layers, whose rows are appended in order. The file appears
/// whole, by commit(), or not at all. Memory: one chunk of each matrix (512 KiB or one row).
class H5adRowWriter {
 public:
  /// Errors: as write_h5ad(), and ArgumentError for layers of one name.
  H5adRowWriter(const std::string& path, std::int64_t n_obs, std::int64_t n_var, const std::vector<std::string>& layers,
                const H5adWriteOptions& options = {})
      : path_(path), n_obs_(n_obs), n_var_(n_var), storage_{checked(path, options).gzip_level},
        file_(path, options.overwrite), layers_(h5ad::dictionary(file_.root(), "layers")) {
    create(file_.root(), "X", "X");
    for (const std::string& layer : layers) create(layers_, layer, "layers/" + layer);
  }

  /// The next rows of "X" or of "layers/NAME": (any number, n_var).
  /// Errors: ArgumentError for a matrix that was not announced, other columns, more rows than there are or values that
  /// are not as many as the shape says; DataError when the disk is full.
  void append(const std::string& matrix, const Matrix<float>& rows) {
    const auto found = parts_.find(matrix);
    require(found != parts_.end(), path_, "no matrix '", matrix, "' was announced");
    Part& part = found->second;
    require(rows.cols == n_var_ && rows.rows <= n_obs_ - part.written, path_, "rows of '", matrix, "' must be at most ",
            n_obs_ - part.written, " x ", n_var_, ", got ", rows.rows, " x ", rows.cols);
    require(rows.values.size() == static_cast<std::size_t>(rows.rows * rows.cols), path_, "rows of '", matrix,
            "' must have ", rows.rows * rows.cols, " values for ", rows.rows, " x ", rows.cols, ", got ",
            rows.values.size());
    hdf5::write_rows(part.dataset, part.written, rows.rows, n_var_, rows.values.data());
    part.written += rows.rows;
    file_.require_written();
  }

  /// Completes the file with everything else: tables, further layers, obsm and so on.
  /// Errors: ArgumentError when rows are missing, `rest` has another shape, or has X or a layer that was announced.
  void commit(const AnnData& rest) {
    require(rest.n_obs() == n_obs_ && rest.n_var() == n_var_, path_, "the file was begun as ", n_obs_, " x ", n_var_,
            ", its tables are of ", rest.n_obs(), " x ", rest.n_var());
    require(!rest.x, path_, "X was written by rows, and is there again");
    const hdf5::Quiet quiet;
    for (auto& [name, part] : parts_) {
      require(part.written == n_obs_, path_, "'", name, "' has ", part.written, " of ", n_obs_, " rows");
      require<DataError>(part.dataset.id.close(), part.dataset.where(), "cannot be written", hdf5::last_error());
    }
    for (const auto& [name, layer] : rest.layers)
      require(!parts_.contains("layers/" + name), path_, "layer '", name, "' was written by rows, and is there again");
    h5ad::write(file_, rest, storage_, layers_);
    file_.commit();
  }

 private:
  struct Part {
    hdf5::Object dataset;
    std::int64_t written = 0;
  };

  static const H5adWriteOptions& checked(const std::string& path, const H5adWriteOptions& options) {
    h5ad::check_options(path, options);
    return options;
  }
  void create(const hdf5::Object& parent, const std::string& name, const std::string& key) {
    require(!parts_.contains(key), path_, "'", key, "' is announced twice");
    hdf5::Object dataset = hdf5::create_dataset(parent, name, hdf5::native_type<float>(),
                                                {static_cast<hsize_t>(n_obs_), static_cast<hsize_t>(n_var_)}, storage_);
    hdf5::write_encoding(dataset, "array", "0.2.0");
    parts_.emplace(key, Part{std::move(dataset)});
  }

  std::string path_;
  std::int64_t n_obs_ = 0, n_var_ = 0;
  hdf5::Storage storage_;
  hdf5::OutputFile file_;  // closed after all that is in it
  hdf5::Object layers_;
  std::map<std::string, Part> parts_;
};

}  // namespace stx
