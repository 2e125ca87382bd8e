// Gated residual on the CPU: a task owns whole groups of rows.
#pragma once

#include <algorithm>

#include "stx/backend/gated_residual.hpp"

namespace stx {
namespace cpu {

/// Groups of one task: about 128 rows.
inline std::int64_t gated_residual_grain(std::int64_t rows_per_group) {
  return std::max<std::int64_t>(1, 128 / rows_per_group);
}

}  // namespace cpu

template <class T>
void gated_residual_forward(Context<Cpu>& ctx, const GatedResidualForward<T>& p) {
  const std::int64_t width = p.width, per_group = p.rows_per_group;
  parallel_chunks(ctx.threads(), p.rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* residual = p.residual + i * width;
      const T* branch = p.branch + i * width;
      const T* gate = p.gate + i / per_group * p.gate_stride;
      T* __restrict y = p.y + i * width;
      for (std::int64_t j = 0; j < width; ++j) y[j] = residual[j] + gate[j] * branch[j];
    }
  });
}

template <class T>
void gated_residual_backward(Context<Cpu>& ctx, const GatedResidualBackward<T>& p) {
  const std::int64_t width = p.width, per_group = p.rows_per_group;
  parallel_chunks(ctx.threads(), p.rows / per_group, cpu::gated_residual_grain(per_group),
                  [&](std::int64_t first, std::int64_t last) {
                    for (std::int64_t group = first; group < last; ++group) {
                      const T* gate = p.gate + group * p.gate_stride;
                      T* __restrict grad_gate = p.grad_gate != nullptr ? p.grad_gate + group * p.gate_stride : nullptr;
                      if (grad_gate != nullptr && p.write_gate == GradWrite::overwrite)
                        std::fill_n(grad_gate, width, T(0));
                      for (std::int64_t i = group * per_group; i < (group + 1) * per_group; ++i) {
                        const T* grad_y = p.grad_y + i * width;
                        const T* branch = p.branch + i * width;
                        if (grad_gate != nullptr)
                          for (std::int64_t j = 0; j < width; ++j) grad_gate[j] += grad_y[j] * branch[j];
                        if (p.grad_residual != nullptr) {
                          T* __restrict target = p.grad_residual + i * width;
                          if (p.write_residual == GradWrite::overwrite) {
                            std::copy_n(grad_y, width, target);
                          } else {
                            for (std::int64_t j = 0; j < width; ++j) target[j] += grad_y[j];
                          }
                        }
                        if (p.grad_branch != nullptr) {
                          T* __restrict target = p.grad_branch + i * width;
                          if (p.write_branch == GradWrite::overwrite) {
                            for (std::int64_t j = 0; j < width; ++j) target[j] = gate[j] * grad_y[j];
                          } else {
                            for (std::int64_t j = 0; j < width; ++j) target[j] += gate[j] * grad_y[j];
                          }
                        }
                      }
                    }
                  });
}

}  // namespace stx
