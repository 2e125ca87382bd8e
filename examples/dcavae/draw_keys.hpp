// Which rows of the other side queries look at.
#pragma once

#include "examples/dcavae/options.hpp"
#include "stx/ops/draw_rows.hpp"
#include "stx/ops/gather_mean.hpp"
#include "stx/ops/matvec.hpp"
#include "stx/ops/softmax_sample.hpp"

namespace stx::dcavae {

/// As many rows of the key side as there are queries, drawn with replacement from
///
///   softmax_j( kappa mean_{i in queries} similarity_ij )
///
/// by one mean of unit profiles and one matrix-vector product; with options.random_pairs uniform over all rows.
///
/// @param keys, queries  unit_profiles() of both sides: rows x genes
/// @param rows           the queries: row numbers of their side
/// @param site           from Context::next_random_site()
/// @return               (rows.size()) row numbers of the key side, in the step arena; capturable
/// Source: DCAVAE, section 5.
template <class D>
Tensor<std::int32_t, D> draw_keys(Context<D>& ctx, const Tensor<float, D>& keys, const Tensor<float, D>& queries,
                                  const Tensor<std::int32_t, D>& rows, const Options& options, std::uint32_t site) {
  if (options.random_pairs) return draw_rows(ctx, rows.size(), keys.rows(), site);
  const auto logits = matvec(ctx, keys, gather_mean(ctx, queries, rows));
  return softmax_sample(ctx, logits, rows.size(), site,
                        options.kappa > 0 ? options.kappa : static_cast<double>(rows.size()));
}

}  // namespace stx::dcavae
