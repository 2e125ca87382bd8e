// Solvers of diffusion models as tables of coefficients, one row a step.
#pragma once

#include <vector>

#include "stx/diffusion/noise_schedule.hpp"
#include "stx/math/diffusion.hpp"

namespace stx::diffusion {

enum class Solver : unsigned char {
  ddpm,   ///< every time of the schedule, ancestral noise
  ddim,   ///< a grid of times; deterministic with eta = 0
  dpm2m,  ///< DPM-Solver++ 2M on a grid of times
};

/// What is written over known entries after a step.
enum class KnownEntries : unsigned char {
  clean,   ///< the known values themselves: for networks trained on clean visible entries
  noised,  ///< noised to the level of the state (RePaint, Lugmayr et al. 2022)
};

struct SamplingOptions {
  Solver solver = Solver::dpm2m;
  std::int64_t steps = 20;      ///< network evaluations of ddim and dpm2m; ddpm takes all times
  double eta = 0.0;             ///< ddim: share of the ancestral noise, 0 to 1
  bool large_variance = false;  ///< ddpm: noise of variance beta_t instead of the posterior's
  KnownEntries known = KnownEntries::clean;
  double least_half_log_snr = -5.1;  ///< ddim, dpm2m: noisier times are left out of the grid
};

/// Row 0 makes the start from noise, without a network; rows 1 .. n are the evaluations, at
/// times[row]. The last row leaves the predicted clean value.
struct SamplingPlan {
  std::vector<DiffusionStep> steps;
  std::vector<std::int32_t> times;  ///< of the state before the step; 0 for row 0
};

namespace detail {

/// Coefficients of one step from time t to time s (s = -1: the clean value).
inline DiffusionStep prediction_step(const NoiseSchedule& schedule, std::int64_t t, std::int64_t s,
                                     KnownEntries known) {
  DiffusionStep step;
  step.x0_u = static_cast<float>(1 / std::sqrt(schedule.alpha_bar(t)));
  step.x0_eps = static_cast<float>(-std::sqrt((1 - schedule.alpha_bar(t)) / schedule.alpha_bar(t)));
  step.x0 = 1;
  if (known == KnownEntries::noised && s >= 0) {
    step.known = static_cast<float>(std::sqrt(schedule.alpha_bar(s)));
    step.known_noise = static_cast<float>(std::sqrt(1 - schedule.alpha_bar(s)));
  }
  return step;
}

inline void set_ddpm(DiffusionStep& step, const NoiseSchedule& schedule, std::int64_t t, bool large) {
  const double now = schedule.alpha_bar(t), next = schedule.alpha_bar(t - 1), beta = schedule.beta(t);
  step.x0 = static_cast<float>(beta * std::sqrt(next) / (1 - now));
  step.u = static_cast<float>((1 - next) * std::sqrt(1 - beta) / (1 - now));
  if (t > 0) step.noise = static_cast<float>(std::sqrt(large ? beta : schedule.posterior_variance(t)));
}

inline void set_ddim(DiffusionStep& step, const NoiseSchedule& schedule, std::int64_t t, std::int64_t s, double eta) {
  const double now = schedule.alpha_bar(t), next = schedule.alpha_bar(s);
  const double sigma = eta * std::sqrt((1 - next) / (1 - now) * (1 - now / next));
  const double rest = std::sqrt((1 - next - sigma * sigma) / (1 - now));
  step.u = static_cast<float>(rest);
  step.x0 = static_cast<float>(std::sqrt(next) - rest * std::sqrt(now));
  step.noise = static_cast<float>(sigma);
}

/// `before`: the time of the step before, -1 for a first-order step.
inline void set_dpm2m(DiffusionStep& step, const NoiseSchedule& schedule, std::int64_t t, std::int64_t s,
                      std::int64_t before) {
  const double h = schedule.half_log_snr(s) - schedule.half_log_snr(t);
  const double factor = -std::sqrt(schedule.alpha_bar(s)) * std::expm1(-h);
  const double ratio = before < 0 ? 0 : h / (2 * (schedule.half_log_snr(t) - schedule.half_log_snr(before)));
  step.u = static_cast<float>(std::sqrt((1 - schedule.alpha_bar(s)) / (1 - schedule.alpha_bar(t))));
  step.x0 = static_cast<float>(factor * (1 + ratio));
  step.previous = static_cast<float>(-factor * ratio);
}

}  // namespace detail

/// The table of a solver.
///
/// @throws ArgumentError when eta is not in [0, 1] or steps does not fit the schedule.
/// Source: SpotDiff, section 7 (grid, first and last step of 2M of first order); Ho et al. 2020;
/// Song et al. 2021, eq. 12; Lu et al. 2022, "DPM-Solver++", algorithm 2.
inline SamplingPlan make_plan(const NoiseSchedule& schedule, const SamplingOptions& options) {
  require(options.eta >= 0 && options.eta <= 1, "make_plan", "eta must lie in [0, 1], got ", options.eta);
  std::vector<std::int64_t> grid;
  if (options.solver == Solver::ddpm) {
    for (std::int64_t t = schedule.times() - 1; t >= 0; --t) grid.push_back(t);
  } else {
    grid = schedule.grid(options.steps, options.least_half_log_snr);
  }
  SamplingPlan plan;
  DiffusionStep start;
  start.noise = 1;
  if (options.known == KnownEntries::noised) {
    start.known = static_cast<float>(std::sqrt(schedule.alpha_bar(grid[0])));
    start.known_noise = static_cast<float>(std::sqrt(1 - schedule.alpha_bar(grid[0])));
  }
  plan.steps.push_back(start);
  plan.times.push_back(0);
  const std::size_t n = grid.size();
  for (std::size_t i = 0; i < n; ++i) {
    const bool last = i + 1 == n;
    const std::int64_t t = grid[i], s = last ? -1 : grid[i + 1];
    DiffusionStep step = detail::prediction_step(schedule, t, s, options.known);
    if (options.solver == Solver::ddpm) {
      detail::set_ddpm(step, schedule, t, options.large_variance);
    } else if (options.solver == Solver::ddim && !last) {
      detail::set_ddim(step, schedule, t, s, options.eta);
    } else if (!last) {
      detail::set_dpm2m(step, schedule, t, s, i == 0 || i + 2 == n ? -1 : grid[i - 1]);
    }
    plan.steps.push_back(step);
    plan.times.push_back(static_cast<std::int32_t>(t));
  }
  return plan;
}

}  // namespace stx::diffusion
