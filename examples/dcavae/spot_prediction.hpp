// What the model says about all spots of a section: expectations, P(zero), intervals, latents.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "examples/dcavae/intervals.hpp"
#include "examples/dcavae/posterior.hpp"
#include "examples/dcavae/uncertainty.hpp"

namespace stx::dcavae {

/// Some spots, from number `first` of the model's on: rows. Columns: the genes asked for.
struct SpotBlock {
  std::int64_t first = 0;
  Expectation expected = {};             ///< at the posterior means
  Matrix<float> logs = {};               ///< log-normalised expression, see DcavaeModel::spot_logs()
  Matrix<float> lower = {}, upper = {};  ///< closed intervals: whole numbers
};

/// What is said of all spots.
struct SpotSummary {
  double level = 0;        ///< of the intervals
  bool corrected = false;  ///< whether the intervals were corrected by held-out genes
  Uncertainties uncertainty = {};
  Latents latents = {};
};

/// Predicts decoder genes `genes` of every spot of the model, block by block in order: take(const SpotBlock&).
/// `corrections` are of all usual levels; `level` is one of them. Memory: a block and its samples, 200 MB whatever the
/// data (or what one spot takes), and the summary.
template <class D, class Take>
SpotSummary predict_spots(DcavaeModel<D>& model, const std::vector<std::int64_t>& genes,
                          const std::vector<Correction>& corrections, double level, int threads, Take&& take) {
  SpotSummary summary{
      .level = level, .corrected = is_corrected(corrections), .latents = model.latents(Modality::spots)};
  UncertaintySums uncertainty;
  const auto n_genes = static_cast<std::int64_t>(genes.size());
  const std::int64_t n_rows = model.n_rows(Modality::spots),
                     at_once = std::max<std::int64_t>(1, (std::int64_t{1} << 20) / std::max<std::int64_t>(1, n_genes));
  for (std::int64_t first = 0; first < n_rows; first += at_once) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(std::min(at_once, n_rows - first)));
    std::iota(rows.begin(), rows.end(), first);
    SpotBlock block{.first = first, .expected = model.expect(Modality::spots, rows, genes)};
    block.logs = model.spot_logs(block.expected.mean, rows, genes);
    const Predictive samples =
        summarize_samples(rows, genes, model.options().posterior_samples, usual_levels(), threads,
                          [&](const std::vector<std::int64_t>& some, std::int64_t sample) {
                            return model.sample_counts(Modality::spots, some, genes, sample);
                          });
    for (Intervals& intervals : make_intervals(samples, corrections)) {
      if (intervals.level != level) continue;
      uncertainty.add(samples, intervals);
      block.lower = std::move(intervals.lower);
      block.upper = std::move(intervals.upper);
    }
    take(std::as_const(block));
  }
  summary.uncertainty = uncertainty.summary();
  return summary;
}

}  // namespace stx::dcavae
