// What the model says about all spots of a section: expectations, P(zero), intervals, latents.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "examples/dcavae/intervals.hpp"
#include "examples/dcavae/posterior.hpp"
#include "examples/dcavae/uncertainty.hpp"

namespace stx::dcavae {

struct SpotPrediction {
  std::vector<std::int64_t> genes;  ///< decoder genes: the columns of what follows
  Expectation expected;             ///< at the posterior means
  Matrix<float> logs;               ///< log-normalised expression, see DcavaeModel::spot_logs()
  double level = 0;                 ///< of the intervals
  bool corrected = false;           ///< whether the intervals were corrected by held-out genes
  Matrix<float> lower, upper;       ///< closed intervals: whole numbers
  Uncertainties uncertainty;
  Latents latents;
};

/// Every spot of the model. `corrections` are of all usual levels; `level` is one of them. Samples are
/// summarised some rows at a time: they take 100 MB, whatever the data.
template <class D>
SpotPrediction predict_spots(DcavaeModel<D>& model, std::vector<std::int64_t> genes,
                             const std::vector<Correction>& corrections, double level, int threads) {
  SpotPrediction out;
  const std::vector<std::int64_t> rows = model.all_rows(Modality::spots);
  out.genes = std::move(genes);
  out.expected = model.expect(Modality::spots, rows, out.genes);
  out.logs = model.spot_logs(out.expected.mean, rows, out.genes);
  const auto n_rows = static_cast<std::int64_t>(rows.size()), n_genes = static_cast<std::int64_t>(out.genes.size());
  out.level = level;
  out.corrected = is_corrected(corrections);
  out.lower = out.upper = Matrix<float>(n_rows, n_genes);
  UncertaintySums uncertainty;
  const std::int64_t block = std::max<std::int64_t>(1, (std::int64_t{1} << 20) / std::max<std::int64_t>(1, n_genes));
  for (std::int64_t first = 0; first < n_rows; first += block) {
    const Predictive samples =
        summarize_samples(std::min(block, n_rows - first), n_genes, model.options().posterior_samples, usual_levels(),
                          threads, [&](std::vector<std::int64_t> some, std::int64_t sample) {
                            for (std::int64_t& row : some) row += first;
                            return model.sample_counts(Modality::spots, some, out.genes, sample);
                          });
    for (const Intervals& intervals : make_intervals(samples, corrections)) {
      if (intervals.level != level) continue;
      std::copy(intervals.lower.values.begin(), intervals.lower.values.end(), out.lower.row(first).begin());
      std::copy(intervals.upper.values.begin(), intervals.upper.values.end(), out.upper.row(first).begin());
      uncertainty.add(samples, intervals);
    }
  }
  out.uncertainty = uncertainty.summary();
  out.latents = model.latents(Modality::spots);
  return out;
}

}  // namespace stx::dcavae
