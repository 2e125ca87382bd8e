// Random gamma and Poisson numbers on the CPU.
#pragma once

#include "stx/backend/sample_variates.hpp"

namespace stx {

template <class T>
void sample_variates(Context<Cpu>& ctx, const SampleVariates<T>& p) {
  const StepState state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.rows * p.cols, 1024, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) p.out[i] = sampled_variate(p, state, i / p.cols, i % p.cols);
  });
}

}  // namespace stx
