// Random hiding of inputs on the CPU.
#pragma once

#include "stx/backend/hide_inputs.hpp"

namespace stx {

template <class T>
void hide_inputs(Context<Cpu>& ctx, const HideInputs<T>& p) {
  const StepState& state = *ctx.step_state();
  parallel_chunks(ctx.threads(), p.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::uint32_t threshold = math::hide_threshold(state, p.hide, i);
      for (std::int64_t first = 0; first < p.cols; first += math::dropout_group) {
        const PhiloxWords words =
            math::dropout_words(state, p.hide.site, i, static_cast<std::uint32_t>(first / math::dropout_group));
        const auto n = std::min<std::int64_t>(math::dropout_group, p.cols - first);
        for (int lane = 0; lane < n; ++lane) {
          const bool keep = math::dropout_factor(words, lane, threshold, 1.0f) != 0.0f;
          const std::int64_t at = i * p.cols + first + lane;
          p.hidden[at] = keep ? T(0) : (p.counted != nullptr ? p.counted[first + lane] : T(1));
          if (!keep) p.x[at] = T(0);
        }
      }
    }
  });
}

}  // namespace stx
