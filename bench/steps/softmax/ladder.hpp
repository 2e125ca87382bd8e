// The ladder of softmax along rows, without dropout: y = softmax(scale x).
#pragma once

#include "../ladder.hpp"
#include "stx/backend/softmax.hpp"

namespace stx::steps {

Ladder<SoftmaxForward<float>> softmax_ladder();

}  // namespace stx::steps
