// Cell types: the same codes for both sides, and their transfer from cells to spots.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <vector>

#include "stx/core/parallel_for.hpp"
#include "stx/data/matrix.hpp"
#include "stx/math/nearest.hpp"

namespace stx::dcavae {

/// Types of both sides under one numbering; -1 is unknown (is_unknown_label).
struct LabelCodes {
  std::vector<std::string> names;  ///< ascending, of both sides
  std::vector<std::int32_t> cells, spots;
  std::vector<std::string> only_cells,
      only_spots;  ///< types of one side: spots or cells of these cannot match
};

/// Numbers the types of cells and spots together. Spots may have no types at all (an empty list).
/// @throws DataError when no cell has a known type, and when both sides have types but none in
/// common.
LabelCodes encode_labels(const std::vector<std::string>& cells, const std::vector<std::string>& spots = {});

struct TransferOptions {
  int k = 15;                            ///< cells that vote on a spot; more are smoother, rare types lose
  KnnMetric metric = KnnMetric::cosine;  ///< the contrastive term aligns the sides by cosine
  int threads = available_threads();     ///< results do not depend on it
};

/// The k of the program: 15, or all cells of known type where there are fewer.
int voting_cells(std::span<const std::int32_t> cell_labels);

struct TransferredLabels {
  std::vector<std::int32_t> label;  ///< per spot: number of the type with the most votes
  std::vector<float> confidence;    ///< per spot: its share of the votes, in (0, 1]
  Matrix<float> shares;             ///< spots x types: share of the votes; rows sum to 1
};

/// Each spot takes the type of most of its k nearest labelled cells in the shared latent space; of
/// types with equally many votes that of the nearest cell.
///
/// @param cells        (n_cells, latent) posterior means
/// @param cell_labels  n_cells codes in [0, n_types), or -1: unknown, has no vote
/// @param spots        (n_spots, latent) posterior means
/// @throws ArgumentError for shapes that do not match; DataError when fewer than k cells have a
/// known type, for a code outside [-1, n_types), and for latents that are not finite. The
/// confidence is a share of votes, not a probability: where the sides are not well aligned it is
/// high and wrong. Deterministic: yes, for every number of threads.
TransferredLabels transfer_labels(const Matrix<float>& cells, std::span<const std::int32_t> cell_labels,
                                  std::int64_t n_types, const Matrix<float>& spots,
                                  const TransferOptions& options = {});

/// Transferred labels against the spots' own.
struct LabelAccuracy {
  double share = std::numeric_limits<double>::quiet_NaN();           ///< right, of the spots of known type
  double share_of_known = std::numeric_limits<double>::quiet_NaN();  ///< right, of those whose type some cell has
  std::int64_t count = 0, count_of_known = 0;
  double macro_f1 = std::numeric_limits<double>::quiet_NaN();  ///< mean over the types that spots of known type have
                                                               ///< or were given; 0 for one never met
  double most_frequent =
      std::numeric_limits<double>::quiet_NaN();  ///< right, if all spots were of the most frequent type
};

/// @param truth        codes of the spots, -1: unknown, left out
/// @param cell_labels  codes of the cells, which tell the types that could have been found
/// @throws ArgumentError when lengths differ.
LabelAccuracy score_labels(const TransferredLabels& transferred, std::span<const std::int32_t> truth,
                           std::span<const std::int32_t> cell_labels);

}  // namespace stx::dcavae
