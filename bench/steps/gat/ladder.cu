#include "ladder.hpp"

#include "step1_separate_kernels.cuh"
#include "step2_fused_softmax.cuh"
#include "step3_no_messages.cuh"
#include "step4_one_pass.cuh"

namespace stx::steps {

Ladder<GatProblem> gat_ladder() {
  return {
      {"1_separate_kernels", gat_separate_kernels, gat_separate_kernels_traffic},
      {"2_fused_softmax", gat_fused_softmax, gat_fused_softmax_traffic},
      {"3_no_messages", gat_no_messages, gat_no_messages_traffic},
      {"4_one_pass", gat_one_pass, gat_one_pass_traffic},
      {"5_library", [](Context<Cuda>& ctx, const GatProblem& p) { gat_forward(ctx, p.forward); }, gat_library_traffic},
  };
}

}  // namespace stx::steps
