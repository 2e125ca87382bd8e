#include "registry.hpp"
#include "stx/ops/gene_metrics.hpp"
#include "support/naive_metrics.hpp"

namespace stx::bench {
namespace {

template <class D>
Case metrics_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols) {
  Buffers<D> memory(ctx);
  const auto truth = test::random_values(rows * cols, 1, 0, 3);
  const auto prediction = test::random_values(rows * cols, 2, 0, 3);
  GeneMetrics<float> args{.truth = memory.input(truth),
                          .prediction = memory.input(prediction),
                          .scores = ctx.template make_persistent<double>(Shape{gene_score_count, cols}).data,
                          .columns = memory.output(2 * rows * cols),
                          .rows = rows,
                          .cols = cols};
  args.rank_sums = ctx.template make_persistent<double>(Shape{args.tiles() * cols * 6}).data;
  args.keys = ctx.template make_persistent<std::uint64_t>(Shape{args.sort_keys()}).data;
  const auto error = [&ctx, args, truth, prediction, cols] {
    const Tensor<double, D> scores{args.scores, Shape{gene_score_count, cols}};
    const auto genes = to_gene_scores(ctx, scores);
    double worst = 0;
    for (std::int64_t j = 0; j < std::min<std::int64_t>(cols, 20); ++j) {
      std::vector<double> x, y;
      for (std::size_t i = static_cast<std::size_t>(j); i < truth.size(); i += static_cast<std::size_t>(cols)) {
        x.push_back(truth[i]);
        y.push_back(prediction[i]);
      }
      const GeneScores& g = genes[static_cast<std::size_t>(j)];
      worst = std::max(
          {worst, std::abs(g.pcc - test::naive::correlation(x, y)), std::abs(g.kendall - test::naive::tau_b(x, y))});
    }
    return worst;
  };
  return {[&ctx, args] { gene_metrics(ctx, args); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols) {
  suite.add("gene_metrics/" + name, rows, {8 * static_cast<double>(rows * cols), 0},
            [cols](Context<D>& ctx, std::int64_t n) { return metrics_case(ctx, n, cols); });
}

}  // namespace

template <class D>
void add_gene_metrics(Suite<D>& suite) {
  add(suite, "3405x33", 3405, 33);
  add(suite, "large_3798x921", 3798, 921);
}
void register_gene_metrics(Suites& suites) {
  suites.each([](auto& suite) { add_gene_metrics(suite); });
}

}  // namespace stx::bench
