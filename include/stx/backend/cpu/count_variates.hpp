// Gamma and Poisson numbers of many entries on the CPU.
//
// An attempt is made for many entries at once, in loops that compilers vectorise. Entries that remain after a few are
// drawn alone, from the start: the same bits.
#pragma once

#include <algorithm>

#include "stx/math/count_variates.hpp"

namespace stx::cpu {

/// Up to `width` neighbouring entries of a matrix of `cols` columns, across rows.
class VariateBlock {
 public:
  static constexpr std::int64_t width = 256;

  VariateBlock(const StepState& state, std::uint32_t site, const std::int32_t* row_ids, std::int64_t cols)
      : state_(state), site_(site), row_ids_(row_ids), cols_(cols) {}

  /// Goes to entries [begin, begin + n) and draws their single uniforms.
  void go_to(std::int64_t begin, std::int64_t n) {
    n_ = n;
    std::int64_t row = begin / cols_, column = begin % cols_;
    for (std::int64_t j = 0; j < n; ++j) {
      rows_[j] = static_cast<std::int32_t>(row_ids_ != nullptr ? row_ids_[row] : row);
      columns_[j] = static_cast<std::uint32_t>(column);
      if (++column == cols_) column = 0, ++row;
    }
    draw_words(0, rows_, columns_, n, single_);
  }

  std::int64_t size() const { return n_; }
  std::int64_t column(std::int64_t j) const { return columns_[j]; }
  /// The uniform number of an entry that decides about its extra zero.
  float zero_uniform(std::int64_t j) const { return uniform_open(single_.x[j]); }

  /// math::gamma_over_mean of every entry: factor[j] and log_boost[j] of shape[j].
  void gammas(const float* shape, float* factor, float* log_boost) {
    draw_words(math::gamma_first_block, rows_, columns_, n_, words_);
    STX_WIDE_LOOP
    for (std::int64_t j = 0; j < n_; ++j) {
      const math::GammaShape of(shape[j]);
      const math::GammaAttempts all(of.drawn);
      const math::GammaAttempt made(all, words_.x[j], words_.y[j], words_.z[j]);
      factor[j] = made.value * of.factor();
      log_boost[j] = of.log_boost(single_.z[j]);
      accepted_[j] = made.accepted(all) ? 1 : 0;
    }
    for (std::int64_t j = 0; j < n_; ++j)
      if (accepted_[j] == 0) factor[j] = math::gamma_over_mean(words_of(j), shape[j]).factor;
  }

  /// math::poisson_variate of every entry whose rate is below the limit: counts[j] of rates[j]. Others stay.
  void poissons(const float* rates, float* counts) {
    n_small_ = n_open_ = 0;
    for (std::int64_t j = 0; j < n_; ++j) {
      const bool small = rates[j] < math::poisson_rejection_rate;
      small_[n_small_] = at_[n_open_] = static_cast<std::int32_t>(j);
      n_small_ += small ? 1 : 0;
      n_open_ += !small && rates[j] < math::poisson_limit ? 1 : 0;
    }
    search(rates, counts);
    reject(rates, counts);
  }

 private:
  static constexpr std::int64_t lanes = 16;

  struct Words {
    std::uint32_t x[width], y[width], z[width], w[width];
  };

  math::ElementWords words_of(std::int64_t j) const { return {state_, site_, rows_[j], columns_[j]}; }

  void draw_words(std::uint32_t block, const std::int32_t* rows, const std::uint32_t* columns, std::int64_t n,
                  Words& to) const {
    const StepState state = state_;
    const std::uint32_t site = site_;
    for (std::int64_t l = 0; l < n; ++l) {
      const PhiloxWords w = math::ElementWords{state, site, rows[l], columns[l]}.block(block);
      to.x[l] = w.x;
      to.y[l] = w.y;
      to.z[l] = w.z;
      to.w[l] = w.w;
    }
  }

  /// Small rates, by the inverse distribution function.
  void search(const float* rates, float* counts) const {
    for (std::int64_t first = 0; first < n_small_; first += lanes) {
      const std::int64_t n = std::min(lanes, n_small_ - first);
      float rate[lanes] = {}, u[lanes] = {}, probability[lanes], sum[lanes], k[lanes];
      for (std::int64_t l = 0; l < n; ++l) {
        rate[l] = rates[small_[first + l]];
        u[l] = uniform_open(single_.y[small_[first + l]]);
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
      for (std::int64_t l = 0; l < n; ++l) counts[small_[first + l]] = k[l];
    }
  }

  /// Large rates, by rejection.
  void reject(const float* rates, float* counts) {
    std::int32_t rows[width];
    std::uint32_t columns[width];
    for (std::uint32_t block = 0; n_open_ > 0 && block < math::poisson_blocks; ++block) {
      const std::int64_t n = fill_lanes();
      for (std::int64_t l = 0; l < n; ++l) rows[l] = rows_[at_[l]], columns[l] = columns_[at_[l]];
      draw_words(math::poisson_first_block + block, rows, columns, n, words_);
      attempt(rates, counts);
      attempt(rates, counts);
    }
    for (std::int64_t l = 0; l < n_open_; ++l) {
      const std::int32_t j = at_[l];
      counts[j] = math::poisson_variate(words_of(j), rates[j], uniform_open(single_.y[j]));
    }
  }

  /// Makes the open entries as many as fill the registers, with another entry in the free places.
  std::int64_t fill_lanes() {
    const std::int64_t n = (n_open_ + lanes - 1) / lanes * lanes;
    std::fill(at_ + n_open_, at_ + n, 0);
    return n;
  }

  /// One attempt at all that are open, with the first two of their words; the other two become the first of those that
  /// stay open.
  void attempt(const float* rates, float* counts) {
    float rate[width], k[width];
    const std::int64_t n = fill_lanes();
    for (std::int64_t l = 0; l < n; ++l) rate[l] = rates[at_[l]];
    STX_WIDE_LOOP
    for (std::int64_t l = 0; l < n; ++l) {
      const math::PoissonAttempts all(rate[l]);
      const math::PoissonAttempt made(all, words_.x[l], words_.y[l]);
      k[l] = made.k;
      accepted_[l] = made.squeezed(all) | made.accepted(all) ? 1 : 0;
    }
    std::int64_t open = 0;
    for (std::int64_t l = 0; l < n_open_; ++l) {
      const std::int32_t j = at_[l];
      counts[j] = k[l];
      at_[open] = j;
      words_.x[open] = words_.z[l];
      words_.y[open] = words_.w[l];
      open += accepted_[l] == 0 ? 1 : 0;
    }
    n_open_ = open;
  }

  const StepState& state_;
  const std::uint32_t site_;
  const std::int32_t* row_ids_;
  const std::int64_t cols_;
  std::int64_t n_ = 0, n_small_ = 0, n_open_ = 0;
  std::int32_t rows_[width], accepted_[width], at_[width], small_[width];
  std::uint32_t columns_[width];
  Words single_, words_;
};

}  // namespace stx::cpu
