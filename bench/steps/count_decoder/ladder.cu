#include "ladder.hpp"

#include "step1_separate_kernels.cuh"
#include "step2_fused_terms.cuh"
#include "step3_online.cuh"

namespace stx::steps {
namespace {

void decoder_library(Context<Cuda>& ctx, const CountDecoderProblem& p) {
  count_log_prob_forward(ctx, p.forward);
  count_log_prob_backward(ctx, p.backward);
}

}  // namespace

Ladder<CountDecoderProblem> count_decoder_ladder() {
  return {
      {"1_separate_kernels", decoder_separate_kernels, decoder_separate_kernels_traffic},
      {"2_fused_terms", decoder_fused_terms, decoder_fused_terms_traffic},
      {"3_online", decoder_online, decoder_online_traffic},
      {"4_library", decoder_library, decoder_library_traffic},
  };
}

}  // namespace stx::steps
