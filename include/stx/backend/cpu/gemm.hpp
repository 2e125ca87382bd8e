// Matrix product on the CPU. The order of every sum depends on its length alone, so the result does not depend
// on the number of threads, nor on how rows and columns are cut.
#pragma once

#include <numeric>

#include "stx/backend/cpu/gemm_kernel.hpp"
#include "stx/backend/gemm.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {
namespace cpu {

/// Longer rows of A do not stay in the second-level cache with enough others.
inline constexpr std::int64_t gemm_longest_in_place = 4 * gemm_depth;

/// c (m x n) (+)= op(a) op(b) for k <= gemm_depth and n that fit in so many registers.
template <class T, bool transpose_a, int registers>
void gemm_strip_of(const T* a, std::int64_t lda, std::int64_t tile_step, const T* b, std::int64_t ldb,
                   bool transpose_b, T* c, std::int64_t ldc, std::int64_t m, std::int64_t n, std::int64_t k,
                   GradWrite write) {
  alignas(64) T panel[gemm_depth * registers * GemmTile<T>::lanes];
  gemm_pack<T, registers>(b, ldb, transpose_b, k, n, panel);
  gemm_rows<T, transpose_a, registers>(a, lda, tile_step, panel, k, c, ldc, m, n, write);
}

/// The same: a product of few columns needs one register only.
template <class T, bool transpose_a>
void gemm_strip(const T* a, std::int64_t lda, std::int64_t tile_step, const T* b, std::int64_t ldb, bool transpose_b,
                T* c, std::int64_t ldc, std::int64_t m, std::int64_t n, std::int64_t k, GradWrite write) {
  if (n <= GemmTile<T>::lanes) {
    gemm_strip_of<T, transpose_a, 1>(a, lda, tile_step, b, ldb, transpose_b, c, ldc, m, n, k, write);
  } else {
    gemm_strip_of<T, transpose_a, GemmTile<T>::registers>(a, lda, tile_step, b, ldb, transpose_b, c, ldc, m, n, k,
                                                          write);
  }
}

/// c (m x n) (+)= op(a) op(b), strip by strip of columns, reading a where it lies. Calls
/// finished(row, rows, column, columns) when such a part of c is complete.
template <class T, bool transpose_a, class Finished>
void gemm_in_place(const T* a, std::int64_t lda, const T* b, std::int64_t ldb, bool transpose_b, T* c,
                   std::int64_t ldc, std::int64_t m, std::int64_t n, std::int64_t k, GradWrite write,
                   Finished finished) {
  constexpr std::int64_t width = GemmTile<T>::columns, tile = GemmTile<T>::rows;
  for (std::int64_t j = 0; j < n; j += width) {
    const std::int64_t columns = std::min(width, n - j);
    for (std::int64_t done = 0; done < k; done += gemm_depth)
      gemm_strip<T, transpose_a>(a + done * (transpose_a ? lda : 1), lda, tile * (transpose_a ? 1 : lda),
                                 b + (transpose_b ? j * ldb + done : done * ldb + j), ldb, transpose_b, c + j, ldc, m,
                                 columns, std::min(gemm_depth, k - done), done == 0 ? write : GradWrite::accumulate);
    if (k == 0 && write == GradWrite::overwrite)
      for (std::int64_t i = 0; i < m; ++i) std::fill_n(c + i * ldc + j, columns, T(0));
    finished(std::int64_t{0}, m, j, columns);
  }
}

/// The same with packed parts of a, each for all strips. (Not inlined: 280 KiB of stack.)
template <class T, bool transpose_a, class Finished>
__attribute__((noinline)) void gemm_packed(const T* a, std::int64_t lda, const T* b, std::int64_t ldb,
                                           bool transpose_b, T* c, std::int64_t ldc, std::int64_t m, std::int64_t n,
                                           std::int64_t k, GradWrite write, Finished finished) {
  constexpr std::int64_t width = GemmTile<T>::columns;
  GemmPackedRows<T, transpose_a> packed;
  for (std::int64_t done = 0; done < k; done += gemm_depth) {
    const std::int64_t depth = std::min(gemm_depth, k - done);
    for (std::int64_t i = 0; i < m; i += packed.rows) {
      const std::int64_t rows = std::min(packed.rows, m - i);
      packed.pack(a + (transpose_a ? done * lda + i : i * lda + done), lda, depth, rows);
      for (std::int64_t j = 0; j < n; j += width) {
        const std::int64_t columns = std::min(width, n - j);
        gemm_strip<T, transpose_a>(packed.values, packed.lda, packed.step,
                                   b + (transpose_b ? j * ldb + done : done * ldb + j), ldb, transpose_b,
                                   c + i * ldc + j, ldc, rows, columns, depth,
                                   done == 0 ? write : GradWrite::accumulate);
        if (done + depth == k) finished(i, rows, j, columns);
      }
    }
  }
}

/// c (m x n) (+)= op(a) op(b) on the calling thread; `ld*` are the stored row lengths. Calls
/// finished(row, rows, column, columns) when such a part of c is complete.
template <class T, bool transpose_a, class Finished>
void gemm_block(const T* a, std::int64_t lda, const T* b, std::int64_t ldb, bool transpose_b, T* c, std::int64_t ldc,
                std::int64_t m, std::int64_t n, std::int64_t k, GradWrite write, Finished finished) {
  using Tile = GemmTile<T>;
  // A copy of a pays where several strips read it, and its rows are transposed or too long for the cache.
  const bool packs = m > Tile::rows && k > 0 &&
                     (transpose_a ? n > Tile::columns : n > 4 * Tile::columns && k > gemm_longest_in_place);
  if (packs) {
    gemm_packed<T, transpose_a>(a, lda, b, ldb, transpose_b, c, ldc, m, n, k, write, finished);
  } else {
    gemm_in_place<T, transpose_a>(a, lda, b, ldb, transpose_b, c, ldc, m, n, k, write, finished);
  }
}

/// c (m x n) (+)= op(a) op(b) on the calling thread.
template <class T>
void gemm_serial(const T* a, std::int64_t lda, bool transpose_a, const T* b, std::int64_t ldb, bool transpose_b, T* c,
                 std::int64_t ldc, std::int64_t m, std::int64_t n, std::int64_t k, GradWrite write) {
  const auto nothing = [](std::int64_t, std::int64_t, std::int64_t, std::int64_t) {};
  if (transpose_a) {
    gemm_block<T, true>(a, lda, b, ldb, transpose_b, c, ldc, m, n, k, write, nothing);
  } else {
    gemm_block<T, false>(a, lda, b, ldb, transpose_b, c, ldc, m, n, k, write, nothing);
  }
}

/// How a product is cut: blocks of rows, each in blocks of columns.
struct GemmTasks {
  std::int64_t row_blocks = 0, column_blocks = 0, m = 0, n = 0, tile_rows = 1, tile_columns = 1;

  /// Blocks of rows whose A stays in the second-level cache, as large as that allows (each task packs its part of
  /// B), the same number for every thread; blocks of columns where there are few rows.
  template <class T>
  static GemmTasks of(std::int64_t m, std::int64_t n, std::int64_t k, int threads) {
    GemmTasks best{.m = m, .n = n, .tile_rows = GemmTile<T>::rows, .tile_columns = GemmTile<T>::columns};
    if (m == 0 || n == 0) return best;
    const auto parts = [](std::int64_t all, std::int64_t each) { return (all + each - 1) / each; };
    const std::int64_t tiles = parts(m, best.tile_rows), strips = parts(n, best.tile_columns);
    const std::int64_t row = best.tile_rows * static_cast<std::int64_t>(sizeof(T)) * std::max(k, std::int64_t{1});
    const std::int64_t largest = std::clamp<std::int64_t>((1 << 20) / row, 18, 72);  // tiles
    double least = 0;
    for (std::int64_t columns = 1; columns <= std::min<std::int64_t>(strips, threads); ++columns) {
      const std::int64_t multiple = threads / std::gcd<std::int64_t>(columns, threads);
      const std::int64_t rows = std::min(tiles, parts(parts(tiles, largest), multiple) * multiple);
      // Time of the busiest thread in tiles: packing a strip of B takes as long as one.
      const double time = static_cast<double>(parts(rows * columns, threads) * (parts(tiles, rows) + 1) *
                                              parts(strips, columns));
      if (columns > 1 && time >= least) continue;
      least = time;
      best.row_blocks = rows;
      best.column_blocks = columns;
    }
    return best;
  }
  std::int64_t count() const { return row_blocks * column_blocks; }

  struct Task {
    std::int64_t row, rows, column, columns;
  };
  /// Neighbouring tasks share their rows.
  Task operator[](std::int64_t t) const {
    const auto cut = [](std::int64_t size, std::int64_t tile, std::int64_t blocks, std::int64_t block) {
      return std::min(size, (size + tile - 1) / tile * block / blocks * tile);
    };
    const std::int64_t i = t / column_blocks, j = t % column_blocks;
    const std::int64_t row = cut(m, tile_rows, row_blocks, i), column = cut(n, tile_columns, column_blocks, j);
    return {row, cut(m, tile_rows, row_blocks, i + 1) - row, column,
            cut(n, tile_columns, column_blocks, j + 1) - column};
  }
};

}  // namespace cpu

template <class T>
void gemm(Context<Cpu>& ctx, const GemmArgs<T>& p) {
  const std::int64_t lda = p.lda ? p.lda : (p.transpose_a ? p.m : p.k);
  const std::int64_t ldb = p.ldb ? p.ldb : (p.transpose_b ? p.k : p.n);
  const std::int64_t ldc = p.ldc ? p.ldc : p.n;
  const auto tasks = cpu::GemmTasks::of<T>(p.m, p.n, p.k, ctx.threads());
  parallel_for(ctx.threads(), tasks.count(), [&](std::int64_t i) {
    const auto t = tasks[i];
    cpu::gemm_serial(p.a + t.row * (p.transpose_a ? 1 : lda), lda, p.transpose_a,
                    p.b + t.column * (p.transpose_b ? ldb : 1), ldb, p.transpose_b, p.c + t.row * ldc + t.column, ldc,
                    t.rows, t.columns, p.k, p.write);
  });
}

}  // namespace stx
