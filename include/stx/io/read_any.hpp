// Count data of any supported format, recognised by content first and by name second.
#pragma once

#include <filesystem>
#include <string>

#include "stx/io/delimited.hpp"
#include "stx/io/h5ad_read.hpp"
#include "stx/io/matrix_market.hpp"
#include "stx/io/tenx_h5.hpp"

namespace stx {

/// Reads AnnData (.h5ad), 10x (.h5), a Matrix Market folder (or the matrix.mtx in it), or a CSV/TSV
/// table of cells x genes (.csv, .tsv, .txt, also .gz).
/// Errors (DataError): nothing there, or none of these; and those of each reader.
inline AnnData read_any(const std::string& path, const H5adReadOptions& options = {}) {
  namespace fs = std::filesystem;
  std::error_code error;
  require<DataError>(fs::exists(path, error), path, "no such file or folder");
  if (fs::is_directory(path, error)) return read_matrix_market_folder(path);
  fs::path name = fs::path(path).filename();
  if (name.extension() == ".gz") name = name.stem();
  const std::string extension = name.extension().string();
  if (extension == ".mtx") {
    const fs::path folder = fs::path(path).parent_path();
    return read_matrix_market_folder(folder.empty() ? "." : folder.string());
  }
  if (extension == ".csv" || extension == ".tsv" || extension == ".txt") return read_delimited(path);
  const bool names_hdf5 = extension == ".h5ad" || extension == ".h5" || extension == ".hdf5";
  const hdf5::Quiet quiet;
  if (names_hdf5 || H5Fis_hdf5(path.c_str()) > 0) {
    const auto read = [&](const H5adReadOptions& with) {
      const bool tenx = is_tenx(hdf5::open_file(path));
      return tenx ? read_tenx_h5(path) : read_h5ad(path, with);
    };
    H5adReadOptions once = options;
    once.probe = false;
    if (options.probe)
      probe_for_crash(
          path, [&] { read(once); }, options.probe_limit_s);
    return read(once);
  }
  fail<DataError>(path,
                  "is of no known format; give an .h5ad, a 10x .h5, a folder with matrix.mtx, "
                  "or a .csv or .tsv table (cells in rows, genes in columns)");
}

}  // namespace stx
