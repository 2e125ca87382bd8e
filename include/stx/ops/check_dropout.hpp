// Check of a dropout probability where an op receives it.
#pragma once

#include <string_view>

#include "stx/core/error.hpp"
#include "stx/math/dropout.hpp"

namespace stx {

/// @throws ArgumentError unless the probability is in [0, 1) and leaves something to keep.
inline void check_dropout(std::string_view where, const Dropout& dropout) {
  require(dropout.probability >= 0.0f && dropout.probability < 1.0f && dropout.threshold() < 65536, where,
          "dropout probability must be in [0, 1), got ", dropout.probability);
}

}  // namespace stx
