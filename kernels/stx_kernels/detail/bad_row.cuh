// Rows whose loss is not finite.
#pragma once

#include <cuda_runtime.h>

#include "stx/core/step_state.hpp"

namespace stx::kernels {

/// Records that a row of term `term` is not finite. The smallest key wins, in any order of arrival.
__device__ inline void record_bad_row(StepState* state, std::int64_t row, std::uint32_t term) {
  atomicMin(reinterpret_cast<unsigned long long*>(&state->first_bad),
            static_cast<unsigned long long>(bad_key(state->step, row, term)));
}

}  // namespace stx::kernels
