#include "stx/nn/skip_mlp.hpp"

#include <doctest/doctest.h>

#include "stx/nn/timestep_embedding.hpp"
#include "support/layer_check.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::Shape;
using Store = LayerStore;

namespace {

/// y = W x + b for rows of x.
std::vector<double> affine(Context<Cpu>& ctx, const Store& store, const std::string& name, const std::vector<double>& x,
                           std::int64_t rows) {
  const auto w = value_of(ctx, store, name + ".weight"), b = value_of(ctx, store, name + ".bias");
  const std::size_t out = b.size(), in = w.size() / out;
  std::vector<double> y;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::size_t o = 0; o < out; ++o) {
      double sum = b[o];
      for (std::size_t k = 0; k < in; ++k) sum += w[o * in + k] * x[i * in + k];
      y.push_back(sum);
    }
  return y;
}

/// GELU in tanh form of the layer norm of W x + b, gain and shift as stored.
std::vector<double> block(Context<Cpu>& ctx, const Store& store, const std::string& name, const std::vector<double>& x,
                          std::int64_t rows) {
  auto y = affine(ctx, store, name + ".0", x, rows);
  const auto gain = value_of(ctx, store, name + ".0.norm.gain"), shift = value_of(ctx, store, name + ".0.norm.shift");
  const std::size_t width = gain.size();
  for (std::int64_t i = 0; i < rows; ++i) {
    double mean = 0, variance = 0;
    for (std::size_t j = 0; j < width; ++j) mean += y[i * width + j] / static_cast<double>(width);
    for (std::size_t j = 0; j < width; ++j)
      variance += (y[i * width + j] - mean) * (y[i * width + j] - mean) / static_cast<double>(width);
    for (std::size_t j = 0; j < width; ++j) {
      const double z = (y[i * width + j] - mean) / std::sqrt(variance + 1e-5) * gain[j] + shift[j];
      y[i * width + j] = 0.5 * z * (1 + std::tanh(std::sqrt(2 / M_PI) * (z + 0.044715 * z * z * z)));
    }
  }
  return y;
}

std::vector<double> beside(const std::vector<double>& a, const std::vector<double>& b, std::int64_t rows) {
  std::vector<double> y;
  const std::size_t n = a.size() / rows, m = b.size() / rows;
  for (std::int64_t i = 0; i < rows; ++i) {
    y.insert(y.end(), a.begin() + i * n, a.begin() + (i + 1) * n);
    y.insert(y.end(), b.begin() + i * m, b.begin() + (i + 1) * m);
  }
  return y;
}

/// Random values where the layer starts with constants, so that nothing is hidden by zeros.
void shake(Store& store) {
  std::uint64_t seed = 50;
  for (auto& e : store.entries()) {
    const auto noise = random_values(e.shape.size(), ++seed, -0.3, 0.3);
    for (std::int64_t i = 0; i < e.shape.size(); ++i) e.state.value.data[i] += noise[i];
  }
}

}  // namespace

TEST_CASE("nn::SkipMlp: parameters and their start; the output starts at zero") {
  Context<Cpu> ctx;
  Store store;
  const stx::nn::SkipMlp<double, Cpu> net(ctx, store, "u", 7, {8, 4, 2}, 5);
  store.allocate(ctx, 3);
  CHECK(names(store) ==
        std::vector<std::string>{
            "u.enc.0.0.weight(8, 7)", "u.enc.0.0.bias(8)", "u.enc.0.0.norm.gain(8)", "u.enc.0.0.norm.shift(8)",
            "u.enc.1.0.weight(4, 8)", "u.enc.1.0.bias(4)", "u.enc.1.0.norm.gain(4)", "u.enc.1.0.norm.shift(4)",
            "u.enc.2.0.weight(2, 4)", "u.enc.2.0.bias(2)", "u.enc.2.0.norm.gain(2)", "u.enc.2.0.norm.shift(2)",
            "u.dec.0.0.weight(4, 2)", "u.dec.0.0.bias(4)", "u.dec.0.0.norm.gain(4)", "u.dec.0.0.norm.shift(4)",
            "u.dec.1.0.weight(8, 8)", "u.dec.1.0.bias(8)", "u.dec.1.0.norm.gain(8)", "u.dec.1.0.norm.shift(8)",
            "u.dec.2.weight(5, 16)",  "u.dec.2.bias(5)"});
  const auto x = constant(ctx, to_device(ctx, random_values(21, 1), Shape{3, 7}));
  CHECK(to_host(ctx, net(ctx, x).value()) == std::vector<double>(15, 0.0));
  const double largest = max_abs(value_of(ctx, store, "u.enc.0.0.weight"));
  CHECK((largest <= std::sqrt(6.0 / 15) && largest > 0.9 * std::sqrt(6.0 / 15)));
}

TEST_CASE("nn::SkipMlp: the formula of SpotDiff's integration network, layer by layer") {
  Context<Cpu> ctx;
  Store store;
  const stx::nn::SkipMlp<double, Cpu> net(ctx, store, "u", 7, {8, 4, 2}, 5);
  store.allocate(ctx, 3);
  shake(store);
  const auto x = random_values(21, 1);
  const auto got = to_host(ctx, net(ctx, constant(ctx, to_device(ctx, x, Shape{3, 7}))).value());
  const auto e1 = block(ctx, store, "u.enc.0", x, 3), e2 = block(ctx, store, "u.enc.1", e1, 3),
             e3 = block(ctx, store, "u.enc.2", e2, 3), d1 = block(ctx, store, "u.dec.0", e3, 3),
             d2 = block(ctx, store, "u.dec.1", beside(d1, e2, 3), 3);
  CHECK(max_error(got, affine(ctx, store, "u.dec.2", beside(d2, e1, 3), 3)) < 1e-12);
}

TEST_CASE("nn::SkipMlp: gradients of every parameter by central differences") {
  Context<Cpu> ctx;
  Store store;
  const stx::nn::SkipMlp<double, Cpu> net(ctx, store, "u", 3, {4, 3}, 2);
  store.allocate(ctx, 3);
  shake(store);
  const auto x = to_device(ctx, random_values(15, 1), Shape{5, 3});
  check_parameter_gradients(ctx, store, [&] { return net(ctx, constant(ctx, x)); });
}

TEST_CASE("nn::SkipMlp: one width is an error") {
  Context<Cpu> ctx;
  Store store;
  using Net = stx::nn::SkipMlp<double, Cpu>;
  CHECK_THROWS_WITH_AS(Net(ctx, store, "u", 3, {4}, 2), "[SkipMlp] there must be at least two widths, got 1",
                       stx::ArgumentError);
}

TEST_CASE("nn::TimestepEmbedding: parameters, formula and gradients") {
  Context<Cpu> ctx;
  Store store;
  const stx::nn::TimestepEmbedding<double, Cpu> embed(ctx, store, "t", 5, {.frequencies = 8});
  store.allocate(ctx, 3);
  CHECK(names(store) ==
        std::vector<std::string>{"t.in.weight(5, 8)", "t.in.bias(5)", "t.out.weight(5, 5)", "t.out.bias(5)"});
  CHECK(max_abs(value_of(ctx, store, "t.in.weight")) <= 0.02 * std::sqrt(3.0));
  CHECK(max_abs(value_of(ctx, store, "t.in.bias")) == 0);
  shake(store);
  const auto times = to_device(ctx, std::vector<std::int32_t>{0, 3, 1499}, Shape{3});
  std::vector<double> waves;
  for (int t : {0, 3, 1499})
    for (int j = 0; j < 8; ++j) {
      const double angle = t * std::pow(10000.0, -(j % 4) / 4.0);
      waves.push_back(j < 4 ? std::cos(angle) : std::sin(angle));
    }
  auto hidden = affine(ctx, store, "t.in", waves, 3);
  for (double& h : hidden) h = h / (1 + std::exp(-h));
  CHECK(max_error(to_host(ctx, embed(ctx, times).value()), affine(ctx, store, "t.out", hidden, 3)) < 2e-6);
  check_parameter_gradients(ctx, store, [&] { return embed(ctx, times); });
}
