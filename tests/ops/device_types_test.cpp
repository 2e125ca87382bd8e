// A call that mixes devices does not compile: its overload is not found.
#include <doctest/doctest.h>

#include <type_traits>

#include "stx/core/transfer.hpp"
#include "stx/ops/gather_rows.hpp"
#include "stx/ops/gaussian_kl.hpp"
#include "stx/ops/linear.hpp"
#include "stx/ops/mse.hpp"
#include "stx/ops/top_k.hpp"

using stx::Context;
using stx::Cpu;
using stx::Cuda;

namespace {

template <class D>
using V = stx::Var<float, D>;
template <class D>
using Floats = stx::Tensor<float, D>;
template <class D>
using Ids = stx::Tensor<std::int32_t, D>;

// The calls, as function objects that can be asked.
constexpr auto linear = [](auto& ctx, auto x, auto weight, auto bias) -> decltype(stx::linear(ctx, x, weight, bias)) {
  return stx::linear(ctx, x, weight, bias);
};
constexpr auto mse = [](auto& ctx, auto y, auto target) -> decltype(stx::mse(ctx, y, target)) {
  return stx::mse(ctx, y, target);
};
constexpr auto gather = [](auto& ctx, auto table, auto ids) -> decltype(stx::gather_rows(ctx, table, ids)) {
  return stx::gather_rows(ctx, table, ids);
};
constexpr auto top_k = [](auto& ctx, auto queries, auto points) -> decltype(stx::top_k(ctx, queries, points)) {
  return stx::top_k(ctx, queries, points);
};
constexpr auto kl = [](auto& ctx, auto q) -> decltype(stx::gaussian_kl(ctx, q)) { return stx::gaussian_kl(ctx, q); };
constexpr auto to_host = [](auto& ctx, auto tensor) -> decltype(stx::to_host(ctx, tensor)) {
  return stx::to_host(ctx, tensor);
};

/// Everything on `D` is accepted.
template <class D>
constexpr bool accepted() {
  using C = Context<D>&;
  return std::is_invocable_v<decltype(linear), C, V<D>, V<D>, V<D>> &&
         std::is_invocable_v<decltype(mse), C, V<D>, Floats<D>> &&
         std::is_invocable_v<decltype(gather), C, V<D>, Ids<D>> &&
         std::is_invocable_v<decltype(top_k), C, Floats<D>, Floats<D>> &&
         std::is_invocable_v<decltype(kl), C, stx::Gaussian<float, D>> &&
         std::is_invocable_v<decltype(to_host), C, Floats<D>>;
}

/// One argument on device `O` among those on `D` is not.
template <class D, class O>
constexpr bool any_mixed() {
  using C = Context<D>&;
  return std::is_invocable_v<decltype(linear), C, V<O>, V<D>, V<D>> ||
         std::is_invocable_v<decltype(linear), C, V<D>, V<O>, V<D>> ||
         std::is_invocable_v<decltype(linear), C, V<D>, V<D>, V<O>> ||
         std::is_invocable_v<decltype(mse), C, V<D>, Floats<O>> ||
         std::is_invocable_v<decltype(mse), C, V<O>, Floats<D>> ||
         std::is_invocable_v<decltype(mse), C, V<O>, Floats<O>> ||
         std::is_invocable_v<decltype(gather), C, V<D>, Ids<O>> ||
         std::is_invocable_v<decltype(top_k), C, Floats<D>, Floats<O>> ||
         std::is_invocable_v<decltype(top_k), C, Floats<O>, Floats<O>> ||
         std::is_invocable_v<decltype(kl), C, stx::Gaussian<float, O>> ||
         std::is_invocable_v<decltype(to_host), C, Floats<O>>;
}

static_assert(accepted<Cpu>() && accepted<Cuda>());
static_assert(!any_mixed<Cpu, Cuda>() && !any_mixed<Cuda, Cpu>());
// Nor one that mixes float and double.
static_assert(!std::is_invocable_v<decltype(mse), Context<Cpu>&, V<Cpu>, stx::Tensor<double, Cpu>>);

}  // namespace

TEST_CASE("a call that mixes devices does not compile") {
  CHECK((accepted<Cpu>() && accepted<Cuda>()));
  CHECK_FALSE((any_mixed<Cpu, Cuda>() || any_mixed<Cuda, Cpu>()));
}
