// What the network is told about a pair of data sets, and what is kept from it. No device here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "examples/dcavae/options.hpp"
#include "stx/data/matrix.hpp"

namespace stx {
struct PairData;
}

namespace stx::dcavae {

enum class Modality : unsigned char { cells, spots };

/// The side whose rows are keys and values for queries of `m`, with cross-attention.
inline Modality other(Modality m) { return m == Modality::cells ? Modality::spots : Modality::cells; }

/// Places in PairData::shared, ascending. A shared gene in none of the lists is as good as not measured in
/// space and is not scored.
struct GeneSplit {
  std::vector<std::int64_t> train;       ///< what the spots show
  std::vector<std::int64_t> validation;  ///< choose the epoch
  std::vector<std::int64_t> test;        ///< seen by nobody
};

/// All shared genes but `test` are shown; `options.validation_genes` of them, at least one, drawn by `seed`,
/// choose the epoch (none when that share is 0).
GeneSplit split_genes(std::int64_t n_shared, const std::vector<std::int64_t>& test, const Options& options,
                      std::uint64_t seed);

/// The same split with the validation genes shown to the network: for training once more.
GeneSplit without_validation(GeneSplit split);

/// Decoder genes are numbered: first the shared genes in the order of PairData::shared, then the extra genes
/// of the reference, the most variable first.
struct Task {
  CsrMatrix<float> cells;               ///< cells x decoder genes, raw counts
  CsrMatrix<float> spots;               ///< spots x decoder genes, raw counts of training genes; all others are absent
  std::vector<std::string> genes;       ///< names of the decoder genes
  std::vector<std::int64_t> reference;  ///< column of PairData::sc.counts of each decoder gene
  std::int64_t n_shared = 0;            ///< decoder genes below this number are shared ones
  GeneSplit split;                      ///< places in PairData::shared, which are numbers of decoder genes
  std::vector<std::int64_t> cell_inputs;  ///< decoder genes that the cells' encoder sees
  std::vector<double> cell_totals;        ///< counts of a cell over all decoder genes
  std::vector<double> spot_totals;        ///< counts of a spot over the training genes; may be 0
  Matrix<float> validation_counts;        ///< spots x validation genes; only the score of an epoch reads them
  Matrix<double> coordinates;             ///< spots x 2 (or 3); empty without
  std::vector<std::string> cell_labels;   ///< types of the cells, empty without options.label_column
  std::vector<std::string> spot_labels;   ///< types of the spots, empty without options.spot_label_column

  std::int64_t n_genes() const { return static_cast<std::int64_t>(genes.size()); }
  std::int64_t n_rows(Modality m) const { return m == Modality::cells ? cells.rows : spots.rows; }
};

/// Rounds counts that are not whole numbers.
/// @throws DataError when there are any and `rounded` is false; `what` names the matrix.
void make_whole(CsrMatrix<float>& counts, const char* what, bool rounded);

/// Columns of PairData::sc.counts that the decoder learns: the shared genes, then as many extra ones as the settings
/// ask.
std::vector<std::int64_t> decoder_genes(const PairData& pair, const Options& options);

/// Selects genes, takes totals, hides what is held out.
/// @throws DataError for fewer than 2 training genes, and for counts that are not whole numbers unless
/// options.rounded.
Task make_task(const PairData& pair, const GeneSplit& split, const Options& options);

/// Looks at the columns of types that the settings name, before anything is trained.
/// @throws DataError for a column that is not there, that knows no type, or for sides without a type in common.
void check_labels(const PairData& pair, const Options& options);

/// total^power, times a factor that keeps the mean of the logarithms; 0 stays 0. A cell whose total is mostly
/// one gene's is not a deep one: a power below 1 trusts totals over a panel of genes less.
std::vector<double> cell_libraries(std::vector<double> totals, double power);

/// The log-normalised expression that predictions are scored with: ln(1 + 1e4 count / total), 0 without total.
Matrix<float> log_normalised(Matrix<float> counts, const std::vector<double>& totals);

}  // namespace stx::dcavae
