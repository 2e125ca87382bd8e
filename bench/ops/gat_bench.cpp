#include "registry.hpp"
#include "stx/graph/device_graph.hpp"
#include "support/naive_graph.hpp"

namespace stx::bench {
namespace {

struct Gat {
  std::int64_t nodes, degree, n_heads, dim;
};

/// Every node listens to itself and to `degree` others at pseudo-random places.
CsrGraph scattered_graph(std::int64_t nodes, std::int64_t degree) {
  std::vector<std::int32_t> from, to;
  std::uint64_t state = 1;
  for (std::int64_t i = 0; i < nodes; ++i)
    for (std::int64_t e = 0; e <= degree; ++e) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      from.push_back(static_cast<std::int32_t>(e == 0 ? i : static_cast<std::int64_t>(state >> 33) % nodes));
      to.push_back(static_cast<std::int32_t>(i));
    }
  return graph_of_edges(nodes, from, to);
}

template <class D>
Case gat_case(Context<D>& ctx, const Gat& s, bool backward) {
  Buffers<D> memory(ctx);
  const CsrGraph graph = scattered_graph(s.nodes, s.degree);
  const std::int64_t width = s.n_heads * s.dim, size = s.nodes * width;
  const GatInputs<float> in{.graph = to_device(ctx, graph).view(),
                            .h = memory.random(size),
                            .a_src = memory.random(width),
                            .a_dst = memory.random(width),
                            .n_heads = s.n_heads,
                            .dim = s.dim};
  const auto of_heads = [&] { return memory.output(s.nodes * s.n_heads); };
  const GatForward<float> f{in, {of_heads(), of_heads(), of_heads()}, memory.output(size)};
  const GatBackward<float> b{.in = in,
                             .scores = f.scores,
                             .out = f.out,
                             .grad_out = memory.random(size),
                             .grad_h = memory.output(size),
                             .grad_a_src = memory.output(width),
                             .grad_a_dst = memory.output(width)};
  gat_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] { backward ? gat_backward(ctx, b) : gat_forward(ctx, f); };
  const auto error = [=] {
    test::naive::Gat<double> want{{},
                                  s.n_heads,
                                  s.dim,
                                  0.2,
                                  memory.host(in.h, size),
                                  memory.host(in.a_src, width),
                                  memory.host(in.a_dst, width),
                                  {},
                                  {},
                                  memory.host(b.grad_out, size)};
    for (std::int64_t i = 0; i < s.nodes; ++i)
      want.rows.emplace_back(graph.indices.begin() + graph.indptr[i], graph.indices.begin() + graph.indptr[i + 1]);
    want.run();
    if (!backward) return memory.error(f.out, want.out);
    return std::max({memory.error(b.grad_h, want.grad_h), memory.error(b.grad_a_src, want.grad_a_src),
                     memory.error(b.grad_a_dst, want.grad_a_dst)});
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, const Gat& s) {
  const auto size = static_cast<double>(s.nodes * s.n_heads * s.dim),
             edges = static_cast<double>(s.nodes * (s.degree + 1)), width = static_cast<double>(s.n_heads * s.dim);
  const auto build = [s](bool backward) {
    return [s, backward](Context<D>& ctx, std::int64_t nodes) {
      return gat_case(ctx, {nodes, s.degree, s.n_heads, s.dim}, backward);
    };
  };
  suite.add("gat_fwd/" + name, s.nodes, {4 * (2 * size + edges), 2 * edges * width + 4 * size}, build(false));
  suite.add("gat_bwd/" + name, s.nodes, {4 * (4 * size + 2 * edges), 4 * edges * width + 8 * size}, build(true));
}

template <class D>
void add_gat(Suite<D>& suite) {
  add(suite, "128_nodes_k20_1_head_x_10", {128, 20, 1, 10});
  add(suite, "10000_nodes_k20_1_head_x_32", {10000, 20, 1, 32});
  add(suite, "10000_nodes_k20_4_heads_x_16", {10000, 20, 4, 16});
  add(suite, "large_100000_nodes_k20_8_heads_x_32", {100000, 20, 8, 32});
}

}  // namespace

void register_gat(Suites& suites) {
  suites.each([](auto& suite) { add_gat(suite); });
}

}  // namespace stx::bench
