// How well cells and spots of one type come together, in the latent space and in the tissue.
#pragma once

#include <nlohmann/json.hpp>

#include "examples/dcavae/evaluation_parts.hpp"

namespace stx::dcavae {

/// mixing{cells, spots}: rows of the other side among the k nearest others of a side's rows, as a share of what there
/// were if sides were drawn at random: 0 apart, 1 mixed. With labels of both sides also knn_purity{5, 10, 20, 50}: mean
/// share of the nearest neighbours of both sides together that have a point's own type; knn_purity_across: of the
/// nearest spots of a cell; basw: batch silhouette of the sides within types (DCAVAE, table 3); label_transfer: types
/// of the 15 nearest cells (transfer_labels()) against the spots' own, with the share that the most frequent type
/// alone would get. Empty without rows of both sides.
nlohmann::ordered_json latent_scores(const LatentSpace& space, int threads);

/// For each cell the share of the k nearest spots, by predicted place against true places, that have its type:
/// mean over all cells with a type, and `shared`, over those whose type some spot has (DCAVAE, table 4, with
/// true places of spots). Empty without labels of both sides.
nlohmann::ordered_json position_purity(const Matrix<double>& cells, const Matrix<double>& spots,
                                       const LatentSpace& labels, int threads);

}  // namespace stx::dcavae
