// Finding the op that first received a value that is not finite, or an index out of range.
#pragma once

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <vector>

#include "stx/autograd/var.hpp"
#include "stx/core/transfer.hpp"

namespace stx {

/// An op's input, by the name that its documentation gives it. Empty ones are legal.
template <class T, class D>
struct NamedInput {
  const char* name;
  Tensor<T, D> values;
  bool infinite_allowed;  ///< infinity has a meaning there: a mask, no bound
  Tensor<T, D> mask;      ///< shape of values, or empty: values whose mask is 0 are never looked at

  NamedInput(const char* input, const Tensor<T, D>& tensor, bool may_be_infinite = false,
             const Tensor<T, D>& looked_at = {})
      : name(input), values(tensor), infinite_allowed(may_be_infinite), mask(looked_at) {}
  NamedInput(const char* input, const Var<T, D>& var, bool may_be_infinite = false, const Tensor<T, D>& looked_at = {})
      : NamedInput(input, var ? var.value() : Tensor<T, D>{}, may_be_infinite, looked_at) {}
};

/// Does nothing unless ContextOptions::check_inputs is set; then reads the inputs on the host.
/// @throws NumericError naming the op, the input and the first place that holds NaN or infinity.
template <class T, class D>
void check_finite(Context<D>& ctx, const char* where, std::initializer_list<NamedInput<T, D>> inputs) {
  if (!ctx.options().check_inputs) return;
  for (const NamedInput<T, D>& input : inputs) {
    if (!input.values) continue;
    const std::vector<T> host = to_host(ctx, input.values);
    const std::vector<T> mask = input.mask ? to_host(ctx, input.mask) : std::vector<T>(host.size(), T(1));
    const auto columns = static_cast<std::size_t>(std::max<std::int64_t>(input.values.cols(), 1));
    for (std::size_t i = 0; i < host.size(); ++i)
      require<NumericError>(mask[i] == T(0) || (input.infinite_allowed ? !std::isnan(host[i]) : std::isfinite(host[i])),
                            where, input.name, " ", input.values.shape, " holds ", host[i], " at row ", i / columns,
                            ", column ", i % columns, "; look at what made it");
  }
}

/// Does nothing unless ContextOptions::check_inputs is set; then reads the indices on the host. An empty tensor is
/// legal.
/// @throws ArgumentError naming the op, the input, the first index outside of [low, high) and its position.
template <class D>
void check_indices(Context<D>& ctx, const char* where, const char* name, const Tensor<std::int32_t, D>& indices,
                   std::int64_t low, std::int64_t high) {
  if (!ctx.options().check_inputs || !indices) return;
  const std::vector<std::int32_t> host = to_host(ctx, indices);
  for (std::size_t i = 0; i < host.size(); ++i)
    require(host[i] >= low && host[i] < high, where, name, " ", indices.shape, " holds ", host[i], " at position ", i,
            "; indices must lie in [", low, ", ", high, ")");
}

}  // namespace stx
