// What the model says about all spots of a section: expectations, P(zero), intervals, latents.
#pragma once

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
  Matrix<float> logs;               ///< ln(1 + 1e4 expected / total)
  Intervals intervals;              ///< of one level
  Uncertainties uncertainty;
  Latents latents;
};

/// Every spot of the model's task. `corrections` are of all usual levels; `level` is one of them.
template <class D>
SpotPrediction predict_spots(DcavaeModel<D>& model, const Task& task, std::vector<std::int64_t> genes,
                             const std::vector<Correction>& corrections, double level, int threads) {
  SpotPrediction out;
  const std::vector<std::int64_t> rows = model.all_rows(Modality::spots);
  out.genes = std::move(genes);
  out.expected = model.expect(Modality::spots, rows, out.genes);
  out.logs = log_normalised(out.expected.mean, task.spot_totals);
  const Predictive samples = summarize_samples(
      static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(out.genes.size()),
      model.options().posterior_samples, usual_levels(), threads,
      [&](const std::vector<std::int64_t>& some, std::int64_t sample) {
        return model.sample_counts(Modality::spots, some, out.genes, sample);
      });
  for (Intervals& intervals : make_intervals(samples, corrections))
    if (intervals.level == level) out.intervals = std::move(intervals);
  out.uncertainty = summarize_uncertainty(samples, out.intervals);
  out.latents = model.latents(Modality::spots);
  return out;
}

}  // namespace stx::dcavae
