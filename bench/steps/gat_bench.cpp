#include "add_ladder.hpp"
#include "gat/case.hpp"

namespace {
constexpr std::int64_t degree = 20;  ///< beside the node itself
}

void stx::steps::add_gat(bench::Suite<Cuda>& suite) {
  const auto add = [&](const std::string& name, std::int64_t nodes, std::int64_t heads, std::int64_t dim) {
    GatProblem shape;
    auto& in = shape.forward.in;
    in.graph.n_nodes = nodes;
    for (const auto& row : scattered_rows(nodes, degree)) in.graph.n_edges += static_cast<std::int64_t>(row.size());
    in.n_heads = heads;
    in.dim = dim;
    const GatSizes s(shape);
    add_ladder(suite, "gat/" + name, nodes, static_cast<double>(2 * s.edge_values + 4 * s.values), gat_ladder(), shape,
               [heads, dim](Context<Cuda>& ctx, std::int64_t few) {
                 return std::make_unique<GatCase>(ctx, scattered_rows(few, degree), heads, dim);
               });
  };
  add("10000_nodes_k20_4_heads_x_16", 10000, 4, 16);
  add("20000_nodes_k20_8_heads_x_32", 20000, 8, 32);
}
