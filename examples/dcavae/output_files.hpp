// The AnnData files of `fit` and `impute`. No device here.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "examples/common/imputed_file.hpp"
#include "examples/dcavae/labels.hpp"
#include "examples/dcavae/spot_prediction.hpp"

namespace stx::dcavae {

/// What the spots' file is made from, apart from the prediction.
struct SpotsFile {
  const CountData* st = nullptr;
  std::vector<std::int64_t> measured_columns = {};  ///< column of st->var of each predicted gene, -1: imputed
  ImputedGenes genes = {};                          ///< imputed ones in the order of the prediction
  nlohmann::json provenance = {};
};

/// Writes the spots' file block by block: measured counts as they were and imputed genes as expected counts in X;
/// layers `expected`, `log1p`, `p_zero`, `lower` and `upper` of every gene of the model (NaN for genes it does not
/// know); latents in obsm; uncertainty in var and obs. Spots without any count have expectation 0, P(zero) 1 and the
/// prior's latent, and are flagged in obs['without_counts'].
class SpotsWriter {
 public:
  SpotsWriter(const std::string& path, const SpotsFile& from);

  void write(const SpotBlock& block);
  /// Everything but the matrices; add to it, then finish().
  AnnData& tables(const SpotSummary& summary);
  void finish() { file_.finish(); }

 private:
  const CountData& st_;
  std::vector<std::int64_t> column_of_;  ///< of each predicted gene, in the file
  ImputedFile file_;
};

/// Cell types that spots take from their nearest cells: obs['transferred_type'], its share of the votes in
/// obs['transferred_type_share']; none for spots without counts. `latents` are those of the kept spots.
/// Does nothing without labels of cells.
void add_transferred_labels(AnnData& spots, const CountData& st, const Matrix<float>& cell_latents,
                            const std::vector<std::string>& cell_labels, const Matrix<float>& latents, int threads);

/// Rows with places: obsm['position'] with obsm['position_sd'] (one column: the spread over the posterior) and
/// obsm['position_radius'] (holds the true place of 90 % of spots); obs['placed'] is false and these are NaN for
/// rows without counts.
struct Places {
  const Matrix<double>& position;
  const std::vector<double>&spread, &radius;
};
void add_places(AnnData& file, const CountData& rows, const Places& places);

/// The single cells without their counts: obs as it was, latents in obsm.
AnnData cells_anndata(const CountData& sc, const Latents& latents, const nlohmann::json& provenance);

}  // namespace stx::dcavae
