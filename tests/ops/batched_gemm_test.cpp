#include "stx/backend/batched_gemm.hpp"

#include "stx/ops/batched_matmul.hpp"
#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive.hpp"

using namespace stx::test;
using stx::BatchedMatmulOptions;
using stx::Cpu;
using stx::GradWrite;
using stx::Shape;

namespace {

auto product(BatchedMatmulOptions options = {}) {
  return [options](auto& ctx, const auto& v) { return std::vector{stx::batched_matmul(ctx, v[0], v[1], options)}; };
}

struct Sizes {
  std::int64_t batch, m, n, k;
};

std::vector<Input> inputs(const Sizes& s, const BatchedMatmulOptions& o) {
  const std::int64_t rows = o.transpose_a ? s.k : s.m, cols = o.transpose_a ? s.m : s.k;
  return {random_input(o.batch_second ? Shape{rows, s.batch, cols} : Shape{s.batch, rows, cols}, 1),
          random_input(o.transpose_b ? Shape{s.batch, s.n, s.k} : Shape{s.batch, s.k, s.n}, 2)};
}

/// The i-th matrix of a tensor (d0, d1, d2) whose batch is dimension 1 (second) or 0.
template <class T>
std::vector<T> matrix(const std::vector<T>& all, const Shape& shape, bool second, std::int64_t i) {
  std::vector<T> one;
  for (std::int64_t r = 0; r < shape[second ? 0 : 1]; ++r)
    for (std::int64_t c = 0; c < shape[2]; ++c)
      one.push_back(second ? all[(r * shape[1] + i) * shape[2] + c] : all[(i * shape[1] + r) * shape[2] + c]);
  return one;
}

template <class T>
void check_values(const Sizes& s, const BatchedMatmulOptions& o) {
  INFO(s.batch, " of ", s.m, " x ", s.k, " x ", s.n, ", ", o.transpose_a, o.transpose_b, o.batch_second);
  const auto in = inputs(s, o);
  stx::Context<Cpu> ctx({.threads = 2});
  const auto got = run_op<T>(ctx, in, product(o));
  const Shape out = o.batch_second ? Shape{s.m, s.batch, s.n} : Shape{s.batch, s.m, s.n};
  for (std::int64_t i = 0; i < s.batch; ++i) {
    const auto reference = [&]<class U>(U) {
      return naive::gemm(matrix(convert<U>(in[0].values), in[0].shape, o.batch_second, i),
                         matrix(convert<U>(in[1].values), in[1].shape, false, i), s.m, s.n, s.k, o.transpose_a,
                         o.transpose_b);
    };
    check_close("product", matrix(got.outputs[0], out, o.batch_second, i), reference(double{}), reference(T{}));
  }
}

template <class F>
void for_all_options(const F& f) {
  for (bool ta : {false, true})
    for (bool tb : {false, true})
      for (bool second : {false, true}) f(BatchedMatmulOptions{ta, tb, second});
}

}  // namespace

TEST_CASE("batched_matmul: all transposes and both places of the batch, odd shapes") {
  for_all_options([](const BatchedMatmulOptions& o) {
    check_values<float>({3, 33, 31, 65}, o);
    check_values<float>({2, 300, 17, 20}, o);
    check_values<double>({5, 9, 4, 7}, o);
  });
  for (std::int64_t odd : odd_sizes) {
    check_values<float>({odd, 3, 2, 4}, {});
    check_values<float>({2, odd, 3, 4}, {.batch_second = true});
    check_values<float>({2, 3, odd, 4}, {.transpose_b = true});
    check_values<float>({2, 3, 4, odd}, {.transpose_a = true});
  }
}

TEST_CASE("batched_matmul: gradients by central differences, used once and twice") {
  for_all_options([](const BatchedMatmulOptions& o) {
    check_gradients(inputs({2, 3, 4, 5}, o), product(o));
    for (const Sizes& s : {Sizes{0, 3, 4, 5}, {2, 0, 4, 5}, {2, 3, 0, 5}, {2, 3, 4, 0}})
      check_gradients(inputs(s, o), product(o));
    for (std::size_t wanted : {0, 1}) {
      auto in = inputs({2, 3, 4, 5}, o);
      in[1 - wanted].needs_grad = false;
      check_gradients(in, product(o));
    }
  });
  check_gradients({random_input({2, 3, 3}, 1)},
                  [](auto& ctx, const auto& v) { return std::vector{stx::batched_matmul(ctx, v[0], v[0])}; });
}

TEST_CASE("batched_matmul: PyTorch's products") {
  const auto g = golden::load("ops/batched_gemm.txt");
  stx::Context<Cpu> ctx;
  stx::begin_pass(ctx);
  const auto tensor = [&](const char* name, Shape shape) {
    return constant(ctx, to_device(ctx, g.at(name).values, shape));
  };
  const auto patches = tensor("patches", {4, 3, 5}), weights = tensor("weights", {3, 2, 5});
  const auto y = stx::batched_matmul(ctx, patches, weights, {.transpose_b = true, .batch_second = true});
  CHECK(y.shape() == Shape{4, 3, 2});
  CHECK(max_error(to_host(ctx, y.value()), g.at("embedded").values) < 1e-14);
  const auto z = stx::batched_matmul(ctx, weights, tensor("right", {3, 5, 4}));
  CHECK(max_error(to_host(ctx, z.value()), g.at("product").values) < 1e-14);
}

TEST_CASE("batched_matmul: a batch of one is matmul; the same bits for every number of threads" *
          doctest::test_suite("properties")) {
  const auto in = inputs({1, 130, 20, 33}, {});
  stx::Context<Cpu> ctx;
  CHECK(max_error(run_op<double>(ctx, in, product()).outputs[0], naive::gemm(in[0].values, in[1].values, 130, 20, 33)) <
        1e-13);
  check_same_for_all_threads<float>(inputs({7, 300, 40, 33}, {}), product(), 2);
  check_same_for_all_threads<float>(inputs({64, 5, 6, 7}, {.batch_second = true}), product({.batch_second = true}), 2);
}

TEST_CASE("batched_gemm: one matrix for all products, longer rows, nothing else is touched") {
  const std::int64_t batch = 3, m = 70, n = 9, k = 11, row = 12, matrix = m * row + 5;
  const auto a = random_values(m * k, 1), b = random_values(batch * k * n, 2);
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate}) {
    stx::Context<Cpu> ctx({.threads = 3});
    Guarded<double> c(batch * matrix, 9.0);
    stx::batched_gemm(ctx, stx::BatchedGemmArgs<double>{.a = {a.data(), k, 0},
                                                        .b = {b.data(), n, k * n},
                                                        .c = {c.data(), row, matrix},
                                                        .batch = batch,
                                                        .m = m,
                                                        .n = n,
                                                        .k = k,
                                                        .write = write});
    CHECK(c.intact());
    const auto got = c.content();
    double worst = 0;
    for (std::int64_t i = 0; i < batch; ++i) {
      const auto want = naive::gemm(a, {b.begin() + i * k * n, b.begin() + (i + 1) * k * n}, m, n, k);
      for (std::int64_t at = 0; at < matrix; ++at) {
        const bool inside = at < m * row && at % row < n;
        const double expected =
            inside ? want[at / row * n + at % row] + (write == GradWrite::accumulate ? 9.0 : 0.0) : 9.0;
        const double error = std::abs(got[i * matrix + at] - expected);
        if (!(error <= worst)) worst = error;
      }
    }
    CHECK(worst <= 1e-13);
  }
}

TEST_CASE("batched_matmul: shapes that do not fit are errors") {
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, {random_input({2, 3, 4}, 1), random_input({2, 3, 4}, 2)}, product()),
                       "[batched_matmul] op(a) (batch, m, k) and op(b) (batch, k, n) must agree on batch and k, got "
                       "(2, 3, 4) and (2, 3, 4)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, {random_input({2, 3, 4}, 1), random_input({2, 4, 3}, 2)},
                                     product({.transpose_b = true, .batch_second = true})),
                       "[batched_matmul] op(a) (batch, m, k) and op(b) (batch, k, n) must agree on batch and k, got "
                       "(2, 3, 4) with the batch second and (2, 4, 3) transposed",
                       stx::ArgumentError);
  CHECK_THROWS_AS(run_op<float>(ctx, {random_input({3, 4}, 1), random_input({1, 4, 3}, 2)}, product()),
                  stx::ArgumentError);
}
