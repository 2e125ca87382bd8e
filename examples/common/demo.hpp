// The demo of a runner: a simulated tissue, files as a user would have them, then `fit`.
#pragma once

#include "examples/common/commands.hpp"
#include "stx/data/simulate.hpp"

namespace stx {

/// Makes the folder, and st.h5ad and sc.h5ad of a simulated tissue in it (obs['cell_type'] on both sides).
void write_simulated_pair(const std::string& folder, const SimulationOptions& options, int threads);

/// Makes the folder with st.h5ad and sc.h5ad of a simulated tissue (obs['cell_type'] on both sides).
/// Returns the `fit` to run on them, whose outputs of an earlier demo are removed.
FitFlags prepare_demo(const DemoFlags& demo);

}  // namespace stx
