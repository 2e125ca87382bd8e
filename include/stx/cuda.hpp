// The host side of the CUDA backend, for plain C++: link stx::compiled, which holds the kernels. A .cu
// that wants to instantiate them itself includes <stx_kernels/all.cuh> and links stx::cuda.
#pragma once

#include "stx/backend/cuda/context.hpp"
#include "stx/backend/cuda/step_graph.hpp"
#include "stx/backend/cuda/transfer.hpp"
