// Matrix product on the CPU. The order of every sum depends on its length and on the unit that the whole product goes
// to, so the result does not depend on the number of threads, nor on how rows and columns are cut.
#pragma once

#include <numeric>

#include "stx/backend/cpu/amx_gemm.hpp"
#include "stx/backend/cpu/gemm_kernel.hpp"
#include "stx/backend/gemm.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx {
namespace cpu {

/// c (m x n) (+)= op(a) op(b) for k <= gemm_depth and n that fit in so many registers.
template <class T, bool transpose_a, int registers>
void gemm_strip_of(const T* a, std::int64_t lda, std::int64_t tile_step, const T* b, std::int64_t ldb, bool transpose_b,
                   T* c, std::int64_t ldc, std::int64_t m, std::int64_t n, std::int64_t k, GradWrite write) {
  alignas(64) T panel[gemm_depth * registers * GemmTile<T>::lanes];
  gemm_pack<T, registers>(b, ldb, transpose_b, k, n, panel);
  gemm_rows<T, transpose_a, registers>(a, lda, tile_step, panel, k, c, ldc, m, n, write, a);
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
void gemm_by_strips(const T* a, std::int64_t lda, const T* b, std::int64_t ldb, bool transpose_b, T* c,
                    std::int64_t ldc, std::int64_t m, std::int64_t n, std::int64_t k, GradWrite write,
                    Finished finished) {
  constexpr std::int64_t width = GemmTile<T>::columns, tile = GemmTile<T>::rows;
  const std::int64_t steps = gemm_steps(k);
  for (std::int64_t j = 0; j < n; j += width) {
    const std::int64_t columns = std::min(width, n - j);
    for (std::int64_t done = 0; done < k; done += steps)
      gemm_strip<T, transpose_a>(a + done * (transpose_a ? lda : 1), lda, tile * (transpose_a ? 1 : lda),
                                 b + (transpose_b ? j * ldb + done : done * ldb + j), ldb, transpose_b, c + j, ldc, m,
                                 columns, std::min(steps, k - done), done == 0 ? write : GradWrite::accumulate);
    if (k == 0 && write == GradWrite::overwrite)
      for (std::int64_t i = 0; i < m; ++i) std::fill_n(c + i * ldc + j, columns, T(0));
    finished(std::int64_t{0}, m, j, columns);
  }
}

/// The rows of a over panels of b, for depth <= gemm_depth: a tile's part of a stays in the first-level cache, the
/// panels in the second. Rows of a are copied first: where they lie, they may begin in the same sets of the cache.
/// If b is given, the first tiles, which must be whole, pack its whole panels. Calls finished(row, rows) after every
/// row of tiles.
template <class T, bool transpose_a, class Finished>
void gemm_tiles(const T* a, std::int64_t lda, std::int64_t tile_step, const T* b, std::int64_t ldb,
                GemmPanels<T>& panels, std::int64_t depth, T* c, std::int64_t ldc, std::int64_t m, std::int64_t n,
                GradWrite write, Finished finished) {
  using Tile = GemmTile<T>;
  constexpr std::int64_t copied = gemm_depth + 64 / static_cast<std::int64_t>(sizeof(T));  // an odd number of lines
  alignas(64) T copy[transpose_a ? 1 : Tile::rows * copied];
  for (std::int64_t i = 0; i < m; i += Tile::rows, a += tile_step, c += Tile::rows * ldc) {
    const std::int64_t rows = std::min<std::int64_t>(Tile::rows, m - i);
    if constexpr (!transpose_a)
      for (std::int64_t r = 0; r < rows; ++r) std::memcpy(copy + r * copied, a + r * lda, sizeof(T) * depth);
    for (std::int64_t j = 0, strip = 0; j < n; j += Tile::columns, ++strip) {
      const std::int64_t columns = std::min<std::int64_t>(Tile::columns, n - j);
      const std::int64_t next = std::min(i + Tile::rows + strip, m - 1) - i;  // a row of the next tile
      const T *tile = transpose_a ? a : copy, *ahead = transpose_a ? a : a + next * lda;
      const std::int64_t tile_row = transpose_a ? lda : copied;
      T* panel = panels.values + strip * panels.step;
      if (b != nullptr && i == 0 && columns == Tile::columns) {
        gemm_tile<T, Tile::rows, transpose_a, Tile::registers, true>(tile, tile_row, b + j, depth, c + j, ldc, columns,
                                                                     write, ahead, ldb, panel);
      } else {
        gemm_rows<T, transpose_a, Tile::registers>(tile, tile_row, 0, panel, depth, c + j, ldc, rows, columns, write,
                                                   ahead);
      }
    }
    finished(i, rows);
  }
}

/// c (m x n) (+)= op(a) op(b) for large c, of a tile's rows at least: b is packed once for all rows, in blocks of
/// 768 KiB. (Not inlined: that and 420 KiB for a transposed a are on the stack.)
template <class T, bool transpose_a, class Finished>
__attribute__((noinline)) void gemm_by_tiles(const T* a, std::int64_t lda, const T* b, std::int64_t ldb,
                                             bool transpose_b, T* c, std::int64_t ldc, std::int64_t m, std::int64_t n,
                                             std::int64_t k, GradWrite write, Finished finished) {
  using Tile = GemmTile<T>;
  constexpr std::int64_t block = GemmPanels<T>::columns;
  const std::int64_t steps = gemm_steps(k);
  GemmPanels<T> panels;
  for (std::int64_t j = 0; j < n; j += block) {
    const std::int64_t columns = std::min(block, n - j);
    for (std::int64_t done = 0; done < k; done += steps) {
      const std::int64_t depth = std::min(steps, k - done);
      const T* from = b + (transpose_b ? j * ldb + done : done * ldb + j);
      const T* in_order = transpose_b ? nullptr : from;  // packed by the first tiles that use it
      panels.pack(from, ldb, transpose_b, depth, transpose_b ? 0 : columns / Tile::columns * Tile::columns, columns);
      const GradWrite now = done == 0 ? write : GradWrite::accumulate;
      const auto last = [&](std::int64_t row, std::int64_t rows) {
        if (done + depth == k) finished(row, rows, j, columns);
      };
      if constexpr (transpose_a) {
        GemmPackedRows<T> packed;
        for (std::int64_t i = 0; i < m; i += packed.rows) {
          const std::int64_t rows = std::min(packed.rows, m - i);
          packed.pack(a + done * lda + i, lda, depth, rows);
          gemm_tiles<T, true>(packed.values, packed.tile, packed.step, i == 0 ? in_order : nullptr, ldb, panels, depth,
                              c + i * ldc + j, ldc, rows, columns, now,
                              [&](std::int64_t row, std::int64_t some) { last(i + row, some); });
        }
      } else {
        gemm_tiles<T, false>(a + done, lda, Tile::rows * lda, in_order, ldb, panels, depth, c + j, ldc, m, columns, now,
                             last);
      }
    }
  }
}

/// Whether a product of so many columns packs all of b first: several strips read a.
template <class T>
constexpr bool gemm_is_wide(std::int64_t n) {
  return n > 3 * GemmTile<T>::columns;
}

/// Whether steps of a transposed a are pages apart, so that even two strips are worth packing it: a part of a batch.
template <class T>
constexpr bool gemm_is_far(std::int64_t lda, std::int64_t n) {
  return n > GemmTile<T>::lanes && lda * static_cast<std::int64_t>(sizeof(T)) >= 4096;
}

/// c (m x n) (+)= op(a) op(b) on the calling thread, or on its matrix unit; `ld*` are the stored row lengths. Calls
/// finished(row, rows, column, columns) when such a part of c is complete.
template <class T, bool transpose_a, class Finished>
void gemm_block(const T* a, std::int64_t lda, const T* b, std::int64_t ldb, bool transpose_b, T* c, std::int64_t ldc,
                std::int64_t m, std::int64_t n, std::int64_t k, GradWrite write, bool amx, Finished finished) {
  if constexpr (has_amx<T>) {
    if (amx) return amx_gemm<transpose_a>(a, lda, b, ldb, transpose_b, c, ldc, m, n, k, write, finished);
  }
  const bool tiles = gemm_is_wide<T>(n) || (transpose_a && gemm_is_far<T>(lda, n));
  if (tiles && m >= 4 * GemmTile<T>::rows && k > 0) {
    gemm_by_tiles<T, transpose_a>(a, lda, b, ldb, transpose_b, c, ldc, m, n, k, write, finished);
  } else {
    gemm_by_strips<T, transpose_a>(a, lda, b, ldb, transpose_b, c, ldc, m, n, k, write, finished);
  }
}

/// c (m x n) (+)= op(a) op(b) on the calling thread, or on its matrix unit.
template <class T>
void gemm_serial(const T* a, std::int64_t lda, bool transpose_a, const T* b, std::int64_t ldb, bool transpose_b, T* c,
                 std::int64_t ldc, std::int64_t m, std::int64_t n, std::int64_t k, GradWrite write, bool amx) {
  const auto nothing = [](std::int64_t, std::int64_t, std::int64_t, std::int64_t) {};
  if (transpose_a) {
    gemm_block<T, true>(a, lda, b, ldb, transpose_b, c, ldc, m, n, k, write, amx, nothing);
  } else {
    gemm_block<T, false>(a, lda, b, ldb, transpose_b, c, ldc, m, n, k, write, amx, nothing);
  }
}

/// How a product is cut: blocks of rows, each in blocks of columns.
struct GemmTasks {
  std::int64_t row_blocks = 0, column_blocks = 0, m = 0, n = 0, row_unit = 8, column_unit = 1;
  bool amx = false;  ///< all of them on the matrix unit

  /// As many blocks for every thread, as large as can be, because each packs its part of B. A product that is
  /// computed by strips has blocks of rows whose A stays in the second-level cache.
  template <class T>
  static GemmTasks of(std::int64_t m, std::int64_t n, std::int64_t k, int threads) {
    GemmTasks best{.m = m, .n = n, .column_unit = GemmTile<T>::columns};
    if (m == 0 || n == 0) return best;
    best.amx = gemm_uses_amx<T>(m, n, k);
    if (best.amx) best.row_unit = best.column_unit = 32;  // a block's
    const auto parts = [](std::int64_t all, std::int64_t each) { return (all + each - 1) / each; };
    const std::int64_t units = parts(m, best.row_unit), strips = parts(n, best.column_unit);
    const std::int64_t cached = (1 << 20) / (static_cast<std::int64_t>(sizeof(T)) * std::max(k, std::int64_t{1}));
    const std::int64_t largest =
        gemm_is_wide<T>(n) ? units : std::clamp<std::int64_t>(cached, 256, 1024) / best.row_unit;
    std::int64_t least = 0;
    for (std::int64_t columns = 1; columns <= std::min<std::int64_t>(strips, threads); ++columns) {
      const std::int64_t multiple = threads / std::gcd<std::int64_t>(columns, threads);
      const std::int64_t rows = std::min(units, parts(parts(units, largest), multiple) * multiple);
      // Time of the busiest thread: packing a strip of B takes as long as two units of rows, the first reading of a
      // unit of rows half as long as a strip.
      const std::int64_t unit_share = parts(units, rows), strip_share = parts(strips, columns);
      const std::int64_t time = parts(rows * columns, threads) * (2 * (unit_share + 2) * strip_share + unit_share);
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
    const auto cut = [](std::int64_t size, std::int64_t unit, std::int64_t blocks, std::int64_t block) {
      return std::min(size, (size + unit - 1) / unit * block / blocks * unit);
    };
    const std::int64_t i = t / column_blocks, j = t % column_blocks;
    const std::int64_t row = cut(m, row_unit, row_blocks, i), column = cut(n, column_unit, column_blocks, j);
    return {row, cut(m, row_unit, row_blocks, i + 1) - row, column, cut(n, column_unit, column_blocks, j + 1) - column};
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
                     t.rows, t.columns, p.k, p.write, tasks.amx);
  });
}

}  // namespace stx
