#include "ladder.hpp"

#include "step1_thread_per_row.cuh"
#include "step2_block_per_row.cuh"
#include "step3_warp_per_row.cuh"
#include "step4_online.cuh"

namespace stx::steps {

Ladder<SoftmaxForward<float>> softmax_ladder() {
  return {
      {"1_thread_per_row", softmax_thread_per_row, softmax_three_passes},
      {"2_block_per_row", softmax_block_per_row, softmax_three_passes},
      {"3_warp_per_row", softmax_warp_per_row, softmax_three_passes},
      {"4_online", softmax_online, softmax_two_passes},
      // Final: four values a load, and as many lanes a row as its width feeds.
      {"5_library", stx::softmax_forward<float>, softmax_two_passes},
  };
}

}  // namespace stx::steps
