// The demo of a runner: a simulated tissue, files as a user would have them, then `fit`.
#pragma once

#include "examples/common/commands.hpp"

namespace stx {

/// Makes the folder with st.h5ad and sc.h5ad of a simulated tissue (obs['cell_type'] on both sides).
/// Returns the `fit` to run on them, whose outputs of an earlier demo are removed.
FitFlags prepare_demo(const DemoFlags& demo);

}  // namespace stx
