#include "stx/ops/gat.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive.hpp"
#include "support/naive_graph.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::CsrGraph;
using stx::DeviceGraph;
using stx::Dropout;
using stx::GatOptions;
using stx::Shape;

namespace {

constexpr std::uint64_t seed = 9;
const Dropout dropout{0.3f, 4};

CsrGraph graph_of(const std::vector<std::vector<std::int32_t>>& rows) {
  CsrGraph graph;
  for (const auto& row : rows) {
    graph.indices.insert(graph.indices.end(), row.begin(), row.end());
    graph.indptr.push_back(graph.n_edges());
  }
  return graph;
}

struct Problem {
  std::vector<std::vector<std::int32_t>> rows;
  std::int64_t n_heads = 1, dim = 4;
  GatOptions options = {};
  bool bias = true;
  double spread = 1;

  std::int64_t n() const { return static_cast<std::int64_t>(rows.size()); }
  std::vector<Input> inputs() const {
    std::vector<Input> in = {random_input({n(), n_heads * dim}, 1), random_input({n_heads, dim}, 2, -spread, spread),
                             random_input({n_heads, dim}, 3, -spread, spread)};
    if (bias) in.push_back(random_input({n_heads * dim}, 4));
    return in;
  }
  auto op(const DeviceGraph<Cpu>& graph) const {
    return [*this, &graph](auto& ctx, const auto& v) {
      using V = std::decay_t<decltype(v[0])>;
      return std::vector{stx::gat(ctx, v[0], v[1], v[2], graph, options, bias ? v[3] : V())};
    };
  }
  template <class T>
  naive::Gat<T> reference() const {
    const auto in = inputs();
    naive::Gat<T> r{rows,
                    n_heads,
                    dim,
                    T(options.slope),
                    convert<T>(in[0].values),
                    convert<T>(in[1].values),
                    convert<T>(in[2].values),
                    {},
                    {},
                    convert<T>(output_weights(0, n() * n_heads * dim))};
    if (bias) r.bias = convert<T>(in[3].values);
    if (options.dropout.active())
      r.factors = naive::dropout_factors<T>(seed, 1, options.dropout.site, options.dropout.probability,
                                            graph_of(rows).n_edges(), n_heads);
    r.run();
    return r;
  }
};

template <class T>
void check_values(const Problem& p) {
  INFO(p.n(), " nodes, ", p.n_heads, " heads of ", p.dim);
  Context<Cpu> ctx({.threads = 2, .seed = seed});
  const auto graph = to_device(ctx, graph_of(p.rows));
  begin_step(ctx);
  const auto got = run_op<T>(ctx, p.inputs(), p.op(graph));
  const auto want = p.reference<double>();
  const auto rough = p.reference<T>();
  check_close("out", got.outputs[0], want.out, rough.out, 8);
  check_close("grad h", got.grads[0], want.grad_h, rough.grad_h, 16, 1);
  check_close("grad a_src", got.grads[1], want.grad_a_src, rough.grad_a_src, 16, 1);
  check_close("grad a_dst", got.grads[2], want.grad_a_dst, rough.grad_a_dst, 16, 1);
  if (p.bias) check_close("grad bias", got.grads[3], want.grad_bias, rough.grad_bias, 8, 1);
}

}  // namespace

TEST_CASE("gat: values and gradients against plain loops, odd shapes") {
  for (const Dropout& drop : {Dropout{}, dropout}) {
    const GatOptions options{.slope = 0.2, .dropout = drop};
    for (std::int64_t n : {0, 1, 2, 31, 33, 65, 300, 1023, 4097})
      check_values<float>({naive::random_rows(n, 5, 1), 2, 4, options});
    for (std::int64_t dim : {1, 3, 16, 33, 64, 128})
      check_values<float>({naive::random_rows(20, 4, 2), 3, dim, options});
    check_values<float>({naive::random_rows(40, 4, 2), 9, 8, options, false});
    check_values<double>({naive::random_rows(150, 20, 3), 2, 10, options, true, 5});
  }
}

TEST_CASE("gat: gradients by central differences, every input") {
  const auto rows = naive::random_rows(9, 3, 4);
  Context<Cpu> ctx;
  const auto graph = to_device(ctx, graph_of(rows));
  for (const Problem& p : {Problem{rows, 1, 3}, Problem{rows, 2, 2, {.slope = -0.5, .dropout = dropout}},
                           Problem{rows, 3, 1, {}, false}}) {
    check_gradients(p.inputs(), p.op(graph));
    for (std::size_t wanted = 0; wanted < p.inputs().size(); ++wanted) {
      auto in = p.inputs();
      for (std::size_t i = 0; i < in.size(); ++i) in[i].needs_grad = i == wanted;
      check_gradients(in, p.op(graph));
    }
  }
  const auto same = [&](auto& c, const auto& v) { return std::vector{stx::gat(c, v[0], v[1], v[1], graph)}; };
  check_gradients({random_input({9, 4}, 1), random_input({2, 2}, 2)}, same);
}

TEST_CASE("gat: golden values of a PyTorch expression") {
  const auto g = golden::load("ops/gat.txt");
  CsrGraph csr;
  for (double x : g.at("indices").values) csr.indices.push_back(static_cast<std::int32_t>(x));
  csr.indptr.clear();
  for (double x : g.at("indptr").values) csr.indptr.push_back(static_cast<std::int64_t>(x));
  Context<Cpu> ctx;
  const auto graph = to_device(ctx, csr);
  const auto make = [&](const char* name, Shape shape) { return leaf(ctx, to_device(ctx, g.at(name).values, shape)); };
  const auto h = make("h", {12, 8}), a_src = make("a_src", {2, 4}), a_dst = make("a_dst", {2, 4});
  const auto out = stx::gat(ctx, h, a_src, a_dst, graph, {.slope = 0.1});
  CHECK(max_error(to_host(ctx, out.value()), g.at("out").values) < 1e-13);
  const auto& grad_out = g.at("grad_out").values;
  copy_to_device(ctx, out.claim_grad(ctx).data, grad_out.data(), grad_out.size() * sizeof(double));
  ctx.tape().run_backward(ctx);
  CHECK(max_error(to_host(ctx, h.grad()), g.at("grad_h").values) < 1e-13);
  CHECK(max_error(to_host(ctx, a_src.grad()), g.at("grad_a_src").values) < 1e-13);
  CHECK(max_error(to_host(ctx, a_dst.grad()), g.at("grad_a_dst").values) < 1e-13);
}

TEST_CASE("gat: the same bits for every number of threads") {
  Context<Cpu> ctx;
  const Problem p{naive::random_rows(400, 12, 5), 2, 8, {.dropout = dropout}};
  const auto graph = to_device(ctx, graph_of(p.rows));
  check_same_for_all_threads<float>(p.inputs(), p.op(graph), 2);
}

TEST_CASE("gat: isolated nodes give the bias, a lone edge copies, equal scores average" *
          doctest::test_suite("properties")) {
  Context<Cpu> ctx;
  const auto graph = to_device(ctx, CsrGraph{{0, 0, 1, 4}, {0, 0, 1, 2}});
  const auto h = constant(ctx, to_device(ctx, std::vector<float>{1, 2, 3, 4, 8, 6}, Shape{3, 2}));
  const auto a = constant(ctx, to_device(ctx, std::vector<float>{0, 0}, Shape{1, 2}));
  const auto bias = constant(ctx, to_device(ctx, std::vector<float>{10, 20}, Shape{2}));
  CHECK(to_host(ctx, stx::gat(ctx, h, a, a, graph).value()) == std::vector<float>{0, 0, 1, 2, 4, 4});
  CHECK(to_host(ctx, stx::gat(ctx, h, a, a, graph, {}, bias).value()) == std::vector<float>{10, 20, 11, 22, 14, 24});
}

TEST_CASE("gat: scores far apart pick one edge and stay finite") {
  Context<Cpu> ctx;
  Problem p{naive::random_rows(300, 150, 6), 1, 16, {}, false, 1e4};
  const auto graph = to_device(ctx, graph_of(p.rows));
  const auto run = run_op<float>(ctx, p.inputs(), p.op(graph));
  for (float v : run.outputs[0]) REQUIRE(std::isfinite(v));
  for (const auto& grads : run.grads)
    for (float v : grads) REQUIRE(std::isfinite(v));
}

TEST_CASE("gat: the backend stays inside its buffers") {
  Context<Cpu> ctx({.threads = 2});
  const auto rows = naive::random_rows(70, 4, 2);
  const auto graph = to_device(ctx, graph_of(rows));
  const std::int64_t n = 70, heads = 3, dim = 5, width = 15;
  Guarded<float> h(convert<float>(random_values(n * width, 1))), a(convert<float>(random_values(width, 2)));
  Guarded<float> out(n * width), go(convert<float>(random_values(n * width, 3))), s(n * heads), t(n * heads),
      lse(n * heads), gh(n * width), gs(width), gd(width), gb(width);
  const stx::GatInputs<float> in{.graph = graph.view(),
                                 .h = h.data(),
                                 .a_src = a.data(),
                                 .a_dst = a.data(),
                                 .bias = a.data(),
                                 .n_heads = heads,
                                 .dim = dim};
  const stx::GatScores<float> scores{s.data(), t.data(), lse.data()};
  stx::gat_forward(ctx, stx::GatForward<float>{in, scores, out.data()});
  stx::gat_backward(
      ctx, stx::GatBackward<float>{in, scores, out.data(), go.data(), gh.data(), gs.data(), gd.data(), gb.data()});
  for (auto* buffer : {&h, &a, &out, &go, &s, &t, &lse, &gh, &gs, &gd, &gb}) CHECK(buffer->intact());
}

TEST_CASE("gat: wrong calls are errors") {
  Context<Cpu> ctx;
  const auto graph = to_device(ctx, graph_of(naive::random_rows(3, 2, 1)));
  const auto make = [&](Shape shape) { return constant(ctx, ctx.make_persistent<float>(shape)); };
  const auto message = [&](Shape h, Shape src, Shape dst, GatOptions o = {}, Shape bias = {}) {
    try {
      stx::gat(ctx, make(h), make(src), make(dst), graph, o, bias.rank() > 0 ? make(bias) : stx::Var<float, Cpu>());
    } catch (const stx::ArgumentError& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  CHECK(message({3, 4}, {2, 2}, {1, 4}) ==
        "[gat] a_src and a_dst must both have shape (n_heads, dim), got (2, 2) and (1, 4)");
  CHECK(message({4, 4}, {2, 2}, {2, 2}) == "[gat] h must have shape (n_nodes, n_heads * dim) = (3, 4), got (4, 4)");
  CHECK(message({3, 129}, {1, 129}, {1, 129}) ==
        "[gat] at least one head of 0 to 128 dimensions is needed, got 1 of 129");
  CHECK(message({3, 4}, {2, 2}, {2, 2}, {}, {3}) == "[gat] bias must have shape (4), got (3)");
  CHECK(message({3, 4}, {2, 2}, {2, 2}, {.slope = std::nan("")}) == "[gat] slope must be finite, got nan");
  CHECK(message({3, 4}, {2, 2}, {2, 2}, {.dropout = {1.5f, 0}}) ==
        "[gat] dropout probability must be in [0, 1), got 1.5");
}
