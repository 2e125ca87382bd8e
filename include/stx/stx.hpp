// Everything of stx that needs no file format library: tensors, ops, layers, optimisers, CPU bodies.
#pragma once

#include "stx/autograd/backward.hpp"
#include "stx/core/context.hpp"
#include "stx/core/transfer.hpp"
#include "stx/cpu.hpp"
#include "stx/nn/cross_attention.hpp"
#include "stx/nn/linear.hpp"
#include "stx/nn/residual_layer_norm.hpp"
#include "stx/ops/gather_log1p.hpp"
#include "stx/ops/linear.hpp"
#include "stx/ops/matmul.hpp"
#include "stx/ops/mse.hpp"
#include "stx/ops/residual_layer_norm.hpp"
#include "stx/ops/shared_kv_attention.hpp"
#include "stx/optim/adam.hpp"
#include "stx/version.hpp"
