#include "stx/autograd/tape.hpp"

#include <doctest/doctest.h>

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "stx/ops/matmul.hpp"
#include "stx/ops/mse.hpp"

using stx::Context;
using stx::Cpu;
using stx::Shape;

namespace {

auto variable(Context<Cpu>& ctx, std::vector<double> values, Shape shape) {
  return leaf(ctx, to_device(ctx, values, shape));
}

auto squared_error(Context<Cpu>& ctx, stx::Var<double, Cpu> y) {
  return stx::mse(ctx, y, to_device(ctx, std::vector<double>(y.shape().size(), 0.0), y.shape()));
}

}  // namespace

TEST_CASE("nodes run backwards, each once") {
  Context<Cpu> ctx;
  std::vector<int> order;
  struct Note : stx::Tape<Cpu>::Node {
    std::vector<int>* order;
    int id;
    static void run(Context<Cpu>&, Note& n) { n.order->push_back(n.id); }
  };
  for (int id : {1, 2, 3}) ctx.tape().record(Note{{}, &order, id});
  ctx.tape().run_backward(ctx);
  CHECK(order == std::vector<int>{3, 2, 1});
  ctx.tape().run_backward(ctx);
  CHECK(order.size() == 3);
  {
    stx::NoGrad<Cpu> no_grad(ctx);
    ctx.tape().record(Note{{}, &order, 4});
  }
  ctx.tape().record(Note{{}, &order, 5});
  ctx.tape().clear();
  ctx.tape().run_backward(ctx);
  CHECK(order.size() == 3);
}

TEST_CASE("the first gradient overwrites, later ones add") {
  Context<Cpu> ctx;
  const auto x = variable(ctx, {1, 2}, Shape{1, 2});
  const auto first = x.claim_grad(ctx);
  CHECK(first.write == stx::GradWrite::overwrite);
  const auto second = x.claim_grad(ctx);
  CHECK(second.write == stx::GradWrite::accumulate);
  CHECK(second.data == first.data);
  double target = std::nan("");
  stx::write_grad(&target, 2.0, stx::GradWrite::overwrite);
  stx::write_grad(&target, 3.0, stx::GradWrite::accumulate);
  CHECK(target == 5.0);
}

TEST_CASE("constants want no gradient, and get none") {
  Context<Cpu> ctx;
  const auto c = constant(ctx, to_device(ctx, std::vector<double>{1, 2}, Shape{1, 2}));
  CHECK_FALSE(c.needs_grad());
  CHECK(c.claim_grad(ctx).data == nullptr);
  CHECK_FALSE(c.has_grad());
  CHECK_FALSE(stx::Var<double, Cpu>().needs_grad());
}

TEST_CASE("a chain: d/dx of mean((x w)^2)") {
  Context<Cpu> ctx;
  const auto x = variable(ctx, {3}, Shape{1, 1});
  const auto w = variable(ctx, {5}, Shape{1, 1});
  const auto loss = squared_error(ctx, stx::matmul(ctx, x, w));
  stx::backward(ctx, loss);
  CHECK(to_host(ctx, loss.value())[0] == 225);
  CHECK(to_host(ctx, x.grad())[0] == 2 * 15 * 5);
  CHECK(to_host(ctx, w.grad())[0] == 2 * 15 * 3);
}

TEST_CASE("several losses are added; a branch that leads to none is left alone") {
  Context<Cpu> ctx;
  const auto x = variable(ctx, {3}, Shape{1, 1});
  const auto unused = variable(ctx, {4}, Shape{1, 1});
  const auto a = squared_error(ctx, x);
  const auto b = squared_error(ctx, stx::matmul(ctx, x, x));
  const auto dead_end = stx::matmul(ctx, x, unused);
  stx::backward<double, Cpu>(ctx, {a, b});
  CHECK(to_host(ctx, x.grad())[0] == 2 * 3 + 4 * 27);
  CHECK_FALSE(unused.has_grad());
  CHECK_FALSE(dead_end.has_grad());
}

TEST_CASE("a loss counted twice has twice the gradient") {
  Context<Cpu> ctx;
  const auto x = variable(ctx, {3}, Shape{1, 1});
  const auto a = squared_error(ctx, x);
  stx::backward<double, Cpu>(ctx, {a, a});
  CHECK(to_host(ctx, x.grad())[0] == 2 * 6);
}

TEST_CASE("a loss must be one value") {
  Context<Cpu> ctx;
  const auto x = variable(ctx, {3, 4}, Shape{1, 2});
  CHECK_THROWS_WITH_AS(stx::backward(ctx, x), "[backward] a loss must be a single value, got shape (1, 2)",
                       stx::ArgumentError);
}

TEST_CASE("NoGrad: values as before, nothing recorded, ends with its scope") {
  Context<Cpu> ctx;
  const auto x = variable(ctx, {3}, Shape{1, 1});
  {
    stx::NoGrad<Cpu> outer(ctx);
    {
      stx::NoGrad<Cpu> inner(ctx);
      CHECK_FALSE(ctx.tape().recording());
    }
    CHECK_FALSE(ctx.tape().recording());
    const auto y = stx::matmul(ctx, x, x);
    CHECK(to_host(ctx, y.value())[0] == 9);
    CHECK_FALSE(y.needs_grad());
    stx::backward(ctx, squared_error(ctx, y));
    CHECK_FALSE(x.has_grad());
  }
  CHECK(ctx.tape().recording());
}
