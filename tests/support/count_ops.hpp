// The public count ops on a CountCase.
#pragma once

#include "count_cases.hpp"
#include "run_op.hpp"
#include "stx/ops/count_decoder.hpp"
#include "stx/ops/count_log_prob.hpp"

namespace stx::test {

/// rates, log_theta, zeta, library, counts, observed; absent ones have no values.
inline std::vector<Input> count_inputs(const CountCase& c) {
  const Shape theta = c.theta == Theta::per_gene ? Shape{c.cols} : Shape{c.theta_rows(), c.cols};
  return {{Shape{c.rows, c.cols}, c.rates()},
          {theta, c.log_theta()},
          {c.inflated ? Shape{c.rows, c.cols} : Shape{0}, c.zeta(), c.inflated},
          {c.softmax ? Shape{c.rows} : Shape{0}, c.library(), c.softmax},
          {Shape{c.rows, c.cols}, c.counts(), false},
          {c.masked ? Shape{c.cols} : Shape{0}, c.observed(), false}};
}

/// count_decoder with softmax, count_log_prob without.
inline auto count_op(const CountCase& c) {
  return [c]<class D>(Context<D>& ctx, const auto& v) {
    using Handle = std::remove_cvref_t<decltype(v[0])>;
    using T = std::remove_pointer_t<decltype(v[0].value().data)>;
    Counts<T, D> counts = v[4].value();
    if (c.sparse) {
      const StoredCounts s(c);
      const auto size = static_cast<std::int64_t>(s.values.size());
      counts =
          Counts<T, D>(Csr<D>{to_device(ctx, s.indptr, Shape{2 * c.rows + 1}), to_device(ctx, s.indices, Shape{size}),
                              to_device(ctx, s.values, Shape{size}), 2 * c.rows, c.cols},
                       to_device(ctx, s.row_ids, Shape{c.rows}));
    }
    Dispersion<T, D> dispersion{v[1]};
    if (c.theta == Theta::per_batch) dispersion.batch = to_device(ctx, c.theta_row(), Shape{c.rows});
    const Handle zeta = c.inflated ? v[2] : Handle();
    if (!c.softmax) return std::vector{count_log_prob(ctx, counts, v[0], dispersion, zeta)};
    return std::vector{
        count_decoder(ctx, counts, v[0], v[3], dispersion, zeta, c.masked ? v[5].value() : Tensor<T, D>{})};
  };
}

}  // namespace stx::test
