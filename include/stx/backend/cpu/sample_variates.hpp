// Random gamma and Poisson numbers on the CPU.
#pragma once

#include <algorithm>

#include "stx/backend/cpu/count_variates.hpp"
#include "stx/backend/sample_variates.hpp"

namespace stx {
namespace cpu {

/// Entries [begin, begin + n) of the result, n up to VariateBlock::width.
template <class T>
void draw_variates(const SampleVariates<T>& p, VariateBlock& block, std::int64_t begin, std::int64_t n) {
  float parameter[VariateBlock::width], value[VariateBlock::width];
  for (std::int64_t j = 0; j < n; ++j) parameter[j] = static_cast<float>(p.parameter[begin + j]);
  block.go_to(begin, n);
  if (p.variate == Variate::gamma) {
    float shape[VariateBlock::width], log_boost[VariateBlock::width];
    for (std::int64_t j = 0; j < n; ++j) shape[j] = math::gamma_is_drawn(parameter[j]) ? parameter[j] : 1.0f;
    block.gammas(shape, value, log_boost);
    for (std::int64_t j = 0; j < n; ++j) value[j] = math::gamma_of_shape({value[j], log_boost[j]}, shape[j]);
    for (std::int64_t j = 0; j < n; ++j)
      if (!math::gamma_is_drawn(parameter[j])) value[j] = math::gamma_limit(parameter[j]);
  } else {
    for (std::int64_t j = 0; j < n; ++j) value[j] = parameter[j] >= 0.0f ? parameter[j] : std::nanf("");
    for (std::int64_t j = 0; j < n; ++j) parameter[j] = value[j];
    block.poissons(parameter, value);
  }
  for (std::int64_t j = 0; j < n; ++j) p.out[begin + j] = static_cast<T>(value[j]);
}

}  // namespace cpu

template <class T>
void sample_variates(Context<Cpu>& ctx, const SampleVariates<T>& p) {
  const StepState state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.rows * p.cols, 1024, [&](std::int64_t begin, std::int64_t end) {
    cpu::VariateBlock block(state, p.site, p.row_ids, p.cols);
    for (std::int64_t i = begin; i < end; i += block.width)
      cpu::draw_variates(p, block, i, std::min(block.width, end - i));
  });
}

}  // namespace stx
