#include "stx/core/context.hpp"

#include <doctest/doctest.h>

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/step_graph.hpp"
#include "stx/core/transfer.hpp"

using stx::Context;
using stx::Cpu;
using stx::Shape;

TEST_CASE("options reach the context") {
  Context<Cpu> ctx({.threads = 3, .seed = 42});
  CHECK(ctx.threads() == 3);
  CHECK(ctx.step_state()->seed == 42);
  CHECK(ctx.step_state()->step == 0);
  CHECK(ctx.step_state()->first_bad == ~0ull);
  CHECK(Context<Cpu>().threads() == stx::available_threads());
}

TEST_CASE("random sites are never handed out twice") {
  Context<Cpu> ctx;
  const auto first = ctx.next_random_site();
  CHECK(ctx.next_random_site() != first);
}

TEST_CASE("begin_step counts and takes the step arena back; begin_pass does not count; data stay") {
  Context<Cpu> ctx;
  const auto kept = to_device(ctx, std::vector<float>{1, 2, 3}, Shape{3});
  stx::begin_step(ctx);
  const float* first = ctx.make_step<float>(Shape{100}).data;
  stx::begin_step(ctx);
  CHECK(ctx.step_state()->step == 2);
  CHECK(ctx.step_arena().bytes_used() == 0);
  CHECK(ctx.make_step<float>(Shape{100}).data == first);
  stx::begin_pass(ctx);
  CHECK(ctx.step_state()->step == 2);
  CHECK(ctx.make_step<float>(Shape{100}).data == first);
  CHECK(to_host(ctx, kept) == std::vector<float>{1, 2, 3});
}

TEST_CASE("a bad loss is ordered by step, then by row") {
  CHECK(stx::bad_key(1, 5) < stx::bad_key(1, 6));
  CHECK(stx::bad_key(1, 4000000000) < stx::bad_key(2, 0));
  CHECK((stx::bad_key(3, 7) >> 32) == 3);
  CHECK((stx::bad_key(3, 7) & 0xFFFFFFFF) == 7);
  CHECK(stx::bad_key(1, 268435455, 0) < stx::bad_key(1, 0, 1));
  CHECK(stx::bad_key(1, 9, 15) < stx::bad_key(2, 0));
  CHECK((stx::bad_key(3, 7, 2) & 0xFFFFFFFF) == (2u << 28 | 7));
  CHECK(stx::bad_key(0xFFFFFFFE, 0xFFFFFFFF) < ~0ull);
}

TEST_CASE("values go to the device and come back") {
  Context<Cpu> ctx;
  stx::Matrix<double> m(2, 3);
  m.values = {1, 2, 3, 4, 5, 6};
  const auto t = to_device(ctx, m);
  CHECK(t.shape == Shape{2, 3});
  const auto back = to_matrix(ctx, t);
  CHECK(back.rows == 2);
  CHECK(back.cols == 3);
  CHECK(back.values == m.values);
  const std::vector<double> two = {7, 8};
  stx::upload(ctx, t.row_range(1, 1), std::span<const double>(std::vector<double>{7, 8, 9}));
  CHECK(to_host(ctx, t) == std::vector<double>{1, 2, 3, 7, 8, 9});
  CHECK_THROWS_WITH_AS(stx::upload(ctx, t, std::span<const double>(two)),
                       "[upload] tensor of shape (2, 3) needs 6 values, got 2", stx::ArgumentError);
  CHECK(to_host(ctx, to_device(ctx, std::vector<float>(), Shape{0, 4})).empty());
}

TEST_CASE("a sparse matrix goes to the device") {
  Context<Cpu> ctx;
  stx::CsrMatrix<float> m;
  m.rows = 2;
  m.cols = 3;
  m.indptr = {0, 1, 3};
  m.indices = {2, 0, 1};
  m.values = {5, 6, 7};
  const auto d = to_device(ctx, m);
  CHECK(d.rows == 2);
  CHECK(d.cols == 3);
  CHECK(to_host(ctx, d.indptr) == m.indptr);
  CHECK(to_host(ctx, d.indices) == m.indices);
  CHECK(to_host(ctx, d.values) == m.values);
}

TEST_CASE("a step graph on the CPU runs the step every time") {
  Context<Cpu> ctx;
  stx::StepGraph<Cpu> graph(ctx);
  int runs = 0;
  for (int i = 0; i < 3; ++i) graph.run(7, [&] { ++runs; });
  CHECK(runs == 3);
}
