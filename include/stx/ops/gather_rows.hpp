// Looking rows up in a frozen table, such as the embeddings of a pretrained encoder.
#pragma once

#include "stx/autograd/var.hpp"
#include "stx/backend/gather_rows.hpp"

namespace stx {

/// out_i = table_{ids_i}.
///
/// @param table  (n, width), frozen: no gradient goes to it
/// @param ids    (rows), numbers of rows of the table; one that does not exist gives NaN, which a
/// loss reports
/// @return       (rows, width) in the step arena
/// @throws ArgumentError when shapes do not match.
/// Deterministic: yes. Capturable: yes.
/// Source: none; a copy.
template <class T, class D>
Var<T, D> gather_rows(Context<D>& ctx, const Tensor<T, D>& table,
                      const Tensor<std::int32_t, D>& ids) {
  require(table.shape.rank() == 2 && ids.shape.rank() == 1, "gather_rows",
          "table must be a matrix and ids a vector, got ", table.shape, " and ", ids.shape);
  Var<T, D> out = make_output<T, D>(ctx, Shape{ids.size(), table.cols()}, false);
  gather_rows(ctx, GatherRows<T>{table.data, ids.data, out.value().data, ids.size(), table.cols(),
                                 table.rows()});
  return out;
}

}  // namespace stx
