#include "registry.hpp"
#include "support/naive_graph.hpp"

namespace stx::bench {
namespace {

struct Search {
  std::int64_t n_queries, n_points, dims;
  int k;
  KnnMetric metric;
};

template <class D>
Case top_k_case(Context<D>& ctx, const Search& s) {
  Buffers<D> memory(ctx);
  const auto ids = ctx.template make_persistent<std::int32_t>(Shape{s.n_queries, s.k});
  const TopK<float> args{.queries = memory.random(s.n_queries * s.dims),
                         .points = memory.random(s.n_points * s.dims),
                         .ids = ids.data,
                         .scores = memory.output(s.n_queries * s.k),
                         .n_queries = s.n_queries,
                         .n_points = s.n_points,
                         .dims = s.dims,
                         .k = s.k,
                         .metric = s.metric};
  const auto run = [&ctx, args] { top_k(ctx, args); };
  const auto error = [memory, args, s] {
    const auto queries = memory.host(args.queries, s.n_queries * s.dims);
    const auto points = memory.host(args.points, s.n_points * s.dims);
    std::vector<double> want;
    for (std::int64_t q = 0; q < s.n_queries; ++q) {
      const bool cosine = s.metric == KnnMetric::cosine;
      const auto ranked = test::naive::rank_points(queries.data() + q * s.dims, points, s.dims, cosine);
      for (int j = 0; j < s.k; ++j) want.push_back((cosine ? -1 : 1) * ranked.key[ranked.order[j]]);
    }
    return memory.error(args.scores, want);
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, const Search& s) {
  const auto q = static_cast<double>(s.n_queries), n = static_cast<double>(s.n_points), d = static_cast<double>(s.dims);
  const double flops = (s.metric == KnnMetric::cosine ? 2 : 3) * q * n * d;
  suite.add("top_k/" + name, s.n_queries, {4 * (q * d + n * d + 2 * q * s.k), flops},
            [s](Context<D>& ctx, std::int64_t rows) {
              return top_k_case(ctx, {rows, s.n_points, s.dims, s.k, s.metric});
            });
}

template <class D>
void add_top_k(Suite<D>& suite) {
  add(suite, "1000_spots_x_10000_cells_x_50_k50_cosine", {1000, 10000, 50, 50, KnnMetric::cosine});
  add(suite, "5000x5000x30_k15_euclidean", {5000, 5000, 30, 15, KnnMetric::euclidean});
  add(suite, "large_4096x65536x128_k100_cosine", {4096, 65536, 128, 100, KnnMetric::cosine});
}

}  // namespace

void register_top_k(Suites& suites) {
  suites.each([](auto& suite) { add_top_k(suite); });
}

}  // namespace stx::bench
