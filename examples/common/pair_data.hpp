// A pair of data sets: spatial counts and single-cell counts, filtered, with their shared genes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "stx/data/gene_names.hpp"
#include "stx/data/matrix.hpp"
#include "stx/io/anndata.hpp"

namespace stx {

struct PairOptions {
  std::string st_layer;              ///< which matrix holds spatial counts: "" = X, "raw", or a layer
  std::string sc_layer;              ///< the same for the single cells
  bool fold_case = false;            ///< gene names match whatever their case
  const NameTable* names = nullptr;  ///< translates gene names, e.g. Ensembl ids to symbols
};

/// One side of a pair.
struct CountData {
  AnnData file;                       ///< as read, without its matrices
  Table var;                          ///< genes of the matrix that was chosen, before the filter
  CsrMatrix<float> counts;            ///< kept rows x kept genes
  std::vector<std::string> names;     ///< of the kept rows
  std::vector<std::string> genes;     ///< of the kept columns
  std::vector<std::int64_t> rows;     ///< row of the file behind each kept row
  std::vector<std::int64_t> columns;  ///< column of the file behind each kept gene
};

/// The genes of one file, or of a model, as messages name them.
struct NamedGenes {
  const std::string& path;
  std::span<const std::string> genes;
  std::span<const std::string> rows = {};  ///< names of spots or cells: like genes, if the table is turned
};

/// match_genes() of a file `a` and another, `b`, for people at a command line.
/// @throws DataError when they share no gene; the message shows names of both and the flags that may help.
GeneMatch match_files(const NamedGenes& a, const NamedGenes& b, const GeneMatchOptions& options);

/// Reads counts and drops rows, then genes, without any count.
CountData load_counts(const std::string& path, const std::string& layer, std::vector<std::string>& notes);

/// Spatial and single-cell counts and the genes they share, in the order of the single-cell file.
struct PairData {
  CountData st;
  CountData sc;
  std::vector<std::int64_t> shared_st;  ///< column of st.counts of each shared gene
  std::vector<std::int64_t> shared_sc;  ///< column of sc.counts
  std::vector<std::string> shared;      ///< names, as the single-cell file spells them
  Matrix<double> coordinates;           ///< kept spots x 2 (or 3); empty when the file has none
  std::vector<std::string> notes;       ///< what a person should hear about the data

  std::int64_t n_shared() const { return static_cast<std::int64_t>(shared.size()); }
};

PairData load_pair(const std::string& st_path, const std::string& sc_path, const PairOptions& options = {});

}  // namespace stx
