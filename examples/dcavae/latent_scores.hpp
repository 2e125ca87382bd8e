// How well cells and spots of one type come together, in the latent space and in the tissue.
#pragma once

#include <nlohmann/json.hpp>

#include "examples/dcavae/evaluation_parts.hpp"

namespace stx::dcavae {

/// knn_purity{5, 10, 20, 50}: mean share of the nearest neighbours of both sides together that have a point's
/// own type; basw: batch silhouette of the sides within types (DCAVAE, table 3); label_transfer: types of the 15
/// nearest cells (transfer_labels()) against the spots' own, with the share that the most frequent type alone would
/// get. Empty without labels of both sides.
nlohmann::ordered_json latent_scores(const LatentSpace& space, int threads);

/// For each cell the share of the k nearest spots, by predicted place against true places, that have its type:
/// mean over all cells with a type, and `shared`, over those whose type some spot has (DCAVAE, table 4, with
/// true places of spots). Empty without labels of both sides.
nlohmann::ordered_json position_purity(const Matrix<double>& cells, const Matrix<double>& spots,
                                       const LatentSpace& labels, int threads);

}  // namespace stx::dcavae
