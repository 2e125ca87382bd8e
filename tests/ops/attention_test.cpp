#include "stx/ops/attention.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive_attention.hpp"

using namespace stx::test;
using stx::ColumnSlice;
using stx::Cpu;
using stx::KeyMask;
using stx::MultiHeadOptions;
using stx::Shape;

namespace {

constexpr std::uint64_t seed = 9;
const stx::Dropout dropout{0.3f, 4};

struct Problem {
  std::int64_t batch = 1, n_queries = 3, n_keys = 4, n_heads = 2, head_dim = 8;
  double scale = 0;
  bool bias = false;
  stx::Dropout drop = {};
  std::vector<std::int32_t> lengths = {};
  std::vector<std::uint8_t> keys = {};
  double spread = 1;  ///< of the scores

  std::int64_t width() const { return n_heads * head_dim; }
  MultiHeadOptions options() const { return {n_heads, batch, scale, drop, false}; }
  KeyMask<Cpu> mask() const {
    KeyMask<Cpu> mask;
    if (!lengths.empty()) mask.lengths = {const_cast<std::int32_t*>(lengths.data()), Shape{batch}};
    if (!keys.empty()) mask.keys = {const_cast<std::uint8_t*>(keys.data()), Shape{batch, n_keys}};
    return mask;
  }
  std::vector<char> exists() const {
    std::vector<char> e(batch * n_keys, 1);
    for (std::int64_t i = 0; i < batch * n_keys; ++i)
      e[i] = (lengths.empty() || i % n_keys < lengths[i / n_keys]) && (keys.empty() || keys[i]);
    return e;
  }
  std::vector<Input> inputs() const {
    const double bound = std::sqrt(3 * spread);
    std::vector<Input> in = {random_input({batch * n_queries, width()}, 1, -bound, bound),
                             random_input({batch * n_keys, width()}, 2, -bound, bound),
                             random_input({batch * n_keys, width()}, 3)};
    if (bias) in.push_back(random_input({n_heads, n_queries, n_keys}, 4, -2, 2));
    return in;
  }
  auto op() const {
    return [*this](auto& ctx, const auto& v) {
      using V = std::decay_t<decltype(v[0])>;
      const V b = bias ? v[3] : V();
      return std::vector{stx::attention(ctx, v[0], v[1], v[2], options(), b, mask()).out};
    };
  }
  template <class T>
  naive::MultiHead<T> reference() const {
    const auto in = inputs();
    naive::MultiHead<T> r{batch,
                          n_queries,
                          n_keys,
                          n_heads,
                          head_dim,
                          T(scale != 0 ? scale : 1 / std::sqrt(double(head_dim))),
                          convert<T>(in[0].values),
                          convert<T>(in[1].values),
                          convert<T>(in[2].values),
                          {},
                          exists(),
                          {},
                          convert<T>(output_weights(0, batch * n_queries * width()))};
    if (bias) r.bias = convert<T>(in[3].values);
    if (drop.active())
      r.factors = naive::dropout_factors<T>(seed, 1, drop.site, drop.probability, batch * n_queries * n_heads, n_keys);
    r.run();
    return r;
  }
};

template <class T>
void check_values(const Problem& p) {
  INFO("batch ", p.batch, ", queries ", p.n_queries, ", keys ", p.n_keys, ", heads ", p.n_heads, " x ", p.head_dim);
  stx::Context<Cpu> ctx({.threads = 2, .seed = seed});
  begin_step(ctx);
  const auto got = run_op<T>(ctx, p.inputs(), p.op());
  const auto want = p.reference<double>();
  const auto rough = p.reference<T>();
  check_close("out", got.outputs[0], want.out, rough.out, 8);
  check_close("grad q", got.grads[0], want.grad_q, rough.grad_q, 16, 1);
  check_close("grad k", got.grads[1], want.grad_k, rough.grad_k, 16, 1);
  check_close("grad v", got.grads[2], want.grad_v, rough.grad_v, 16);
  if (p.bias) check_close("grad bias", got.grads[3], want.grad_bias, rough.grad_bias, 16, 1);
}

}  // namespace

TEST_CASE("attention: values and gradients against plain loops, odd shapes") {
  for (const stx::Dropout& drop : {stx::Dropout{}, dropout})
    for (bool bias : {false, true}) {
      for (std::int64_t n : {0, 1, 31, 32, 33, 63, 65, 300, 1023})
        check_values<float>({.n_queries = n, .n_keys = 5, .bias = bias, .drop = drop});
      for (std::int64_t n : {0, 1, 31, 33, 255, 257, 600})
        check_values<float>({.batch = 2, .n_queries = 7, .n_keys = n, .bias = bias, .drop = drop});
      for (std::int64_t dim : {1, 4, 12, 33, 64, 128})
        check_values<float>({.batch = 3, .n_queries = 9, .n_keys = 6, .head_dim = dim, .bias = bias, .drop = drop});
      check_values<double>({.batch = 2, .n_queries = 70, .n_keys = 300, .bias = bias, .drop = drop});
    }
  check_values<float>({.n_queries = 1023, .n_keys = 9, .n_heads = 1});
  check_values<float>({.n_queries = 2, .n_keys = 4097, .n_heads = 1, .spread = 3});
  check_values<float>({.batch = 33, .n_queries = 5, .n_keys = 5, .n_heads = 3, .scale = 1});
}

TEST_CASE("attention: heads of whole tiles of a matrix unit, several tiles of queries and keys") {
  for (const stx::Dropout& drop : {stx::Dropout{}, dropout})
    for (bool bias : {false, true}) {
      check_values<float>({.n_queries = 32, .n_keys = 32, .head_dim = 32, .bias = bias, .drop = drop});
      check_values<float>({.n_queries = 71, .n_keys = 45, .head_dim = 32, .bias = bias, .drop = drop});
      check_values<float>({.batch = 2, .n_queries = 33, .n_keys = 301, .head_dim = 64, .bias = bias, .drop = drop});
      check_values<float>({.n_queries = 200, .n_keys = 530, .n_heads = 1, .head_dim = 48, .bias = bias, .drop = drop});
    }
  check_values<float>({.n_queries = 600, .n_keys = 40, .n_heads = 1, .head_dim = 128, .spread = 3});
}

TEST_CASE("attention: key masks, by length, by bytes and both") {
  const std::vector<std::int32_t> lengths = {0, 300, 5, 257, -3, 1000};
  std::vector<std::uint8_t> keys(6 * 300);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = i % 3 == 1 ? 0 : i % 7;
  Problem p{.batch = 6, .n_queries = 4, .n_keys = 300, .bias = true, .drop = dropout};
  p.lengths = lengths;
  check_values<float>(p);
  p.keys = keys;
  check_values<float>(p);
  p.lengths.clear();
  check_values<float>(p);
  check_values<double>(p);
  Problem wide{.batch = 6, .n_queries = 40, .n_keys = 300, .head_dim = 32, .drop = dropout};
  wide.lengths = lengths;
  wide.keys = keys;
  check_values<float>(wide);
}

TEST_CASE("attention: gradients by central differences, every input") {
  check_gradients(Problem{.n_queries = 3, .n_keys = 4, .head_dim = 3}.inputs(),
                  Problem{.n_queries = 3, .n_keys = 4, .head_dim = 3}.op());
  const Problem p{.batch = 2,
                  .n_queries = 3,
                  .n_keys = 4,
                  .head_dim = 2,
                  .scale = 0.8,
                  .bias = true,
                  .drop = dropout,
                  .lengths = {3, 4},
                  .keys = {1, 1, 1, 1, 0, 1, 1, 1}};
  check_gradients(p.inputs(), p.op());
  for (std::size_t wanted = 0; wanted < 4; ++wanted) {
    auto in = p.inputs();
    for (std::size_t i = 0; i < 4; ++i) in[i].needs_grad = i == wanted;
    check_gradients(in, p.op());
  }
}

TEST_CASE("attention: columns of one packed matrix, with columns left out, and one variable thrice") {
  const auto sliced = [](std::int64_t q, std::int64_t k, std::int64_t v) {
    return [=](auto& ctx, const auto& vars) {
      using Slice = ColumnSlice<double, Cpu>;
      return std::vector{stx::attention(ctx, Slice(vars[0], q, 4), Slice(vars[0], k, 4), Slice(vars[0], v, 4),
                                        {.n_heads = 2, .batch = 2})
                             .out};
    };
  };
  check_gradients({random_input({6, 12}, 1)}, sliced(0, 4, 8));
  check_gradients({random_input({6, 12}, 1)}, sliced(8, 0, 4));
  check_gradients({random_input({6, 15}, 1)}, sliced(1, 5, 10));
  check_gradients({random_input({6, 6}, 1)}, sliced(0, 2, 1));
  check_gradients({random_input({6, 4}, 1)}, sliced(0, 0, 0));

  // The same numbers as with three matrices, in one or many tasks.
  for (std::int64_t batch : {1, 12}) {
    const Input packed = random_input({batch * 70, 12}, 5);
    std::vector<Input> apart(3, Input{Shape{batch * 70, 4}, {}});
    for (std::int64_t i = 0; i < batch * 70 * 12; ++i) apart[i % 12 / 4].values.push_back(packed.values[i]);
    const auto separate = [=](auto& ctx, const auto& v) {
      return std::vector{stx::attention(ctx, v[0], v[1], v[2], {.n_heads = 2, .batch = batch}).out};
    };
    const auto together = [=](auto& ctx, const auto& v) {
      using Slice = ColumnSlice<double, Cpu>;
      return std::vector{
          stx::attention(ctx, Slice(v[0], 0, 4), Slice(v[0], 4, 4), Slice(v[0], 8, 4), {.n_heads = 2, .batch = batch})
              .out};
    };
    stx::Context<Cpu> ctx;
    const auto a = run_op<double>(ctx, apart, separate);
    const auto b = run_op<double>(ctx, {packed}, together);
    CHECK(max_error(a.outputs[0], b.outputs[0]) < 1e-14);
    for (std::int64_t i = 0; i < batch * 70 * 12; ++i)
      CHECK(std::abs(b.grads[0][i] - a.grads[i % 12 / 4][i / 12 * 4 + i % 4]) < 1e-13);
  }
}

TEST_CASE("attention: golden values of PyTorch") {
  const auto g = golden::load("ops/attention.txt");
  const auto input = [&](const char* name, Shape shape) { return Input{shape, g.at(name).values}; };
  const std::vector<Input> in = {input("q", {10, 16}), input("k", {14, 16}), input("v", {14, 16}),
                                 input("bias", {2, 5, 7})};
  std::vector<std::int32_t> lengths = {4, 7};
  const auto op = [&](auto& ctx, const auto& v) {
    const KeyMask<Cpu> mask{{lengths.data(), Shape{2}}, {}};
    return std::vector{stx::attention(ctx, v[0], v[1], v[2], {.n_heads = 2, .batch = 2, .scale = 0.5}, v[3], mask).out};
  };
  stx::Context<Cpu> ctx;
  begin_pass(ctx);
  std::vector<stx::Var<double, Cpu>> vars;
  for (const Input& i : in) vars.push_back(leaf(ctx, to_device(ctx, i.values, i.shape)));
  const auto out = op(ctx, vars)[0];
  CHECK(max_error(to_host(ctx, out.value()), g.at("out").values) < 1e-13);
  const auto& grad_out = g.at("grad_out").values;
  copy_to_device(ctx, out.claim_grad(ctx).data, grad_out.data(), grad_out.size() * sizeof(double));
  ctx.tape().run_backward(ctx);
  const char* names[] = {"grad_q", "grad_k", "grad_v", "grad_bias"};
  for (int i = 0; i < 4; ++i) CHECK(max_error(to_host(ctx, vars[i].grad()), g.at(names[i]).values) < 1e-12);
}

TEST_CASE("attention: the same bits for every number of threads") {
  const auto check = [](const Problem& p) { check_same_for_all_threads<float>(p.inputs(), p.op(), 2); };
  check({.n_queries = 700, .n_keys = 300, .drop = dropout});
  check({.batch = 7, .n_queries = 33, .n_keys = 40, .bias = true});
  check({.batch = 40, .n_queries = 20, .n_keys = 20});
}
