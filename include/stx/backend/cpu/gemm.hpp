// Matrix product on the CPU. The tasks and the order of every sum depend on the shape alone, so the
// result does not depend on the number of threads.
#pragma once

#include "stx/backend/cpu/gemm_kernel.hpp"
#include "stx/backend/gemm.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {
namespace cpu {

/// c (m x n) (+)= op(a) op(b) for n columns that fit in so many registers, on the calling thread.
template <class T, int registers>
void gemm_strip_of(const T* a, std::int64_t lda, bool transpose_a, const T* b, std::int64_t ldb, bool transpose_b,
                   T* c, std::int64_t ldc, std::int64_t m, std::int64_t n, std::int64_t k, GradWrite write) {
  alignas(64) T panel[gemm_depth * registers * GemmTile<T>::lanes];
  for (std::int64_t done = 0; done < k; done += gemm_depth) {
    const std::int64_t depth = std::min(gemm_depth, k - done);
    gemm_pack<T, registers>(b + (transpose_b ? done : done * ldb), ldb, transpose_b, depth, n, panel);
    const GradWrite now = done == 0 ? write : GradWrite::accumulate;
    if (transpose_a) {
      gemm_rows<T, true, registers>(a + done * lda, lda, panel, depth, c, ldc, m, n, now);
    } else {
      gemm_rows<T, false, registers>(a + done, lda, panel, depth, c, ldc, m, n, now);
    }
  }
  if (k == 0 && write == GradWrite::overwrite)
    for (std::int64_t i = 0; i < m; ++i) std::fill_n(c + i * ldc, n, T(0));
}

/// The same for n <= GemmTile::columns: a product of few columns needs one register only.
template <class T>
void gemm_strip(const T* a, std::int64_t lda, bool transpose_a, const T* b, std::int64_t ldb, bool transpose_b, T* c,
                std::int64_t ldc, std::int64_t m, std::int64_t n, std::int64_t k, GradWrite write) {
  if (n <= GemmTile<T>::lanes) {
    gemm_strip_of<T, 1>(a, lda, transpose_a, b, ldb, transpose_b, c, ldc, m, n, k, write);
  } else {
    gemm_strip_of<T, GemmTile<T>::registers>(a, lda, transpose_a, b, ldb, transpose_b, c, ldc, m, n, k, write);
  }
}

/// c (m x n) (+)= op(a) op(b) on the calling thread; `ld*` are the stored row lengths.
template <class T>
void gemm_serial(const T* a, std::int64_t lda, bool transpose_a, const T* b, std::int64_t ldb, bool transpose_b, T* c,
                 std::int64_t ldc, std::int64_t m, std::int64_t n, std::int64_t k, GradWrite write) {
  for (std::int64_t j = 0; j < n; j += GemmTile<T>::columns)
    gemm_strip(a, lda, transpose_a, b + j * (transpose_b ? ldb : 1), ldb, transpose_b, c + j, ldc, m,
               std::min<std::int64_t>(GemmTile<T>::columns, n - j), k, write);
}

/// How a product is cut: strips of columns, each in blocks of rows.
struct GemmTasks {
  std::int64_t strips = 0, blocks = 0, m = 0, n = 0, tile_rows = 1, tile_columns = 1;

  /// Strips alone where there are many (each packs its part of B once); blocks of rows so that a block of A
  /// stays in the second-level cache, and so that narrow products have work for several threads.
  template <class T>
  static GemmTasks of(std::int64_t m, std::int64_t n) {
    GemmTasks tasks{.m = m, .n = n, .tile_rows = GemmTile<T>::rows, .tile_columns = GemmTile<T>::columns};
    tasks.strips = (n + tasks.tile_columns - 1) / tasks.tile_columns;
    if (m == 0 || n == 0) return tasks;
    const std::int64_t wanted = (16 + tasks.strips - 1) / tasks.strips;
    tasks.blocks = std::max((m + 251) / 252, std::min(wanted, (m + 55) / 56));
    return tasks;
  }
  std::int64_t count() const { return strips * blocks; }

  struct Task {
    std::int64_t row, rows, column, columns;
  };
  /// Neighbouring tasks share their rows.
  Task operator[](std::int64_t t) const {
    const std::int64_t block = t / strips, column = t % strips * tile_columns;
    const std::int64_t tiles = (m + tile_rows - 1) / tile_rows;
    const std::int64_t first = tiles * block / blocks * tile_rows;
    const std::int64_t last = std::min(m, tiles * (block + 1) / blocks * tile_rows);
    return {first, last - first, column, std::min(tile_columns, n - column)};
  }
};

}  // namespace cpu

template <class T>
void gemm(Context<Cpu>& ctx, const GemmArgs<T>& p) {
  const std::int64_t lda = p.lda ? p.lda : (p.transpose_a ? p.m : p.k);
  const std::int64_t ldb = p.ldb ? p.ldb : (p.transpose_b ? p.k : p.n);
  const std::int64_t ldc = p.ldc ? p.ldc : p.n;
  const auto tasks = cpu::GemmTasks::of<T>(p.m, p.n);
  parallel_for(ctx.threads(), tasks.count(), [&](std::int64_t i) {
    const auto t = tasks[i];
    cpu::gemm_strip(p.a + t.row * (p.transpose_a ? 1 : lda), lda, p.transpose_a,
                    p.b + t.column * (p.transpose_b ? ldb : 1), ldb, p.transpose_b, p.c + t.row * ldc + t.column, ldc,
                    t.rows, t.columns, p.k, p.write);
  });
}

}  // namespace stx
