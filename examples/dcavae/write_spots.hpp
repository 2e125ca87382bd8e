// What `fit` and `impute` share: the spots' file, from a trained model.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "examples/common/wanted_genes.hpp"
#include "examples/dcavae/output_files.hpp"
#include "examples/dcavae/saved_model.hpp"

namespace stx::dcavae {

/// What was written of the spots.
struct WrittenSpots {
  std::int64_t n_imputed = 0;
  double level = 0;
  bool corrected = false;
};

/// Predicts the measured and the `wanted` genes of all spots and writes them. `known` says which decoder genes the
/// spatial file holds, as its columns; -1 elsewhere.
template <class D, class Command>
WrittenSpots write_spots(const Command& command, const WantedGenes& wanted, DcavaeModel<D>& model,
                         const SavedModel& saved, const std::vector<std::int64_t>& known, SpotsFile file,
                         Progress& progress) {
  std::set<std::int64_t> measured;
  for (std::size_t g = 0; g < known.size(); ++g)
    if (known[g] >= 0) measured.insert(static_cast<std::int64_t>(g));
  const std::vector<std::int64_t> imputed = genes_to_impute(saved.genes, measured, wanted, progress);
  std::vector<std::int64_t> genes(measured.begin(), measured.end());
  for (const std::int64_t g : genes) file.measured_columns.push_back(known[g]);
  for (const std::int64_t g : imputed) {
    genes.push_back(g);
    file.measured_columns.push_back(-1);
    file.genes.names.push_back(saved.genes[g]);
    file.genes.expected_pcc.push_back(saved.expected_pcc[g]);
  }
  if (!is_corrected(saved.corrections))
    progress.note(
        "intervals are not corrected: no cross-validation, or too small a one, showed how often they hold the truth, "
        "and they may cover less or more than their level");
  const int threads = command.common.used_threads();
  SpotsWriter out(command.out, file);
  const SpotSummary summary = predict_spots(model, genes, saved.corrections, std::stod(command.level) / 100, threads,
                                            [&](const SpotBlock& block) { out.write(block); });
  add_transferred_labels(out.tables(summary), *file.st, saved.cell_latents, saved.cell_labels, summary.latents.mean,
                         threads);
  out.finish();
  progress.note(stx::detail::concat("wrote ", command.out, ": ", file.st->file.n_obs(), " spots, ", file.st->var.rows(),
                                    " measured and ", imputed.size(), " imputed genes"));
  return {static_cast<std::int64_t>(imputed.size()), summary.level, summary.corrected};
}

}  // namespace stx::dcavae
