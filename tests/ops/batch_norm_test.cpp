#include "stx/ops/batch_norm.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive_norm.hpp"

using namespace stx::test;
using stx::Activation;
using stx::BatchNormOptions;
using stx::Cpu;
using stx::Shape;

namespace {

constexpr std::uint64_t seed = 9;
const BatchNormOptions plain{};
const BatchNormOptions fused{.eps = 1e-3, .momentum = 0.01, .activation = Activation::relu, .dropout = {0.2f, 6}};
const BatchNormOptions frozen{.frozen = true, .activation = Activation::silu};

/// The running statistics, inputs 3 and 4, are outputs too: they show what the step left in them.
auto norm(BatchNormOptions options) {
  return [options](auto& ctx, const auto& v) {
    const auto y = stx::batch_norm(ctx, v[0], v[1], v[2], v[3].value(), v[4].value(), options);
    return std::vector{y, constant(ctx, v[3].value()), constant(ctx, v[4].value())};
  };
}

std::vector<Input> inputs(std::int64_t rows, std::int64_t width) {
  std::vector<Input> in = {random_input({rows, width}, 1, -2, 4), random_input({width}, 2, 0.5, 1.5),
                           random_input({width}, 3), random_input({width}, 4), random_input({width}, 5, 0.5, 2)};
  in[3].needs_grad = in[4].needs_grad = false;
  return in;
}

template <class T>
naive::BatchNorm<T> reference(const std::vector<Input>& in, const BatchNormOptions& o) {
  const std::int64_t rows = in[0].shape[0], width = in[0].shape[1];
  std::vector<T> factors;
  if (o.dropout.active())
    factors = naive::dropout_factors<T>(seed, 1, o.dropout.site, o.dropout.probability, rows, width);
  std::vector<std::vector<T>> values;
  for (const Input& i : in) values.push_back(convert<T>(i.values));
  return naive::batch_norm<T>(values[0], values[1], values[2], values[3], values[4], factors, o.activation,
                              convert<T>(output_weights(0, rows * width)), rows, width, !o.frozen,
                              static_cast<T>(o.eps), static_cast<T>(o.momentum));
}

template <class T>
void check_values(const std::vector<Input>& in, const BatchNormOptions& options) {
  INFO("x ", in[0].shape, ", frozen ", options.frozen);
  stx::Context<Cpu> ctx({.threads = 2, .seed = seed});
  begin_step(ctx);
  const auto got = run_op<T>(ctx, in, norm(options));
  const auto want = reference<double>(in, options);
  const auto rough = reference<T>(in, options);
  check_close("y", got.outputs[0], want.y, rough.y, 8);
  check_close("running mean", got.outputs[1], want.running_mean, rough.running_mean);
  check_close("running var", got.outputs[2], want.running_var, rough.running_var);
  check_close("grad x", got.grads[0], want.grad_x, rough.grad_x, 8);
  check_close("grad gain", got.grads[1], want.grad_gain, rough.grad_gain, 8);
  check_close("grad shift", got.grads[2], want.grad_shift, rough.grad_shift, 8);
}

}  // namespace

TEST_CASE("batch_norm: values, running statistics and gradients against plain loops") {
  for (const auto& options : {plain, fused, frozen}) {
    for (std::int64_t odd : odd_sizes) {
      if (odd != 1 || options.frozen) check_values<float>(inputs(odd, 6), options);
      check_values<float>(inputs(7, odd), options);
    }
    check_values<float>(inputs(300, 64), options);
    check_values<double>(inputs(150, 33), options);
  }
}

TEST_CASE("batch_norm: PyTorch's two training steps and its evaluation") {
  const auto g = golden::load("ops/batch_norm.txt");
  stx::Context<Cpu> ctx;
  const auto leaf_of = [&](const std::string& name, Shape shape) {
    return leaf(ctx, to_device(ctx, g.at(name).values, shape));
  };
  const auto mean = to_device(ctx, std::vector<double>(5, 0.0), Shape{5});
  const auto var = to_device(ctx, std::vector<double>(5, 1.0), Shape{5});
  const BatchNormOptions options{
      .eps = g.at("eps_momentum")(0, 0), .momentum = g.at("eps_momentum")(0, 1), .activation = Activation::relu};
  for (const std::string step : {"first", "second"}) {
    stx::begin_step(ctx);
    const auto x = leaf_of(step + "_x", {7, 5});
    const auto gain = leaf_of("gain", {5}), shift = leaf_of("shift", {5});
    const auto y = stx::batch_norm(ctx, x, gain, shift, mean, var, options);
    copy_to_device(ctx, y.claim_grad(ctx).data, g.at(step + "_grad_y").values.data(), 35 * sizeof(double));
    ctx.tape().run_backward(ctx);
    CHECK(max_error(to_host(ctx, y.value()), g.at(step + "_y").values) < 1e-14);
    CHECK(max_error(to_host(ctx, x.grad()), g.at(step + "_grad_x").values) < 1e-14);
    CHECK(max_error(to_host(ctx, gain.grad()), g.at(step + "_grad_gain").values) < 1e-13);
    CHECK(max_error(to_host(ctx, shift.grad()), g.at(step + "_grad_shift").values) < 1e-13);
    CHECK(max_error(to_host(ctx, mean), g.at(step + "_running_mean").values) < 1e-14);
    CHECK(max_error(to_host(ctx, var), g.at(step + "_running_var").values) < 1e-13);
  }
  stx::begin_pass(ctx);
  const stx::NoGrad<Cpu> no_grad(ctx);
  const auto evaluated = stx::batch_norm(ctx, leaf_of("first_x", {7, 5}), leaf_of("gain", {5}), leaf_of("shift", {5}),
                                         mean, var, BatchNormOptions{.eps = options.eps});
  CHECK(max_error(to_host(ctx, evaluated.value()), g.at("evaluated").values) < 1e-14);
  CHECK(max_error(to_host(ctx, mean), g.at("second_running_mean").values) < 1e-14);
}

TEST_CASE("batch_norm: gradients by central differences, used once and twice") {
  const auto only_y = [](BatchNormOptions options) {
    return [options](auto& ctx, const auto& v) { return std::vector{norm(options)(ctx, v)[0]}; };
  };
  BatchNormOptions soft{.activation = Activation::softplus, .dropout = {0.3f, 2}};
  for (const auto& options : {plain, fused, frozen, soft})
    for (const auto& in : {inputs(4, 5), inputs(6, 1), inputs(0, 3), inputs(3, 0)})
      check_gradients(in, only_y(options));
  for (std::size_t wanted = 0; wanted < 3; ++wanted) {
    auto in = inputs(4, 5);
    for (std::size_t i = 0; i < 3; ++i) in[i].needs_grad = i == wanted;
    check_gradients(in, only_y(fused));
  }
}

TEST_CASE("batch_norm: the same bits for every number of threads") {
  check_same_for_all_threads<float>(inputs(1023, 65), norm(fused), 2);
  check_same_for_all_threads<float>(inputs(130, 700), norm(plain), 2);
}

TEST_CASE("batch_norm: columns have mean 0 and variance 1, whatever is added or multiplied" *
          doctest::test_suite("properties")) {
  auto in = inputs(500, 3);
  std::fill(in[1].values.begin(), in[1].values.end(), 1.0);
  std::fill(in[2].values.begin(), in[2].values.end(), 0.0);
  stx::Context<Cpu> ctx;
  const auto y = run_op<double>(ctx, in, norm({.eps = 1e-12})).outputs[0];
  for (std::int64_t j = 0; j < 3; ++j) {
    double mean = 0, square = 0;
    for (std::int64_t i = 0; i < 500; ++i) {
      mean += y[i * 3 + j] / 500;
      square += y[i * 3 + j] * y[i * 3 + j] / 500;
    }
    CHECK(std::abs(mean) < 1e-14);
    CHECK(std::abs(square - 1) < 1e-10);
  }
  for (double& v : in[0].values) v = 3 * v + 1000;
  CHECK(max_error(run_op<double>(ctx, in, norm({.eps = 1e-12})).outputs[0], y) < 1e-10);
}

TEST_CASE("batch_norm: a large mean costs no more than the rounding of the values") {
  auto in = inputs(700, 4);
  for (double& v : in[0].values) v = static_cast<float>(v + 4096);
  for (double& v : in[3].values) v = 0;
  check_values<float>(in, plain);
}

TEST_CASE("batch_norm: constant columns give the shift; no row changes nothing") {
  auto in = inputs(9, 2);
  std::fill(in[0].values.begin(), in[0].values.end(), 2.5);
  stx::Context<Cpu> ctx;
  const auto y = run_op<float>(ctx, in, norm(plain)).outputs[0];
  for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == static_cast<float>(in[2].values[i % 2]));
  const auto none = inputs(0, 2);
  const auto run = run_op<double>(ctx, none, norm(plain));
  CHECK(run.outputs[1] == none[3].values);
  CHECK(run.outputs[2] == none[4].values);
  CHECK(run.grads[1] == std::vector<double>{0, 0});
}

TEST_CASE("batch_norm: evaluation is frozen training without dropout, row by row") {
  const auto in = inputs(40, 12);
  stx::Context<Cpu> ctx({.seed = seed});
  begin_step(ctx);
  BatchNormOptions still = fused;
  still.frozen = true;
  still.dropout = {};
  const auto want = run_op<float>(ctx, in, norm(still));
  CHECK_FALSE(same_bits(want.outputs[0], run_op<float>(ctx, in, norm(fused)).outputs[0]));
  const stx::NoGrad<Cpu> no_grad(ctx);
  const auto all = run_op<float>(ctx, in, norm(fused));
  CHECK(same_bits(want.outputs, all.outputs));
  auto one = in;
  one[0] = {Shape{1, 12}, {in[0].values.begin(), in[0].values.begin() + 12}, false};
  const auto first = run_op<float>(ctx, one, norm(fused)).outputs[0];
  CHECK(first == std::vector<float>(all.outputs[0].begin(), all.outputs[0].begin() + 12));
}

TEST_CASE("batch_norm: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx({.threads = 2, .seed = seed});
  begin_step(ctx);
  for (std::int64_t rows : {2, 127, 129})
    for (std::int64_t width : {1, 31, 257}) {
      const std::int64_t n = rows * width;
      Guarded<float> x(convert<float>(random_values(n, 1))), gy(convert<float>(random_values(n, 2)));
      Guarded<float> gain(width, 1.0f), shift(width), mean(width), var(width, 1.0f), y(n), m(width), r(width), gx(n),
          gg(width), gs(width);
      stx::batch_norm_forward(ctx, stx::BatchNormForward<float>{.x = x.data(),
                                                                .gain = gain.data(),
                                                                .shift = shift.data(),
                                                                .running_mean = mean.data(),
                                                                .running_var = var.data(),
                                                                .y = y.data(),
                                                                .mean = m.data(),
                                                                .rstd = r.data(),
                                                                .rows = rows,
                                                                .width = width,
                                                                .dropout = {0.2f, 1}});
      for (auto write : {stx::GradWrite::overwrite, stx::GradWrite::accumulate})
        stx::batch_norm_backward(ctx, stx::BatchNormBackward<float>{.grad_y = gy.data(),
                                                                    .x = x.data(),
                                                                    .y = y.data(),
                                                                    .gain = gain.data(),
                                                                    .shift = shift.data(),
                                                                    .mean = m.data(),
                                                                    .rstd = r.data(),
                                                                    .grad_x = gx.data(),
                                                                    .grad_gain = gg.data(),
                                                                    .grad_shift = gs.data(),
                                                                    .write_x = write,
                                                                    .rows = rows,
                                                                    .width = width,
                                                                    .dropout = {0.2f, 1}});
      for (auto* b : {&x, &gy, &gain, &shift, &mean, &var, &y, &m, &r, &gx, &gg, &gs}) CHECK(b->intact());
    }
}

TEST_CASE("batch_norm: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto run = [&](const std::vector<Input>& in, const BatchNormOptions& options) {
    run_op<float>(ctx, in, norm(options));
  };
  CHECK_THROWS_WITH_AS(run(inputs(1, 4), plain),
                       "[batch_norm] a batch of 1 row has no variance to train with; use more "
                       "rows, leave a last batch of one out, or freeze the statistics",
                       stx::ArgumentError);
  auto in = inputs(3, 4);
  in[2] = random_input({3}, 1);
  CHECK_THROWS_WITH_AS(run(in, plain),
                       "[batch_norm] gain, shift, running_mean and running_var must have shape "
                       "(4), got (4), (3), (4), (4)",
                       stx::ArgumentError);
  in = inputs(3, 4);
  in[0] = random_input({12}, 1);
  CHECK_THROWS_WITH_AS(run(in, plain), "[batch_norm] x must be (rows, width), got (12)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run(inputs(3, 4), {.momentum = 1.5}),
                       "[batch_norm] eps must not be negative and momentum be in [0, 1], got 1e-05 "
                       "and 1.5",
                       stx::ArgumentError);
  CHECK_THROWS_AS(run(inputs(3, 4), {.eps = std::nan("")}), stx::ArgumentError);
  CHECK_THROWS_AS(run(inputs(3, 4), {.dropout = {1.5f, 0}}), stx::ArgumentError);
}
