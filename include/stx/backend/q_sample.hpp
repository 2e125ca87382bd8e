// Noising data to the time of each row: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"
#include "stx/math/random_variates.hpp"

namespace stx {

/// x_t = levels[t][0] x_0 + levels[t][1] eps for t = times[row]; a row whose time is not in
/// [0, n_times) becomes NaN. eps is read where given; else it is drawn (N(0, 1) of row id and
/// column) and stored in `drawn`.
template <class T>
struct QSample {
  const T* x0 = nullptr;                  ///< rows x cols
  const std::int32_t* times = nullptr;    ///< rows
  const T* levels = nullptr;              ///< n_times x 2
  const T* eps = nullptr;                 ///< rows x cols, or null
  T* drawn = nullptr;                     ///< rows x cols; null where eps is given
  T* xt = nullptr;                        ///< rows x cols
  const std::int32_t* row_ids = nullptr;  ///< rows, or null
  std::int64_t rows = 0, cols = 0, n_times = 0;
  std::uint32_t site = 0;
};

template <class T>
void q_sample(Context<Cpu>& ctx, const QSample<T>& args);
template <class T>
void q_sample(Context<Cuda>& ctx, const QSample<T>& args);

/// The two factors of a row.
template <class T>
struct NoiseLevel {
  T signal, noise;
};

template <class T>
STX_HD inline NoiseLevel<T> noise_level_of(const QSample<T>& p, std::int64_t row) {
  const std::int32_t t = p.times[row];
  if (t < 0 || t >= p.n_times) {
    const T nan = static_cast<T>(math::exact::float_of(0x7FC00000u));
    return {nan, nan};
  }
  return {p.levels[2 * static_cast<std::int64_t>(t)], p.levels[2 * static_cast<std::int64_t>(t) + 1]};
}

}  // namespace stx
