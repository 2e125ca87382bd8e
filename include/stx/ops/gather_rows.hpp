// Looking rows of a table up: embeddings, learned or frozen.
#pragma once

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/gather_rows.hpp"

namespace stx {

/// out_i = table_{ids_i}.
///
/// @param table  (n, width)
/// @param ids    (rows), numbers of rows of the table; one that does not exist gives NaN, which a loss
///               reports, and no gradient
/// @return       (rows, width) in the step arena
/// @throws ArgumentError when shapes do not match.
/// Numerics: the gradient of a row adds those of its places in their order.
/// Deterministic: yes. Capturable: yes.
/// Source: none; a copy.
template <class T, class D>
Var<T, D> gather_rows(Context<D>& ctx, Var<T, D> table, const Tensor<std::int32_t, D>& ids) {
  const Shape shape = table.shape();
  require(shape.rank() == 2 && ids.shape.rank() == 1, "gather_rows", "table must be a matrix and ids a vector, got ",
          shape, " and ", ids.shape);
  check_finite<T, D>(ctx, "gather_rows", {{"table", table}});
  Var<T, D> out = make_output<T, D>(ctx, Shape{ids.size(), shape[1]}, table.needs_grad());
  gather_rows(ctx, GatherRows<T>{table.value().data, ids.data, out.value().data, ids.size(), shape[1], shape[0]});

  struct Backward : Tape<D>::Node {
    Var<T, D> table, out;
    Tensor<std::int32_t, D> ids;
    static void run(Context<D>& ctx, Backward& node) {
      if (!node.out.has_grad()) return;
      const GradTarget<T> to_table = node.table.claim_grad(ctx);
      if (to_table.data == nullptr) return;
      gather_rows_backward(ctx,
                           GatherRowsBackward<T>{node.out.grad().data, node.ids.data, to_table.data, to_table.write,
                                                 node.ids.size(), node.table.shape()[1], node.table.shape()[0]});
    }
  };
  if (out.needs_grad()) ctx.tape().record(Backward{{}, table, out, ids});
  return out;
}

/// The same of a frozen table, such as that of a pretrained encoder: no gradient goes to it.
template <class T, class D>
Var<T, D> gather_rows(Context<D>& ctx, const Tensor<T, D>& table, const Tensor<std::int32_t, D>& ids) {
  return gather_rows(ctx, constant(ctx, table), ids);
}

}  // namespace stx
