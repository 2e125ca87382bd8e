// The range of ln theta, which every op on negative binomials checks.
#pragma once

#include <cmath>
#include <vector>

#include "stx/core/transfer.hpp"

namespace stx {

/// Largest |ln theta|: e^80 squared is beyond float, and the counts are Poisson long before.
inline constexpr double largest_log_theta = 80;

namespace detail {

/// Does nothing unless ContextOptions::check_inputs is set; then reads ln theta on the host.
/// @throws NumericError naming the op and the first place where theta is 0, negative or beyond e^80 or e^-80.
template <class T, class D>
void check_log_theta(Context<D>& ctx, const char* where, const Tensor<T, D>& log_theta) {
  if (!ctx.options().check_inputs) return;
  const std::vector<T> host = to_host(ctx, log_theta);
  const auto columns = static_cast<std::size_t>(log_theta.cols());
  for (std::size_t i = 0; i < host.size(); ++i)
    require<NumericError>(std::abs(static_cast<double>(host[i])) <= largest_log_theta, where, "log_theta ",
                          log_theta.shape, " holds ", host[i], " at row ", i / columns, ", column ", i % columns,
                          "; theta must be above 0 and its logarithm in [-", largest_log_theta, ", ", largest_log_theta,
                          "]");
}

}  // namespace detail
}  // namespace stx
