// Bodies of all ops on the CPU.
#pragma once

#include "stx/backend/cpu/adam.hpp"
#include "stx/backend/cpu/batch_norm.hpp"
#include "stx/backend/cpu/draw_rows.hpp"
#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/gather_log1p.hpp"
#include "stx/backend/cpu/gemm.hpp"
#include "stx/backend/cpu/hide_inputs.hpp"
#include "stx/backend/cpu/linear.hpp"
#include "stx/backend/cpu/mse.hpp"
#include "stx/backend/cpu/permutation.hpp"
#include "stx/backend/cpu/random_fill.hpp"
#include "stx/backend/cpu/residual_layer_norm.hpp"
#include "stx/backend/cpu/sample_counts.hpp"
#include "stx/backend/cpu/shared_kv_attention.hpp"
#include "stx/backend/cpu/softmax_sample.hpp"
#include "stx/backend/cpu/transfer.hpp"
