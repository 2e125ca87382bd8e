// Random counts on the CPU.
//
// Nearly all entries are settled by the first attempt of a loop: this one is made for many entries at once, in loops
// that compilers vectorise. The others are drawn alone, from the start: the same bits.
#pragma once

#include <algorithm>

#include "stx/backend/sample_counts.hpp"

namespace stx {
namespace cpu {

/// Up to `width` neighbouring entries, across rows.
template <class T>
class CountDraws {
 public:
  static constexpr std::int64_t width = 256;

  CountDraws(const SampleCounts<T>& p, const StepState& state) : p_(p), state_(state) {}

  /// Entries [begin, begin + n).
  void draw(std::int64_t begin, std::int64_t n) {
    read(begin, n);
    draw_rates(n);
    sort(begin, n);
    draw_small();
    draw_large();
    for (std::int64_t j = 0; j < n; ++j) p_.counts[begin + j] = static_cast<T>(counts_[j]);
  }

 private:
  static constexpr std::int64_t lanes = 16;

  struct Words {
    std::uint32_t x[width], y[width], z[width], w[width];

    PhiloxWords at(std::int64_t j) const { return {x[j], y[j], z[j], w[j]}; }
  };
  /// Entries that are drawn in one way.
  struct List {
    std::int32_t at[width];
    std::int64_t n = 0;
  };

  math::ElementWords words_of(std::int64_t j) const { return {state_, p_.site, rows_[j], columns_[j]}; }

  void draw_words(std::uint32_t block, const std::int32_t* rows, const std::uint32_t* columns, std::int64_t n,
                  Words& to) const {
    const StepState state = state_;
    const std::uint32_t site = p_.site;
    for (std::int64_t j = 0; j < n; ++j) {
      const PhiloxWords w = math::ElementWords{state, site, rows[j], columns[j]}.block(block);
      to.x[j] = w.x;
      to.y[j] = w.y;
      to.z[j] = w.z;
      to.w[j] = w.w;
    }
  }

  void read(std::int64_t begin, std::int64_t n) {
    std::int64_t row = begin / p_.cols, column = begin % p_.cols;
    for (std::int64_t j = 0; j < n; ++j) {
      rows_[j] = static_cast<std::int32_t>(p_.row_ids != nullptr ? p_.row_ids[row] : row);
      columns_[j] = static_cast<std::uint32_t>(column);
      log_theta_[j] = static_cast<float>(p_.log_theta[p_.theta_per_entry ? begin + j : column]);
      if (++column == p_.cols) column = 0, ++row;
    }
  }

  /// Gamma numbers of mean e^log_mu, of entries read before.
  void draw_rates(std::int64_t n) {
    draw_words(0, rows_, columns_, n, single_);
    draw_words(math::gamma_first_block, rows_, columns_, n, words_);
    STX_WIDE_LOOP
    for (std::int64_t j = 0; j < n; ++j) {
      const float theta = math::exact::exp(log_theta_[j]);
      const float shape = theta < 1.0f ? theta + 1.0f : theta;
      const math::GammaAttempt made = math::gamma_attempt(math::GammaAttempts(shape), words_.at(j));
      const float boost = math::exact::log_of_normal(uniform_open(single_.z[j])) / theta;
      theta_[j] = theta;
      factor_[j] = theta < 1.0f ? made.value * (shape / theta) : made.value;
      log_boost_[j] = theta < 1.0f ? boost : 0.0f;
      accepted_[j] = made.accepted ? 1 : 0;
    }
    for (std::int64_t j = 0; j < n; ++j)
      if (accepted_[j] == 0) factor_[j] = math::gamma_over_mean(words_of(j), theta_[j]).factor;
  }

  /// Makes rates, settles what needs no Poisson number and lists the rest.
  void sort(std::int64_t begin, std::int64_t n) {
    for (std::int64_t j = 0; j < n; ++j) {
      const float log_mu = static_cast<float>(p_.log_mu[begin + j]);
      rates_[j] = math::exact::exp(log_mu + log_boost_[j]) * factor_[j];
      counts_[j] = rates_[j];  // of rates that are not finite
    }
    if (p_.zeta != nullptr) settle_zeros(begin, n);
    small_.n = large_.n = 0;
    for (std::int64_t j = 0; j < n; ++j) {
      const float rate = rates_[j];
      const bool small = rate < math::poisson_rejection_rate, large = !small && rate < 1e30f;
      small_.at[small_.n] = large_.at[large_.n] = static_cast<std::int32_t>(j);
      small_.n += small ? 1 : 0;
      large_.n += large ? 1 : 0;
    }
  }

  /// Entries with an extra zero, or with one of unknown probability, have no rate.
  void settle_zeros(std::int64_t begin, std::int64_t n) {
    constexpr float none = 3.0e38f;  // beyond every rate that is drawn from
    std::int64_t column = columns_[0];
    for (std::int64_t j = 0; j < n; ++j) {
      const float zeta = static_cast<float>(p_.zeta[p_.zeta_per_entry ? begin + j : column]);
      const bool zero = math::extra_zero(uniform_open(single_.x[j]), zeta);
      counts_[j] = zero ? 0.0f : (zeta == zeta ? counts_[j] : zeta);
      rates_[j] = zero || !(zeta == zeta) ? none : rates_[j];
      if (++column == p_.cols) column = 0;
    }
  }

  void draw_small() {
    for (std::int64_t first = 0; first < small_.n; first += lanes) {
      const std::int64_t n = std::min(lanes, small_.n - first);
      float rate[lanes] = {}, u[lanes] = {}, probability[lanes], sum[lanes], k[lanes];
      for (std::int64_t l = 0; l < n; ++l) {
        rate[l] = rates_[small_.at[first + l]];
        u[l] = uniform_open(single_.y[small_.at[first + l]]);
      }
      for (std::int64_t l = 0; l < lanes; ++l) {
        const math::PoissonSearch search = math::PoissonSearch::start(rate[l]);
        probability[l] = search.probability;
        sum[l] = search.sum;
        k[l] = search.k;
      }
      for (int any = 1; any != 0;) {
        any = 0;
        for (std::int64_t l = 0; l < lanes; ++l) {
          math::PoissonSearch search{probability[l], sum[l], k[l]};
          const bool goes_on = search.goes_on(u[l]);
          search.advance(rate[l], goes_on);
          probability[l] = search.probability;
          sum[l] = search.sum;
          k[l] = search.k;
          any |= goes_on ? 1 : 0;
        }
      }
      for (std::int64_t l = 0; l < n; ++l) counts_[small_.at[first + l]] = k[l];
    }
  }

  void draw_large() {
    const std::int64_t n = large_.n;
    std::int32_t rows[width];
    std::uint32_t columns[width];
    float rate[width], k[width];
    for (std::int64_t l = 0; l < n; ++l) {
      rows[l] = rows_[large_.at[l]];
      columns[l] = columns_[large_.at[l]];
      rate[l] = rates_[large_.at[l]];
    }
    draw_words(math::poisson_first_block, rows, columns, n, words_);
    for (std::int64_t l = 0; l < n; ++l) {
      const math::PoissonAttempt made(math::PoissonAttempts(rate[l]), words_.x[l], words_.y[l]);
      k[l] = made.k;
      accepted_[l] = made.squeezed ? 1 : 0;
    }
    for (std::int64_t l = 0; l < n; ++l) {
      const std::int32_t j = large_.at[l];
      counts_[j] = accepted_[l] != 0 ? k[l] : math::poisson_variate(words_of(j), rate[l], uniform_open(single_.y[j]));
    }
  }

  const SampleCounts<T>& p_;
  const StepState& state_;
  std::int32_t rows_[width], accepted_[width];
  std::uint32_t columns_[width];
  float log_theta_[width], theta_[width], factor_[width], log_boost_[width], rates_[width], counts_[width];
  Words single_, words_;
  List small_, large_;
};

}  // namespace cpu

template <class T>
void sample_counts(Context<Cpu>& ctx, const SampleCounts<T>& p) {
  const StepState state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.rows * p.cols, 1024, [&](std::int64_t begin, std::int64_t end) {
    cpu::CountDraws<T> draws(p, state);
    for (std::int64_t i = begin; i < end; i += draws.width) draws.draw(i, std::min(draws.width, end - i));
  });
}

}  // namespace stx
