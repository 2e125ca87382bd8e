// Noise schedules of diffusion models: how much of the data is left at every time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include "stx/core/transfer.hpp"

namespace stx::diffusion {

/// Times t = 0 .. T - 1 of a Gaussian diffusion; t = 0 is the least noisy. Everything in double.
///
/// x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps, alpha_bar_t = prod_{s <= t} (1 -
/// beta_s), alpha_bar_{-1} = 1 (Ho et al. 2020, "Denoising diffusion probabilistic models", eq. 4).
class NoiseSchedule {
 public:
  /// From the variances themselves. @throws ArgumentError unless all lie in (0, 1).
  explicit NoiseSchedule(std::vector<double> betas) : betas_(std::move(betas)) {
    require(!betas_.empty(), "NoiseSchedule", "there must be at least one time");
    double product = 1;
    for (double beta : betas_) {
      require(beta > 0 && beta < 1, "NoiseSchedule", "every beta must lie in (0, 1), got ", beta);
      product *= 1 - beta;
      alpha_bars_.push_back(product);
    }
  }

  /// Evenly spaced betas (Ho et al. 2020, section 4).
  static NoiseSchedule linear(std::int64_t times, double first = 1e-4, double last = 0.02) {
    return spaced(times, first, last, 1);
  }
  /// Betas whose roots are evenly spaced (Rombach et al. 2022, "High-resolution image synthesis
  /// with latent diffusion models").
  static NoiseSchedule scaled_linear(std::int64_t times, double first = 0.00085, double last = 0.012) {
    return spaced(times, first, last, 2);
  }
  /// alpha_bar follows cos^2((s + offset) / (1 + offset) pi / 2), s = (t + 1) / T, betas at most
  /// `most` (Nichol and Dhariwal 2021, "Improved denoising diffusion probabilistic models", eq.
  /// 17).
  static NoiseSchedule cosine(std::int64_t times, double offset = 0.008, double most = 0.999) {
    require(times >= 1 && offset > 0 && most > 0 && most < 1, "NoiseSchedule::cosine",
            "times must be positive, offset positive and most in (0, 1), got ", times, ", ", offset, ", ", most);
    const auto level = [&](std::int64_t t) {
      const double s = static_cast<double>(t) / static_cast<double>(times);
      const double c = std::cos((s + offset) / (1 + offset) * std::numbers::pi / 2);
      return c * c;
    };
    std::vector<double> betas;
    for (std::int64_t t = 0; t < times; ++t) betas.push_back(std::min(1 - level(t + 1) / level(t), most));
    return NoiseSchedule(std::move(betas));
  }

  std::int64_t times() const { return static_cast<std::int64_t>(betas_.size()); }
  double beta(std::int64_t t) const { return betas_[static_cast<std::size_t>(t)]; }
  /// 1 for t = -1.
  double alpha_bar(std::int64_t t) const { return t < 0 ? 1.0 : alpha_bars_[static_cast<std::size_t>(t)]; }
  /// Half the log of the signal-to-noise ratio: ln(alpha_bar / (1 - alpha_bar)) / 2. Falls with t.
  double half_log_snr(std::int64_t t) const { return 0.5 * std::log(alpha_bar(t) / (1 - alpha_bar(t))); }
  /// Variance of x_{t-1} given x_t and x_0: beta_t (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t).
  double posterior_variance(std::int64_t t) const { return beta(t) * (1 - alpha_bar(t - 1)) / (1 - alpha_bar(t)); }

  /// `count` times from the largest t with half_log_snr(t) >= least down to 0, evenly spaced and
  /// rounded: floor(top (1 - i / (count - 1)) + 1/2).
  /// @throws ArgumentError when count < 2, or so large that a time would repeat.
  std::vector<std::int64_t> grid(std::int64_t count, double least = -5.1) const {
    std::int64_t top = times() - 1;
    while (top > 0 && !(half_log_snr(top) >= least)) --top;
    require(count >= 2 && count <= top + 1, "NoiseSchedule::grid", "count must be 2 to ", top + 1, " for ", times(),
            " times, got ", count);
    std::vector<std::int64_t> found;
    for (std::int64_t i = 0; i < count; ++i) {
      const double share = 1 - static_cast<double>(i) / static_cast<double>(count - 1);
      found.push_back(static_cast<std::int64_t>(std::floor(static_cast<double>(top) * share + 0.5)));
    }
    return found;
  }

 private:
  static NoiseSchedule spaced(std::int64_t times, double first, double last, int power) {
    require(times >= 1, "NoiseSchedule", "there must be at least one time, got ", times);
    const double low = std::pow(first, 1.0 / power), high = std::pow(last, 1.0 / power);
    std::vector<double> betas;
    for (std::int64_t t = 0; t < times; ++t) {
      const double share = times > 1 ? static_cast<double>(t) / static_cast<double>(times - 1) : 0;
      betas.push_back(std::pow(low + (high - low) * share, power));
    }
    return NoiseSchedule(std::move(betas));
  }

  std::vector<double> betas_;
  std::vector<double> alpha_bars_;
};

/// The table that q_sample reads, (times, 2) on the device: sqrt(alpha_bar_t), sqrt(1 -
/// alpha_bar_t).
template <class T, class D>
Tensor<T, D> noise_levels(Context<D>& ctx, const NoiseSchedule& schedule) {
  std::vector<T> table;
  for (std::int64_t t = 0; t < schedule.times(); ++t) {
    table.push_back(static_cast<T>(std::sqrt(schedule.alpha_bar(t))));
    table.push_back(static_cast<T>(std::sqrt(1 - schedule.alpha_bar(t))));
  }
  return to_device(ctx, table, Shape{schedule.times(), 2});
}

}  // namespace stx::diffusion
