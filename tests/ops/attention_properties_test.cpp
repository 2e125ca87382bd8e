// What attention must do whatever the numbers are, and what it refuses.
#include <limits>

#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "stx/ops/attention.hpp"
#include "support/compare.hpp"
#include "support/guarded.hpp"
#include "support/run_op.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::Dropout;
using stx::KeyMask;
using stx::MultiHeadOptions;
using stx::Shape;

namespace {

struct Run {
  std::vector<float> out, weights;
};

Run run(const std::vector<Input>& in, MultiHeadOptions options, std::vector<std::int32_t> lengths = {},
        std::vector<std::uint8_t> keys = {}) {
  Context<Cpu> ctx({.seed = 3});
  begin_step(ctx);
  options.weights = true;
  Run result;
  run_op<float>(ctx, in, [&](auto& c, const auto& v) {
    KeyMask<Cpu> mask;
    if (!lengths.empty()) mask.lengths = {lengths.data(), Shape{options.batch}};
    if (!keys.empty()) mask.keys = {keys.data(), Shape{options.batch, v[1].shape()[0] / options.batch}};
    const auto r = stx::attention(c, v[0], v[1], v[2], options, v.size() > 3 ? v[3] : stx::Var<float, Cpu>(), mask);
    result = {to_host(c, r.out.value()), to_host(c, r.weights)};
    return std::vector{r.out};
  });
  return result;
}

std::vector<Input> inputs(std::int64_t queries, std::int64_t keys, std::int64_t width, double bound = 2) {
  return {random_input({queries, width}, 1, -bound, bound), random_input({keys, width}, 2, -bound, bound),
          random_input({keys, width}, 3)};
}

}  // namespace

TEST_CASE("attention: weights are distributions over the keys that exist, and make the output" *
          doctest::test_suite("properties")) {
  const auto in = inputs(2 * 9, 2 * 301, 12);
  const Run r = run(in, {.n_heads = 3, .batch = 2}, {301, 40});
  for (std::int64_t row = 0; row < 2 * 3 * 9; ++row) {
    const std::int64_t b = row / 27, h = row / 9 % 3, i = row % 9;
    double sum = 0, out[4] = {};
    for (std::int64_t j = 0; j < 301; ++j) {
      const double w = r.weights[row * 301 + j];
      CHECK(w >= 0);
      if (b == 1 && j >= 40) CHECK(w == 0);
      sum += w;
      for (int c = 0; c < 4; ++c) out[c] += w * in[2].values[(b * 301 + j) * 12 + h * 4 + c];
    }
    CHECK(std::abs(sum - 1) < 1e-6);
    for (int c = 0; c < 4; ++c) CHECK(std::abs(out[c] - r.out[(b * 9 + i) * 12 + h * 4 + c]) < 1e-6);
  }
}

TEST_CASE("attention: a query without keys gets zero and no NaN, forward and backward") {
  for (int way = 0; way < 3; ++way) {
    std::vector<Input> in = inputs(4, 6, 8);
    in.push_back(random_input({2, 2, 3}, 7));
    std::vector<std::int32_t> lengths = {3, 3};
    std::vector<std::uint8_t> keys(6, 1);
    if (way == 0) lengths[0] = 0;
    if (way == 1) std::fill_n(keys.begin(), 3, std::uint8_t{0});
    if (way == 2) {  // by the bias, of both sequences: query 0 only
      for (int h : {0, 1}) std::fill_n(in[3].values.begin() + h * 6, 3, -INFINITY);
      in[3].needs_grad = false;
    }
    Context<Cpu> ctx;
    const auto r = run_op<float>(ctx, in, [&](auto& c, const auto& v) {
      const KeyMask<Cpu> mask{{lengths.data(), Shape{2}}, {keys.data(), Shape{2, 3}}};
      return std::vector{stx::attention(c, v[0], v[1], v[2], {.n_heads = 2, .batch = 2}, v[3], mask).out};
    });
    for (std::int64_t row = 0; row < 4; ++row)
      for (std::int64_t c = 0; c < 8; ++c) {
        const bool empty = way == 2 ? row % 2 == 0 : row < 2;
        CHECK((r.outputs[0][row * 8 + c] == 0) == empty);
        if (empty) CHECK(r.grads[0][row * 8 + c] == 0);
      }
    for (const auto& values : r.grads)
      for (float g : values) CHECK(std::isfinite(g));
    if (way < 2)
      for (int t : {1, 2})
        for (std::int64_t i = 0; i < 24; ++i) CHECK(r.grads[t][i] == 0);
  }
}

TEST_CASE("attention: masked keys do not matter; a length is a mask is a bias of -infinity" *
          doctest::test_suite("properties")) {
  auto in = inputs(10, 2 * 37, 8);
  const MultiHeadOptions options{.n_heads = 2, .batch = 2};
  const Run by_length = run(in, options, {11, 37});
  std::vector<std::uint8_t> keys(74, 1);
  std::fill(keys.begin() + 11, keys.begin() + 37, std::uint8_t{0});
  const Run by_mask = run(in, options, {}, keys);
  CHECK(max_error(by_length.out, by_mask.out) < 1e-6);
  for (int t : {1, 2})
    for (std::int64_t i = 11 * 8; i < 37 * 8; ++i) in[t].values[i] = 100;
  CHECK(same_bits(run(in, options, {11, 37}).out, by_length.out));
  CHECK(same_bits(run(in, options, {}, keys).out, by_mask.out));

  auto one = inputs(5, 37, 8);
  const Run cut = run(one, {.n_heads = 2}, {11});
  Input bias{Shape{2, 5, 37}, std::vector<double>(370, 0.0), false};
  for (std::int64_t i = 0; i < 370; ++i)
    if (i % 37 >= 11) bias.values[i] = -INFINITY;
  one.push_back(bias);
  CHECK(max_error(run(one, {.n_heads = 2}).out, cut.out) < 1e-6);
}

TEST_CASE("attention: a constant added to a row of the bias changes nothing; a large one decides" *
          doctest::test_suite("properties")) {
  auto in = inputs(3, 5, 8);
  in.push_back(random_input({2, 3, 5}, 4));
  const Run before = run(in, {.n_heads = 2});
  auto shifted = in;
  for (std::int64_t i = 0; i < 30; ++i) shifted[3].values[i] += static_cast<double>(i / 5);
  CHECK(max_error(run(shifted, {.n_heads = 2}).out, before.out) < 1e-5);
  for (std::int64_t row = 0; row < 6; ++row) in[3].values[row * 5 + 2] = 1e4;
  const Run picked = run(in, {.n_heads = 2});
  for (std::int64_t i = 0; i < 24; ++i) CHECK(picked.out[i] == static_cast<float>(in[2].values[16 + i % 8]));
}

TEST_CASE("attention: scores far apart in different tiles stay finite") {
  for (double size : {30.0, 300.0}) {  // scores up to 1e6
    const Run r = run(inputs(20, 700, 16, size), {.n_heads = 2});
    for (float v : r.out) REQUIRE(std::isfinite(v));
  }
  // The key that decides is the last of three tiles.
  std::vector<Input> in = {
      {Shape{1, 1}, {1e3}}, {Shape{600, 1}, std::vector<double>(600, -100.0)}, random_input({600, 1}, 5)};
  in[1].values[599] = 100;
  CHECK(run(in, {}).out[0] == static_cast<float>(in[2].values[599]));
}

TEST_CASE("attention: NaN in a query stays in its row") {
  auto in = inputs(4, 3, 4);
  in[0].values[1 * 4 + 2] = std::nan("");
  const Run r = run(in, {});
  for (std::int64_t i = 0; i < 16; ++i) CHECK(std::isnan(r.out[i]) == (i / 4 == 1));
}

TEST_CASE("attention: dropout only while recording; it varies and keeps the mean") {
  const std::vector<Input> in = {
      random_input({4000, 2}, 1), random_input({5, 2}, 2), {Shape{5, 2}, std::vector<double>(10, 1.0)}};
  const MultiHeadOptions options{.dropout = {0.3f, 4}};
  const Run r = run(in, options);
  double sum = 0;
  for (float v : r.out) sum += v;
  CHECK(std::abs(sum / 8000 - 1) < 0.02);  // sd of one row about 0.3: 5 sd of the mean
  CHECK(max_error(r.out, std::vector<float>(8000, 1.0f)) > 0.1);
  Context<Cpu> ctx;
  const stx::NoGrad<Cpu> evaluation(ctx);
  std::vector<stx::Var<float, Cpu>> v;
  for (const Input& i : in) v.push_back(constant(ctx, to_device(ctx, convert<float>(i.values), i.shape)));
  const auto out = to_host(ctx, stx::attention(ctx, v[0], v[1], v[2], options).out.value());
  CHECK(max_error(out, std::vector<float>(8000, 1.0f)) < 1e-6);
}

TEST_CASE("attention: the backend stays inside its buffers, strided and not") {
  Context<Cpu> ctx({.threads = 2});
  for (std::int64_t rows : {1, 65}) {
    const std::int64_t width = 12, stride = 31, heads = 3, keys = 33;
    const std::int64_t batch = 2, n = batch * rows;
    Guarded<float> q(convert<float>(random_values(n * stride, 1))), out(n * width), lse(n * heads);
    Guarded<float> kv(convert<float>(random_values(batch * keys * stride, 2)));
    Guarded<float> bias(convert<float>(random_values(heads * rows * keys, 3)));
    Guarded<float> weights(batch * heads * rows * keys), go(convert<float>(random_values(n * width, 4)));
    Guarded<float> gq(n * stride, 5.0f), gkv(batch * keys * stride, 5.0f), gb(heads * rows * keys);
    const stx::AttentionInputs<float> in{.q = {q.data() + 2, stride},
                                         .k = {kv.data(), stride},
                                         .v = {kv.data() + 13, stride},
                                         .bias = bias.data(),
                                         .batch = batch,
                                         .n_queries = rows,
                                         .n_keys = keys,
                                         .n_heads = heads,
                                         .head_dim = 4};
    stx::attention_forward(ctx, stx::AttentionForward<float>{in, out.data(), lse.data(), weights.data()});
    stx::attention_backward(ctx, stx::AttentionBackward<float>{.in = in,
                                                               .grad_out = go.data(),
                                                               .out = out.data(),
                                                               .lse = lse.data(),
                                                               .grad_q = {gq.data() + 2, stride},
                                                               .grad_k = {gkv.data(), stride},
                                                               .grad_v = {gkv.data() + 13, stride},
                                                               .grad_bias = gb.data()});
    for (auto* buffer : {&q, &kv, &bias, &out, &lse, &weights, &go, &gq, &gkv, &gb}) CHECK(buffer->intact());
    const auto grad_q = gq.content(), grad_kv = gkv.content();
    for (std::int64_t i = 0; i < n * stride; ++i) CHECK((grad_q[i] == 5.0f) == (i % stride < 2 || i % stride >= 14));
    for (std::int64_t i = 0; i < batch * keys * stride; ++i)
      CHECK((grad_kv[i] == 5.0f) == (i % stride == 12 || i % stride >= 25));
  }
}

TEST_CASE("attention: wrong calls are errors") {
  const auto message = [](const std::vector<Input>& in, MultiHeadOptions o, std::vector<std::int32_t> l = {}) {
    try {
      run(in, o, l);
    } catch (const stx::ArgumentError& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  CHECK(message({random_input({3, 4}, 1), random_input({2, 4}, 2), random_input({3, 4}, 3)}, {}) ==
        "[attention] k and v must have equal rows, and q, k, v equal widths, got (3, 4), (2, 4), "
        "(3, 4)");
  CHECK(message(inputs(3, 2, 4), {.n_heads = 3}) == "[attention] n_heads = 3 must divide width = 4, both at least 1");
  CHECK(message(inputs(3, 2, 4), {.n_heads = 0}) == "[attention] n_heads = 0 must divide width = 4, both at least 1");
  CHECK(message(inputs(3, 2, 0), {}) == "[attention] n_heads = 1 must divide width = 0, both at least 1");
  CHECK(message(inputs(4, 3, 4), {.batch = 2}) == "[attention] batch = 2 must divide the 4 rows of q and the 3 of k");
  CHECK(message(inputs(4, 3, 257), {}) == "[attention] heads have at most 256 dimensions, got 257");
  CHECK(message(inputs(4, 3, 4), {.scale = std::nan("")}) == "[attention] scale must be finite, got nan");
  CHECK(message(inputs(4, 3, 4), {.dropout = {1.0f, 0}}) == "[attention] dropout probability must be in [0, 1), got 1");
  auto in = inputs(4, 3, 4);
  in.push_back(random_input({2, 4, 2}, 4));
  CHECK(message(in, {.n_heads = 2}) ==
        "[attention] bias must have shape (2, 4, 3) (heads, queries, keys), got (2, 4, 2)");
  Context<Cpu> ctx;
  const auto x = constant(ctx, to_device(ctx, std::vector<float>(12), Shape{3, 4}));
  std::vector<std::int32_t> lengths(2);
  std::vector<std::uint8_t> keys(5);
  CHECK_THROWS_WITH_AS(stx::attention(ctx, x, x, x, {}, {}, {{lengths.data(), Shape{2}}, {}}),
                       "[attention] lengths must have shape (1), got (2)", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::attention(ctx, x, x, x, {}, {}, {{}, {keys.data(), Shape{1, 5}}}),
                       "[attention] the key mask must have shape (1, 3), got (1, 5)", stx::ArgumentError);
  using Slice = stx::ColumnSlice<float, Cpu>;
  CHECK_THROWS_WITH_AS(stx::attention(ctx, Slice(x, 2, 4), Slice(x), Slice(x)),
                       "[attention] columns [2, 6) are not inside shape (3, 4)", stx::ArgumentError);
}
