// Finding the parameter or gradient that is not finite.
#pragma once

#include <string>

#include "stx/autograd/check_finite.hpp"
#include "stx/nn/parameter_store.hpp"

namespace stx::optim {
namespace detail {

/// Does nothing unless ContextOptions::check_inputs is set; then as check_finite, of every parameter of the store.
template <class T, class D>
void check_parameters(Context<D>& ctx, const char* where, const ParameterStore<T, D>& store) {
  if (!ctx.options().check_inputs) return;
  for (const auto& e : store.entries())
    check_finite<T, D>(ctx, where, {{("parameter " + e.name).c_str(), e.state.value}});
}

/// The same of every gradient.
template <class T, class D>
void check_gradients(Context<D>& ctx, const char* where, const ParameterStore<T, D>& store) {
  if (!ctx.options().check_inputs) return;
  for (const auto& e : store.entries())
    check_finite<T, D>(ctx, where, {{("gradient of " + e.name).c_str(), e.state.grad}});
}

}  // namespace detail
}  // namespace stx::optim
