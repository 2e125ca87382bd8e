#include "stx/ops/softmax.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive.hpp"
#include "support/naive_softmax.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::GradWrite;
using stx::Shape;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

auto op(stx::SoftmaxOptions options = {}) {
  return [options](auto& ctx, const auto& v) { return std::vector{stx::softmax(ctx, v[0], options)}; };
}

template <class T>
void check_values(std::int64_t rows, std::int64_t columns, std::int64_t n, float dropout, double scale) {
  CAPTURE(rows);
  CAPTURE(columns);
  CAPTURE(n);
  const Input in = random_input({rows, columns}, 1, -6, 6);
  stx::Context<Cpu> ctx({.threads = 2, .seed = 4});
  stx::begin_step(ctx);
  const auto got = run_op<T>(ctx, {in}, op({.scale = scale, .n = n, .dropout = {dropout, 9}}));
  const std::int64_t runs = n > 0 ? rows * columns / n : 0;
  const auto reference = [&]<class U>(U) {
    const auto factors = dropout > 0 ? naive::dropout_factors<U>(4, 1, 9, dropout, runs, n) : std::vector<U>();
    return naive::softmax(convert<U>(in.values), factors, convert<U>(output_weights(0, rows * columns)), runs, n,
                          scale);
  };
  const auto want = reference(0.0);
  const auto rough = reference(T(0));
  check_close("y", got.outputs[0], want.y, rough.y, 8);
  check_close("grad x", got.grads[0], want.grad_x, rough.grad_x, 8, 1);  // differences of numbers up to 1
}

}  // namespace

TEST_CASE("softmax: values and gradients against plain loops, odd shapes, with and without dropout") {
  for (const float dropout : {0.0f, 0.3f}) {
    for (std::int64_t odd : odd_sizes) {
      check_values<float>(odd, 7, 7, dropout, 1);
      check_values<float>(5, odd, odd, dropout, 0.5);
    }
    check_values<float>(33, 60, 30, dropout, 0.25);
    check_values<double>(70, 100, 20, dropout, 2);
  }
  check_values<float>(3, 4097, 4097, 0, 1);
}

TEST_CASE("softmax: values of PyTorch") {
  const golden::Arrays expected = golden::load("ops/softmax.txt");
  const auto& x = expected.at("x");
  stx::Context<Cpu> ctx;
  stx::begin_step(ctx);
  const auto tensor = to_device(ctx, x.values, Shape{x.rows, x.cols});
  const auto leaf = stx::leaf(ctx, tensor);
  const auto y = stx::softmax(ctx, leaf, {.scale = 0.7});
  CHECK(max_error(to_host(ctx, y.value()), expected.at("y").values) <= 1e-15);
  const auto target = y.claim_grad(ctx);
  stx::copy_to_device(ctx, target.data, expected.at("grad_y").values.data(), x.values.size() * sizeof(double));
  ctx.tape().run_backward(ctx);
  CHECK(max_error(to_host(ctx, leaf.grad()), expected.at("grad_x").values) <= 1e-15);
}

TEST_CASE("softmax: gradients by central differences, used once and twice") {
  for (const Shape& shape : {Shape{3, 6}, Shape{1, 1}, Shape{0, 4}, Shape{4, 0}}) {
    check_gradients({random_input(shape, 1, -3, 3)}, op({.scale = 1.5}));
    check_gradients({random_input(shape, 1, -3, 3)}, op({.dropout = {0.3f, 2}}));
  }
  check_gradients({random_input({3, 6}, 1, -3, 3)}, op({.n = 2}));
}

TEST_CASE("softmax: runs sum to one, do not feel a shift, and stand huge values" * doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx;
  const Input x = random_input({40, 30}, 3, -4, 4);
  Input shifted = x;
  for (double& v : shifted.values) v += 64;
  const auto y = run_op<float>(ctx, {x}, op({.n = 15})).outputs[0];
  double worst = 0;
  for (std::size_t r = 0; r < 80; ++r) {
    double sum = 0;
    for (std::size_t j = 0; j < 15; ++j) sum += y[r * 15 + j];
    worst = std::max(worst, std::abs(sum - 1));
  }
  CHECK(worst <= 15 * std::numeric_limits<float>::epsilon());
  // x + 64 rounds x to 2^-18; a softmax of values moved by d moves by at most d.
  CHECK(max_error(run_op<float>(ctx, {shifted}, op({.n = 15})).outputs[0], y) <= 0x1p-17);

  const auto of = [&](std::vector<double> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    return run_op<float>(ctx, {{Shape{1, n}, values}}, op()).outputs[0];
  };
  CHECK(of({1e5, 0, -1e5}) == std::vector<float>{1, 0, 0});
  CHECK(of({-infinity, 2, -infinity, 2}) == std::vector<float>{0, 0.5f, 0, 0.5f});
  CHECK(of({-infinity, -infinity}) == std::vector<float>{0, 0});
  CHECK(of({-1e30, -1e30}) == std::vector<float>{0.5f, 0.5f});
  for (const float v : of({1, std::nan(""), 2})) CHECK(std::isnan(v));
}

TEST_CASE("softmax: the same bits for every number of threads; dropout off while nothing records") {
  const auto dropped = op({.n = 30, .dropout = {0.4f, 3}});
  check_same_for_all_threads<float>({random_input({1023, 60}, 1)}, dropped, 2);
  stx::Context<Cpu> ctx;
  const stx::NoGrad<Cpu> no_grad(ctx);
  const Input x = random_input({9, 60}, 1);
  CHECK(same_bits(run_op<float>(ctx, {x}, dropped).outputs, run_op<float>(ctx, {x}, op({.n = 30})).outputs));
}

TEST_CASE("softmax: nothing is written outside its buffers, and gradients are added where asked") {
  const std::int64_t rows = 33, n = 31;
  stx::Context<Cpu> ctx({.threads = 3});
  stx::begin_step(ctx);
  const auto x = convert<float>(random_values(rows * n, 1)), grad = convert<float>(random_values(rows * n, 2));
  Guarded<float> p(rows * n), y(rows * n), once(rows * n), twice(rows * n, 1.0f);
  const stx::Dropout dropout{0.2f, 1};
  stx::softmax_forward(ctx, stx::SoftmaxForward<float>{
                                .x = x.data(), .p = p.data(), .y = y.data(), .rows = rows, .n = n, .dropout = dropout});
  stx::SoftmaxBackward<float> backward{
      .grad_y = grad.data(), .p = p.data(), .grad_x = once.data(), .rows = rows, .n = n, .dropout = dropout};
  stx::softmax_backward(ctx, backward);
  backward.grad_x = twice.data();
  backward.write_x = GradWrite::accumulate;
  stx::softmax_backward(ctx, backward);
  CHECK((p.intact() && y.intact() && once.intact() && twice.intact()));
  auto added = once.content();
  for (float& v : added) v += 1;
  CHECK(max_error(added, twice.content()) <= 4 * std::numeric_limits<float>::epsilon());  // sums up to 2, two roundings
}

TEST_CASE("softmax: wrong arguments are errors") {
  stx::Context<Cpu> ctx;
  const auto call = [&](Shape shape, stx::SoftmaxOptions options) {
    run_op<float>(ctx, {random_input(shape, 1)}, op(options));
  };
  CHECK_THROWS_WITH_AS(call({6}, {}), "[softmax] x must be (rows, columns), got (6)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(call({2, 6}, {.n = 4}), "[softmax] n = 4 must divide the 6 columns of x", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(call({2, 6}, {.n = -3}), "[softmax] n = -3 must divide the 6 columns of x", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(call({2, 6}, {.scale = 0}), "[softmax] scale must be positive, got 0", stx::ArgumentError);
  CHECK_THROWS_AS(call({2, 6}, {.scale = std::nan("")}), stx::ArgumentError);
  CHECK_THROWS_WITH_AS(call({2, 6}, {.dropout = {1.0f, 0}}), "[softmax] dropout probability must be in [0, 1), got 1",
                       stx::ArgumentError);
}
