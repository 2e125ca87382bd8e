// Which pairs of a batch stand in each other's lists, as bits: the contract of both backends.
#pragma once

#include "stx/core/context.hpp"

namespace stx {

/// Bit j % 32 of bits[i][j / 32], for row i of n_rows and column j of n_columns, is set where the list of the
/// anchor holds the other: anchors are the rows, or, with `by_columns`, the columns. Other bits are 0.
/// `T` is std::int32_t.
template <class T>
struct PairBits {
  const T* lists = nullptr;       ///< n_lists x k, ascending within a list
  const T* anchors = nullptr;     ///< the anchors' lists; one outside [0, n_lists) holds nothing
  const T* others = nullptr;      ///< the others' numbers; one outside [0, n_ids) stands in no list
  std::uint32_t* bits = nullptr;  ///< n_rows x words()
  std::int64_t n_lists = 0, k = 1, n_ids = 0, n_rows = 0, n_columns = 0;
  bool by_columns = false;

  STX_HD std::int64_t words() const { return (n_columns + 31) / 32; }
  STX_HD std::int64_t n_anchors() const { return by_columns ? n_columns : n_rows; }
  STX_HD std::int64_t n_others() const { return by_columns ? n_rows : n_columns; }
};

template <class T>
void pair_bits(Context<Cpu>& ctx, const PairBits<T>& args);
template <class T>
void pair_bits(Context<Cuda>& ctx, const PairBits<T>& args);

}  // namespace stx
