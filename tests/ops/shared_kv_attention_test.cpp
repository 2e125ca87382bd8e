#include "stx/ops/shared_kv_attention.hpp"

#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive.hpp"

using namespace stx::test;
using stx::AttentionOptions;
using stx::Cpu;
using stx::Shape;

namespace {

constexpr std::uint64_t seed = 9;
const stx::Dropout dropout{0.3f, 4};

/// Which outputs the loss looks at.
enum class Uses { out, weights, both };

auto attention(AttentionOptions options, Uses uses = Uses::both) {
  options.weights = uses != Uses::out;
  return [=](auto& ctx, const auto& v) {
    const auto r = stx::shared_kv_attention(ctx, v[0], v[1], v[2], options);
    if (uses == Uses::both) return std::vector{r.out, r.weights};
    return std::vector{uses == Uses::out ? r.out : r.weights};
  };
}

/// Queries, keys and values whose logits have a standard deviation of about `spread`.
std::vector<Input> inputs(std::int64_t rows, std::int64_t n_keys, std::int64_t width, double spread = 3) {
  const double bound = std::sqrt(3 * spread);
  return {random_input({rows, width}, 1, -bound, bound), random_input({n_keys, width}, 2, -bound, bound),
          random_input({n_keys, width}, 3)};
}

template <class T>
naive::Attention<T> reference(const std::vector<Input>& in, const AttentionOptions& o) {
  const std::int64_t rows = in[0].shape[0], width = in[0].shape[1], n_keys = in[1].shape[0];
  std::vector<T> factors;
  if (o.dropout.active())
    factors = naive::dropout_factors<T>(seed, 1, o.dropout.site, o.dropout.probability, rows * o.n_heads, n_keys);
  return naive::attention(convert<T>(in[0].values), convert<T>(in[1].values), convert<T>(in[2].values), factors,
                          convert<T>(output_weights(0, rows * width)), convert<T>(output_weights(1, rows * n_keys)),
                          rows, n_keys, width, o.n_heads);
}

template <class T>
void check_values(const std::vector<Input>& in, const AttentionOptions& options) {
  INFO("q ", in[0].shape, ", k ", in[1].shape, ", heads ", options.n_heads);
  stx::Context<Cpu> ctx({.threads = 2, .seed = seed});
  begin_step(ctx);
  const auto got = run_op<T>(ctx, in, attention(options));
  const auto want = reference<double>(in, options);
  const auto rough = reference<T>(in, options);
  check_close("out", got.outputs[0], want.out, rough.out, 8);
  check_close("weights", got.outputs[1], want.weights, rough.weights, 8);
  check_close("grad q", got.grads[0], want.grad_q, rough.grad_q, 16, 1);
  check_close("grad k", got.grads[1], want.grad_k, rough.grad_k, 16,
              1);  // one key: exactly 0, but the terms are not
  check_close("grad v", got.grads[2], want.grad_v, rough.grad_v, 16);
}

}  // namespace

TEST_CASE("shared_kv_attention: values and gradients against plain loops, odd shapes") {
  for (const AttentionOptions& o : {AttentionOptions{1, {}, false}, {2, {}, false}, {4, dropout, false}}) {
    for (std::int64_t rows : odd_sizes) check_values<float>(inputs(rows, 5, 8), o);
    for (std::int64_t n_keys : {1, 2, 29, 31, 32, 33, 300, 1023}) check_values<float>(inputs(37, n_keys, 8), o);
    for (std::int64_t width : {4, 12, 64, 256}) check_values<float>(inputs(70, 29, width), o);
    check_values<double>(inputs(300, 40, 64), o);
  }
}

TEST_CASE("shared_kv_attention: PyTorch's output, mean weights and gradients") {
  check_golden_op(golden::load("ops/shared_kv_attention.txt"), "", {{"q"}, {"k"}, {"v"}}, attention({2, {}, false}),
                  {"out", "weights"});
}

TEST_CASE("shared_kv_attention: gradients by central differences, through either output or both") {
  for (Uses uses : {Uses::out, Uses::weights, Uses::both})
    for (const AttentionOptions& o : {AttentionOptions{1, {}, false}, {2, {}, false}, {2, dropout, false}}) {
      check_gradients(inputs(3, 4, 4, 1), attention(o, uses));
      check_gradients(inputs(2, 1, 2, 1), attention(o, uses));
      check_gradients(inputs(0, 3, 2, 1), attention(o, uses));
    }
}

TEST_CASE("shared_kv_attention: gradients only where they are wanted") {
  for (std::size_t wanted = 0; wanted < 3; ++wanted) {
    auto in = inputs(3, 4, 4, 1);
    for (std::size_t i = 0; i < 3; ++i) in[i].needs_grad = i == wanted;
    check_gradients(in, attention({2, dropout, false}));
  }
}

TEST_CASE("shared_kv_attention: queries, keys and values may be one variable") {
  const auto self = [](auto& ctx, const auto& v) {
    return std::vector{stx::shared_kv_attention(ctx, v[0], v[0], v[0], {2, dropout, false}).out};
  };
  check_gradients({random_input({5, 4}, 1)}, self);
}

TEST_CASE("shared_kv_attention: with no use of the weights the values get no gradient from them") {
  stx::Context<Cpu> ctx;
  const auto run = run_op<double>(ctx, inputs(3, 4, 4), attention({2, {}, false}, Uses::weights));
  CHECK(run.grads[2] == std::vector<double>(16, 0.0));
}

TEST_CASE("shared_kv_attention: the same bits for every number of threads") {
  check_same_for_all_threads<float>(inputs(1023, 29, 32), attention({2, dropout, false}), 2);
  check_same_for_all_threads<float>(inputs(700, 300, 16), attention({1, {}, false}), 2);
}

TEST_CASE("shared_kv_attention: weights are distributions; one key gets weight 1" * doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx({.seed = seed});
  begin_step(ctx);
  for (const stx::Dropout& d : {stx::Dropout{}, dropout}) {
    const auto run = run_op<float>(ctx, inputs(50, 37, 16), attention({4, d, false}));
    for (std::int64_t i = 0; i < 50; ++i) {
      double sum = 0;
      for (std::int64_t j = 0; j < 37; ++j) {
        CHECK(run.outputs[1][i * 37 + j] >= 0);
        sum += run.outputs[1][i * 37 + j];
      }
      CHECK(std::abs(sum - 1) < 1e-6);
    }
  }
  const auto in = inputs(3, 1, 4);
  const auto one = run_op<float>(ctx, in, attention({2, {}, false}));
  CHECK(one.outputs[1] == std::vector<float>(3, 1.0f));
  for (std::int64_t i = 0; i < 12; ++i) CHECK(one.outputs[0][i] == static_cast<float>(in[2].values[i % 4]));
}

TEST_CASE("shared_kv_attention: a vector added to all keys changes nothing" * doctest::test_suite("properties")) {
  auto in = inputs(20, 6, 8, 1);
  stx::Context<Cpu> ctx;
  const auto before = run_op<double>(ctx, in, attention({2, {}, false}));
  for (std::int64_t j = 0; j < 6; ++j)
    for (std::int64_t c = 0; c < 8; ++c) in[1].values[j * 8 + c] += 0.3 * static_cast<double>(c) - 1;
  const auto after = run_op<double>(ctx, in, attention({2, {}, false}));
  for (int k : {0, 1}) CHECK(max_error(after.outputs[k], before.outputs[k]) < 1e-13);
}

TEST_CASE("shared_kv_attention: equal keys share the weight; order of keys only permutes it") {
  auto in = inputs(9, 5, 4);
  for (std::int64_t i = 0; i < 20; ++i) in[1].values[i] = in[1].values[i % 4];
  stx::Context<Cpu> ctx;
  const auto equal = run_op<float>(ctx, in, attention({2, {}, false})).outputs[1];
  for (float w : equal) CHECK(w == doctest::Approx(0.2));

  in = inputs(9, 5, 4);
  auto turned = in;
  for (int t : {1, 2})
    for (std::int64_t j = 0; j < 5; ++j)
      for (std::int64_t c = 0; c < 4; ++c) turned[t].values[(4 - j) * 4 + c] = in[t].values[j * 4 + c];
  const auto a = run_op<double>(ctx, in, attention({2, {}, false}));
  const auto b = run_op<double>(ctx, turned, attention({2, {}, false}));
  CHECK(max_error(a.outputs[0], b.outputs[0]) < 1e-14);
  for (std::int64_t i = 0; i < 9; ++i)
    for (std::int64_t j = 0; j < 5; ++j) CHECK(std::abs(a.outputs[1][i * 5 + j] - b.outputs[1][i * 5 + 4 - j]) < 1e-14);
}

TEST_CASE("shared_kv_attention: huge logits pick one key and stay finite, forward and backward") {
  for (double size : {30.0, 300.0}) {  // logits up to 1e5
    stx::Context<Cpu> ctx;
    const auto run = run_op<float>(ctx, inputs(20, 7, 16, size * size), attention({2, {}, false}));
    for (const auto& values : run.outputs)
      for (float v : values) REQUIRE(std::isfinite(v));
    for (const auto& values : run.grads)
      for (float v : values) REQUIRE(std::isfinite(v));
  }
  stx::Context<Cpu> ctx;
  const std::vector<Input> in = {{Shape{1, 1}, {1e3}}, {Shape{3, 1}, {-100, 0, 100}}, {Shape{3, 1}, {5, 6, 7}}};
  const auto run = run_op<float>(ctx, in, attention({1, {}, false}));
  CHECK(run.outputs[0][0] == 7.0f);
  CHECK(run.outputs[1][2] == 1.0f);
  CHECK(run.outputs[1][0] < 1e-30f);
}

TEST_CASE("shared_kv_attention: NaN in a query stays in its row") {
  auto in = inputs(4, 3, 4);
  in[0].values[1 * 4 + 2] = std::nan("");
  stx::Context<Cpu> ctx;
  const auto run = run_op<float>(ctx, in, attention({1, {}, false}));
  for (std::int64_t i = 0; i < 16; ++i) CHECK(std::isnan(run.outputs[0][i]) == (i / 4 == 1));
}

TEST_CASE("shared_kv_attention: dropout does not move the mean output") {
  const std::vector<Input> in = {
      random_input({4000, 2}, 1), random_input({5, 2}, 2), {Shape{5, 2}, std::vector<double>(10, 1.0)}};
  stx::Context<Cpu> ctx({.seed = seed});
  begin_step(ctx);
  const auto run = run_op<float>(ctx, in, attention({1, dropout, false}, Uses::out));
  double sum = 0;
  bool varied = false;
  for (float v : run.outputs[0]) {
    sum += v;
    varied = varied || v != run.outputs[0][0];
  }
  CHECK(varied);
  CHECK(std::abs(sum / 8000 - 1) < 0.02);  // sd of one row about 0.3: 5 sd of the mean
}

TEST_CASE("shared_kv_attention: the backend stays inside its buffers") {
  stx::Context<Cpu> ctx({.threads = 2, .seed = seed});
  begin_step(ctx);
  const std::int64_t n_keys = 31, width = 12, heads = 3;
  for (std::int64_t rows : {1, 63, 65, 257}) {
    Guarded<float> q(convert<float>(random_values(rows * width, 1))),
        k(convert<float>(random_values(n_keys * width, 2)));
    Guarded<float> v(convert<float>(random_values(n_keys * width, 3))),
        go(convert<float>(random_values(rows * width, 4)));
    Guarded<float> gw(convert<float>(random_values(rows * n_keys, 5)));
    Guarded<float> out(rows * width), lse(rows * heads), weights(rows * n_keys);
    Guarded<float> gq(rows * width), gk(n_keys * width), gv(n_keys * width);
    stx::shared_kv_attention_forward(
        ctx, stx::SharedKvAttentionForward<float>{q.data(), k.data(), v.data(), out.data(), lse.data(), weights.data(),
                                                  rows, n_keys, width, heads, dropout});
    stx::shared_kv_attention_backward(ctx, stx::SharedKvAttentionBackward<float>{.grad_out = go.data(),
                                                                                 .grad_weights = gw.data(),
                                                                                 .q = q.data(),
                                                                                 .k = k.data(),
                                                                                 .v = v.data(),
                                                                                 .lse = lse.data(),
                                                                                 .grad_q = gq.data(),
                                                                                 .grad_k = gk.data(),
                                                                                 .grad_v = gv.data(),
                                                                                 .rows = rows,
                                                                                 .n_keys = n_keys,
                                                                                 .width = width,
                                                                                 .n_heads = heads,
                                                                                 .dropout = dropout});
    for (auto* buffer : {&q, &k, &v, &go, &gw, &out, &lse, &weights, &gq, &gk, &gv}) CHECK(buffer->intact());
  }
}

TEST_CASE("shared_kv_attention: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const auto run = [&](const std::vector<Input>& in, AttentionOptions o = {}) { run_op<float>(ctx, in, attention(o)); };
  CHECK_THROWS_WITH_AS(run(inputs(3, 2, 4), {3, {}, false}),
                       "[shared_kv_attention] n_heads = 3 must divide width = 4, both at least 1", stx::ArgumentError);
  CHECK_THROWS_AS(run(inputs(3, 2, 4), {0, {}, false}), stx::ArgumentError);
  CHECK_THROWS_AS(run(inputs(3, 2, 0)), stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run({random_input({3, 4}, 1), random_input({2, 4}, 2), random_input({3, 4}, 3)}),
                       "[shared_kv_attention] q (rows, width), k and v (n_keys, width) do not agree: (3, 4), (2, "
                       "4), (3, 4)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(run(inputs(3, 2, 4), {1, {2.0f, 0}, false}),
                       "[shared_kv_attention] dropout probability must be in [0, 1), got 2", stx::ArgumentError);
}
