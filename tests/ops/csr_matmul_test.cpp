#include "stx/ops/csr_matmul.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/random_csr.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::CsrMatrix;
using stx::GradWrite;
using stx::Shape;

namespace {

/// y, the gradient of the values and that of x, through a dense copy.
template <class T>
std::vector<std::vector<T>> reference(const CsrMatrix<double>& a, const std::vector<double>& values,
                                      std::int64_t width) {
  const auto x = convert<T>(values), grad = convert<T>(output_weights(0, a.rows * width));
  std::vector<T> y(a.rows * width), grad_x(a.cols * width), grad_values(a.values.size());
  for (std::int64_t i = 0; i < a.rows; ++i)
    for (std::int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e)
      for (std::int64_t j = 0; j < width; ++j) {
        const std::int64_t at = a.indices[e] * width + j;
        y[i * width + j] += static_cast<T>(a.values[e]) * x[at];
        grad_x[at] += static_cast<T>(a.values[e]) * grad[i * width + j];
        grad_values[e] += grad[i * width + j] * x[at];
      }
  return {y, grad_values, grad_x};
}

/// Inputs values and x; the pattern lies in the persistent memory of the op's context.
std::vector<Input> inputs(const CsrMatrix<double>& a, std::int64_t width) {
  return {{Shape{a.nnz()}, a.values}, random_input({a.cols, width}, 3)};
}
auto product(const CsrMatrix<double>& a) {
  return [&a](auto& ctx, const auto& v) { return std::vector{stx::csr_matmul(ctx, csr_pattern(ctx, a), v[0], v[1])}; };
}

template <class T>
void check_values(const CsrMatrix<double>& a, std::int64_t width) {
  INFO(a.rows, " x ", a.cols, ", nnz ", a.nnz(), ", width ", width);
  const auto in = inputs(a, width);
  stx::Context<Cpu> ctx({.threads = 2});
  const auto got = run_op<T>(ctx, in, product(a));
  const auto want = reference<double>(a, in[1].values, width);
  const auto rough = reference<T>(a, in[1].values, width);
  check_close("y", got.outputs[0], want[0], rough[0]);
  check_close("grad values", got.grads[0], want[1], rough[1]);
  check_close("grad x", got.grads[1], want[2], rough[2]);
}

}  // namespace

TEST_CASE("csr_matmul: values and gradients against plain loops, odd shapes") {
  for (std::int64_t odd : odd_sizes) {
    check_values<float>(random_csr(odd, 20, 0.2, 1), 6);
    check_values<float>(random_csr(20, odd, 0.2, 1), 6);
    check_values<float>(random_csr(20, 30, 0.2, 1), odd);
  }
  check_values<double>(random_csr(150, 90, 0.1, 2), 33);
}

TEST_CASE("csr_matmul: SciPy's product, transposed product and gradient of the values") {
  const auto g = golden::load("ops/csr_matmul.txt");
  CsrMatrix<double> a;
  a.rows = 7;
  a.cols = 5;
  a.indptr.assign(g.at("indptr").values.begin(), g.at("indptr").values.end());
  a.indices.assign(g.at("indices").values.begin(), g.at("indices").values.end());
  a.values = g.at("values").values;
  stx::Context<Cpu> ctx;
  stx::begin_pass(ctx);
  const auto values = leaf(ctx, to_device(ctx, a.values, Shape{a.nnz()}));
  const auto x = leaf(ctx, to_device(ctx, g.at("x")));
  const auto y = stx::csr_matmul(ctx, csr_pattern(ctx, a), values, x);
  copy_to_device(ctx, y.claim_grad(ctx).data, g.at("grad_y").values.data(), 42 * sizeof(double));
  ctx.tape().run_backward(ctx);
  CHECK(max_error(to_host(ctx, y.value()), g.at("y").values) < 1e-14);
  CHECK(max_error(to_host(ctx, x.grad()), g.at("grad_x").values) < 1e-14);
  CHECK(max_error(to_host(ctx, values.grad()), g.at("grad_values").values) < 1e-14);
}

TEST_CASE("csr_matmul: gradients by central differences, used once and twice") {
  for (const auto& a :
       {random_csr(4, 5, 0.5, 1), random_csr(0, 3, 0.5, 1), random_csr(3, 0, 0.5, 1), random_csr(1, 4, 0.5, 1)})
    check_gradients(inputs(a, 3), product(a));
  const auto a = random_csr(4, 5, 0.5, 1);
  for (std::size_t wanted : {0, 1}) {
    auto in = inputs(a, 3);
    in[1 - wanted].needs_grad = false;
    check_gradients(in, product(a));
  }
}

TEST_CASE("csr_matmul: the same bits for every number of threads") {
  const auto a = random_csr(300, 200, 0.1, 5);
  check_same_for_all_threads<float>(inputs(a, 33), product(a), 2);
}

TEST_CASE("csr_matmul: the identity gives x, an empty row 0" * doctest::test_suite("properties")) {
  CsrMatrix<double> eye;
  eye.rows = eye.cols = 5;
  for (int i = 0; i < 5; ++i) {
    if (i != 2) {
      eye.indices.push_back(i);
      eye.values.push_back(1);
    }
    eye.indptr.push_back(eye.nnz());
  }
  stx::Context<Cpu> ctx;
  const auto in = inputs(eye, 3);
  auto want = convert<float>(in[1].values);
  std::fill(want.begin() + 6, want.begin() + 9, 0.0f);
  CHECK(run_op<float>(ctx, in, product(eye)).outputs[0] == want);
}

TEST_CASE("csr_matmul: the backend stays inside its buffers") {
  const auto a = random_csr(40, 30, 0.2, 7);
  stx::Context<Cpu> ctx({.threads = 2});
  for (std::int64_t width : {1, 31, 65}) {
    Guarded<float> values(convert<float>(a.values)), x(30 * width, 1.0f), y(40 * width), gv(a.nnz());
    for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate}) {
      stx::csr_matmul(ctx, stx::CsrMatmul<float>{a.indptr.data(), a.indices.data(), nullptr, values.data(), x.data(),
                                                 y.data(), 40, width, write});
      stx::csr_matmul_values(ctx, stx::CsrMatmulValues<float>{a.indptr.data(), a.indices.data(), y.data(), x.data(),
                                                              gv.data(), 40, width, write});
    }
    for (auto* b : {&values, &x, &y, &gv}) CHECK(b->intact());
  }
}

TEST_CASE("csr_matmul: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto a = random_csr(4, 5, 0.5, 1);
  auto in = inputs(a, 3);
  in[1] = random_input({4, 3}, 1);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, product(a)),
                       "[csr_matmul] x must be (5, width), a row for each column of the sparse "
                       "matrix, got (4, 3)",
                       stx::ArgumentError);
  in = inputs(a, 3);
  in[0] = random_input({1}, 1);
  CHECK_THROWS_AS(run_op<float>(ctx, in, product(a)), stx::ArgumentError);
  auto unsorted = a;
  std::swap(unsorted.indices[0], unsorted.indices[1]);
  CHECK_THROWS_WITH_AS(csr_pattern(ctx, unsorted),
                       "[csr_pattern] CSR row 1 has unsorted or repeated column indices (1 before "
                       "0); sort them first",
                       stx::DataError);
  auto outside = a;
  outside.indices.back() = 5;
  CHECK_THROWS_WITH_AS(csr_pattern(ctx, outside), "[csr_pattern] CSR row 3 has column index 5, outside [0, 5)",
                       stx::DataError);
}
