// Count matrices of 10x Genomics Cell Ranger (.h5): version 3 and later, and the older version 2.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "stx/io/anndata.hpp"
#include "stx/io/h5ad_matrix.hpp"

namespace stx {

namespace tenx {

/// The group that holds the matrix: "matrix" (version 3), or the genome's name (version 2).
inline std::string matrix_group(const hdf5::Object& root) {
  if (hdf5::find(root, "matrix")) return "matrix";
  std::vector<std::string> genomes;
  std::string listed;
  for (const std::string& name : hdf5::children(root)) {
    const hdf5::Object child = hdf5::open(root, name);
    if (!hdf5::find(child, "barcodes") || !hdf5::find(child, "gene_names")) continue;
    genomes.push_back(name);
    listed += (listed.empty() ? "" : ", ") + name;
  }
  require<DataError>(!genomes.empty(), root.file, "is not a 10x file: it has no group 'matrix'");
  require<DataError>(genomes.size() == 1, root.file, "holds several genomes (", listed,
                     "); split it into one file for each");
  return genomes[0];
}

}  // namespace tenx

/// Whether an open HDF5 file looks like 10x output.
inline bool is_tenx(const hdf5::Object& root) {
  if (hdf5::find(root, "obs")) return false;
  for (const std::string& name : hdf5::children(root)) {
    if (hdf5::find(hdf5::open(root, name), "barcodes")) return true;
  }
  return false;
}

/// Reads a 10x .h5 file as cells x genes (CSR). var names are gene symbols, with the columns
/// gene_ids, feature_types and genome where present.
/// Errors (DataError): not a 10x file, damaged, several genomes in the version 2 layout.
inline AnnData read_tenx_h5(const std::string& path) {
  const hdf5::Object root = hdf5::open_file(path);
  const hdf5::Object group = hdf5::open(root, tenx::matrix_group(root));
  AnnData data;
  data.obs.index = hdf5::read_strings(hdf5::open(group, "barcodes"));
  const auto column = [&](const hdf5::Object& at, const char* from, const char* to) {
    if (const auto values = hdf5::find(at, from)) data.var.set(to, hdf5::read_strings(*values));
  };
  if (const auto features = hdf5::find(group, "features")) {
    data.var.index = hdf5::read_strings(hdf5::open(*features, "name"));
    column(*features, "id", "gene_ids");
    column(*features, "feature_type", "feature_types");
    column(*features, "genome", "genome");
  } else {
    data.var.index = hdf5::read_strings(hdf5::open(group, "gene_names"));
    column(group, "genes", "gene_ids");
  }
  const auto shape = hdf5::read_vector<std::int64_t>(hdf5::open(group, "shape"));
  require<DataError>(shape.size() == 2 && shape[0] == data.n_var() && shape[1] == data.n_obs(), group.where(),
                     "shape must be features x barcodes = ", data.n_var(), " x ", data.n_obs());
  // Columns of the genes x cells CSC matrix are the rows of the cells x genes CSR matrix.
  const h5ad::SparseLayout layout = h5ad::open_sparse_parts(group, false, shape[1], shape[0]);
  data.x = h5ad::with_number(layout.element, layout.where, [&](auto zero) -> AnyMatrix {
    return h5ad::read_sparse_rows<decltype(zero)>(layout, 0, layout.rows, true);
  });
  return data;
}

}  // namespace stx
