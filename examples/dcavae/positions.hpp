// Places in space for every single cell, with what is known of their error.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "examples/dcavae/position_model.hpp"
#include "examples/dcavae/position_split.hpp"
#include "stx/data/random_draws.hpp"
#include "stx/metrics/summary.hpp"
#include "stx/train/fit.hpp"

namespace stx::dcavae {

/// Means and standard deviations of the latents' posterior, each (rows x latent).
struct LatentPosterior {
  const Matrix<float>& mean;
  const Matrix<float>& sd;
};

/// Rows with places.
struct Placed {
  Matrix<double> position;     ///< (rows x dims), in the unit of the coordinates, at the posterior means
  std::vector<double> spread;  ///< root mean square distance of sampled places from their mean; 0 without samples
  std::vector<double> radius;  ///< of the circle that holds the true place of `level` of the spots
};

/// Errors on spots that training did not see. Distances are Euclidean, in the unit of the
/// coordinates.
struct PositionErrors {
  std::int64_t n_train = 0, n_calibration = 0, n_test = 0;
  double scale = 1;  ///< one standard deviation of the coordinates (over all axes)
  double train_l1 = 0,
         test_l1 = 0;          ///< sum of absolute errors over the axes, mean over spots, in `scale`
  Summary test_distance;       ///< distance of test spots from where they are
  double centre_distance = 0;  ///< median distance of test spots from the centre of the training spots
  double coverage = 0;         ///< share of the test spots within their radius
};

struct Placement {
  Placed spots, cells;
  PositionErrors errors;
  std::vector<EpochRecord> epochs;
};

namespace detail {

inline double distance(std::span<const double> a, std::span<const double> b) {
  double squares = 0;
  for (std::size_t d = 0; d < a.size(); ++d) squares += (a[d] - b[d]) * (a[d] - b[d]);
  return std::sqrt(squares);
}

/// Sample number `sample` of the latents; a row's depends on nothing but seed, row and sample.
inline Matrix<float> sample_latents(const LatentPosterior& q, std::uint64_t seed, std::int64_t sample, int threads) {
  Matrix<float> z = q.mean;
  parallel_for(threads, z.rows, [&](std::int64_t i) {
    PhiloxStream random(seed, RandomPurpose::noise,
                        static_cast<std::uint64_t>(sample) << 40 | static_cast<std::uint64_t>(i));
    for (std::int64_t d = 0; d < z.cols; ++d) z(i, d) += q.sd(i, d) * static_cast<float>(draw_normal(random));
  });
  return z;
}

/// Places of some rows and their spread over the posterior.
template <class Model>
Placed place_rows(Model& model, const CoordinateScale& scale, const LatentPosterior& q,
                  const PositionOptions& options) {
  Placed out{scale.undo(model.predict(q.mean)), std::vector<double>(static_cast<std::size_t>(q.mean.rows)), {}};
  const ContextOptions& context = model.context().options();
  const int threads = threads_or_all(context.threads);
  const std::int64_t dims = out.position.cols;
  Matrix<double> sum(q.mean.rows, dims), squares(q.mean.rows, dims);
  for (std::int64_t s = 0; s < options.samples; ++s) {
    const Matrix<float> places = model.predict(sample_latents(q, context.seed, s, threads));
    for (std::size_t e = 0; e < places.values.size(); ++e) {
      sum.values[e] += places.values[e];
      squares.values[e] += double{places.values[e]} * places.values[e];
    }
  }
  if (options.samples == 0) return out;
  const auto n = static_cast<double>(options.samples);
  for (std::int64_t i = 0; i < q.mean.rows; ++i) {
    double variance = 0;
    for (std::int64_t d = 0; d < dims; ++d) variance += squares(i, d) / n - std::pow(sum(i, d) / n, 2);
    out.spread[i] = std::sqrt(std::max(variance, 0.0)) * scale.scale();
  }
  return out;
}

inline void check_positions(const LatentPosterior& spots, const Matrix<double>& coordinates,
                            const LatentPosterior& cells, const PositionOptions& options) {
  require(coordinates.rows == 0 || coordinates.rows == spots.mean.rows, "positions",
          "there must be coordinates for each of the ", spots.mean.rows, " spots, got ", coordinates.rows);
  check_coordinates(coordinates);
  for (const LatentPosterior* q : {&spots, &cells})
    require(q->mean.rows == q->sd.rows && q->mean.cols == q->sd.cols && q->mean.cols == spots.mean.cols, "positions",
            "means and deviations of the latents must have one shape, and both sides as many columns");
  require(options.level > 0 && options.level < 1 && options.samples >= 0 && options.calibration > 0, "positions",
          "level must lie in (0, 1), samples must not be negative and calibration must be positive");
}

}  // namespace detail

/// Places spots and cells with a trained network, and measures its errors.
///
/// radius_i = q (spread_i + m), m the median distance of training spots from their true places, q
/// the ceil((n + 1) level)-th smallest of distance / (spread + m) over the n calibration spots
/// (split conformal with a normalised score): a new spot lies within its radius with probability
/// `level` at least. For cells it is so only as far as their latents are distributed as those of
/// spots at the same place; data that have no places for cells cannot tell.
///
/// @param model  context(), and Matrix<float> predict(latents): places in `scale`
/// @param split  spots that training saw, that the radius is learned from, that tell the errors
/// @throws ArgumentError for shapes that do not match. Deterministic: yes, for every number of threads.
/// Source: DCAVAE, sections 3 and 7; conformal: Lei et al. 2018.
template <class Model>
Placement measure_places(Model& model, const PositionSplit& split, const CoordinateScale& scale,
                         const LatentPosterior& spots, const Matrix<double>& coordinates, const LatentPosterior& cells,
                         const PositionOptions& options) {
  detail::check_positions(spots, coordinates, cells, options);
  Placement out{
      detail::place_rows(model, scale, spots, options), detail::place_rows(model, scale, cells, options), {}, {}};
  const Matrix<double> centre = scale.undo(Matrix<float>(1, coordinates.cols));
  std::vector<double> distance(static_cast<std::size_t>(coordinates.rows)), from_centre = distance;
  for (std::int64_t i = 0; i < coordinates.rows; ++i) {
    distance[i] = detail::distance(out.spots.position.row(i), coordinates.row(i));
    from_centre[i] = detail::distance(centre.row(0), coordinates.row(i));
  }
  const auto of = [](const std::vector<double>& values, const std::vector<std::int64_t>& rows) {
    std::vector<double> chosen;
    for (const std::int64_t i : rows) chosen.push_back(values[i]);
    return chosen;
  };
  const double margin = std::max(summarize(of(distance, split.train)).median, 1e-9 * scale.scale());
  std::vector<double> scores;
  for (const std::int64_t i : split.calibration) scores.push_back(distance[i] / (out.spots.spread[i] + margin));
  std::sort(scores.begin(), scores.end());
  const auto rank = static_cast<std::size_t>(std::ceil(static_cast<double>(scores.size() + 1) * options.level - 1e-9));
  for (Placed* placed : {&out.spots, &out.cells})
    for (const double spread : placed->spread) placed->radius.push_back(scores[rank - 1] * (spread + margin));

  const auto l1 = [&](const std::vector<std::int64_t>& rows) {
    double sum = 0;
    for (const std::int64_t i : rows)
      for (std::int64_t d = 0; d < coordinates.cols; ++d)
        sum += std::abs(out.spots.position(i, d) - coordinates(i, d)) / scale.scale();
    return sum / static_cast<double>(rows.size());
  };
  const auto count = [](const auto& rows) { return static_cast<std::int64_t>(rows.size()); };
  out.errors = {.n_train = count(split.train),
                .n_calibration = count(split.calibration),
                .n_test = count(split.test),
                .scale = scale.scale(),
                .train_l1 = l1(split.train),
                .test_l1 = l1(split.test),
                .test_distance = summarize(of(distance, split.test)),
                .centre_distance = summarize(of(from_centre, split.test)).median,
                .coverage = 0};
  for (const std::int64_t i : split.test)
    out.errors.coverage += (distance[i] <= out.spots.radius[i]) / static_cast<double>(split.test.size());
  return out;
}

/// Learns where spots lie from their latents, and places spots and cells: measure_places().
///
/// @param spots, cells  posteriors of the latents
/// @param coordinates   (n_spots x dims)
/// @param on_epoch      void(std::int64_t epoch, const EpochRecord&), for progress
/// @throws DataError without coordinates, for ones that are not finite or all equal, and for fewer
/// than 30 spots; ArgumentError for shapes that do not match; NumericError when training diverges;
/// Interrupted. Deterministic: yes, for every number of threads. Source: DCAVAE, sections 3 and 6.
template <class D, class OnEpoch>
Placement place_cells(const ContextOptions& context, const LatentPosterior& spots, const Matrix<double>& coordinates,
                      const LatentPosterior& cells, const PositionOptions& options, OnEpoch&& on_epoch) {
  detail::check_positions(spots, coordinates, cells, options);
  const PositionSplit split(coordinates, options);
  const CoordinateScale scale(coordinates, split.train);
  const Matrix<float> places = scale.apply(coordinates);
  // A step is 0.2 ms of one thread: a second one would save little, and waiting for it costs milliseconds
  // whenever another program has the processor.
  ContextOptions single = context;
  single.threads = 1;
  PositionModel<D> model(single, spots.mean, spots.sd, places, options);
  Fit<float, D> fit(model.context(), model.store(), model.adam(),
                    {.batch_size = options.batch_size,
                     .max_epochs = options.epochs,
                     .patience = options.epochs,
                     .seed = context.seed,
                     .steps_per_epoch = 0,
                     .terms = {{"positions"}}},
                    std::vector<std::int32_t>(split.train.begin(), split.train.end()));
  // Each epoch scores better than the last: nothing is chosen, the last weights stay.
  const FitEnd end = fit.run([&](const auto& rows) { return model.loss(rows); },
                             [&] { return static_cast<double>(fit.epochs().size()); },
                             [&] { on_epoch(static_cast<std::int64_t>(fit.epochs().size()), fit.epochs().back()); });
  if (end == FitEnd::interrupted) fail<Interrupted>("positions", "interrupted while cells were being placed");
  Placement out = measure_places(model, split, scale, spots, coordinates, cells, options);
  out.epochs = fit.epochs();
  return out;
}

}  // namespace stx::dcavae
