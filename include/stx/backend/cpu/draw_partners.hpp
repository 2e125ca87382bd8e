// One random member of each row's list on the CPU.
#pragma once

#include "stx/backend/draw_partners.hpp"

namespace stx {

template <class T>
void draw_partners(Context<Cpu>& ctx, const DrawPartners<T>& p) {
  const StepState& state = *ctx.step_state();
  constexpr std::int64_t block = 512;
  parallel_chunks(ctx.threads(), p.count, block, [&](std::int64_t begin, std::int64_t end) {
    std::uint32_t words[block];  // a loop of their own, which compilers vectorise
    for (std::int64_t i = begin; i < end; ++i) words[i - begin] = p.word(state, i);
    for (std::int64_t i = begin; i < end; ++i) p.partners[i] = p.partner(words[i - begin], i);
  });
}

}  // namespace stx
