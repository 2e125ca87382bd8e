// Bodies of all ops on CUDA.
#pragma once

#include "stx/cuda.hpp"
#include "stx_kernels/adam.cuh"
#include "stx_kernels/batch_norm.cuh"
#include "stx_kernels/draw_rows.cuh"
#include "stx_kernels/elementwise.cuh"
#include "stx_kernels/gather_log1p.cuh"
#include "stx_kernels/gemm.cuh"
#include "stx_kernels/hide_inputs.cuh"
#include "stx_kernels/linear.cuh"
#include "stx_kernels/mse.cuh"
#include "stx_kernels/permutation.cuh"
#include "stx_kernels/random_fill.cuh"
#include "stx_kernels/residual_layer_norm.cuh"
#include "stx_kernels/sample_counts.cuh"
#include "stx_kernels/shared_kv_attention.cuh"
#include "stx_kernels/softmax_sample.cuh"
