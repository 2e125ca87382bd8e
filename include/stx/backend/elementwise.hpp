// Small elementwise helpers of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// data[i] = value for i in [0, size).
template <class T>
void fill(Context<Cpu>& ctx, T* data, std::int64_t size, T value);
template <class T>
void fill(Context<Cuda>& ctx, T* data, std::int64_t size, T value);

/// target[i] += source[i] for i in [0, size). For totals that outlive a step, such as the epoch's loss.
template <class T>
void add_to(Context<Cpu>& ctx, T* target, const T* source, std::int64_t size);
template <class T>
void add_to(Context<Cuda>& ctx, T* target, const T* source, std::int64_t size);

/// y_ij = factor_i x_ij, x and y rows x cols, which may be one buffer.
template <class T>
void scale_rows(Context<Cpu>& ctx, T* y, const T* x, const T* factor, std::int64_t rows, std::int64_t cols);
template <class T>
void scale_rows(Context<Cuda>& ctx, T* y, const T* x, const T* factor, std::int64_t rows, std::int64_t cols);

/// Begins a step: StepState::step += 1, on the device.
void advance_step(Context<Cpu>& ctx);
void advance_step(Context<Cuda>& ctx);

}  // namespace stx
