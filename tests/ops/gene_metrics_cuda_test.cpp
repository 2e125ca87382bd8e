#include "stx/backend/gene_metrics.hpp"

#include "stx/ops/gene_metrics.hpp"
#include "support/device_rig.hpp"

using namespace stx::test;
using stx::Shape;

namespace {

/// Scores of eager, captured and replayed runs.
template <class D>
std::vector<std::vector<double>> run(D, std::int64_t rows, std::int64_t cols, const std::vector<double>& truth,
                                     const std::vector<double>& prediction, std::int64_t sort_rows,
                                     std::int64_t keys_at_once) {
  stx::Context<D> ctx;
  const auto x = stx::to_device(ctx, convert<float>(truth), Shape{rows, cols});
  const auto y = stx::to_device(ctx, convert<float>(prediction), Shape{rows, cols});
  // Between sentinels.
  const std::int64_t n = stx::gene_score_count * cols;
  const auto out = stx::to_device(ctx, std::vector<double>(n + 32, -5.0), Shape{n + 32});
  stx::GeneMetrics<float> args{.truth = x.data,
                               .prediction = y.data,
                               .scores = out.data + 16,
                               .rows = rows,
                               .cols = cols,
                               .sort_rows = sort_rows,
                               .keys_at_once = keys_at_once};
  args.columns = ctx.template make_persistent<float>(Shape{2 * rows * cols}).data;
  args.rank_sums = ctx.template make_persistent<double>(Shape{args.tiles() * cols * 6}).data;
  args.keys = ctx.template make_persistent<std::uint64_t>(Shape{args.sort_keys()}).data;
  stx::StepGraph<D> graph(ctx);
  std::vector<std::vector<double>> all;
  for (int k = 0; k < 3; ++k) {
    graph.run(0, [&] {
      stx::begin_pass(ctx);
      stx::gene_metrics(ctx, args);
    });
    const auto host = stx::to_host(ctx, out);
    for (int i = 0; i < 16; ++i) CHECK((host[i] == -5 && host[host.size() - 1 - i] == -5));
    all.emplace_back(host.begin() + 16, host.end() - 16);
  }
  return all;
}

void check(std::int64_t rows, std::int64_t cols, std::vector<double> truth, std::vector<double> prediction,
           std::int64_t sort_rows, std::int64_t keys_at_once = 1 << 24) {
  CAPTURE(rows);
  CAPTURE(cols);
  CAPTURE(sort_rows);
  const auto got = run(stx::Cuda{}, rows, cols, truth, prediction, sort_rows, keys_at_once);
  const auto want = run(stx::Cpu{}, rows, cols, truth, prediction, sort_rows, keys_at_once)[0];
  CHECK(same_bits(got[0], got[1]));
  CHECK(same_bits(got[0], got[2]));
  for (std::size_t k = 0; k < want.size(); ++k) {
    INFO("score ", k / cols, " of column ", k % cols, ": ", got[0][k], " and ", want[k]);
    const bool both_nan = std::isnan(got[0][k]) && std::isnan(want[k]);
    const double tolerance = k / cols == static_cast<std::size_t>(stx::GeneScore::rmse_z) ? 1e-7 : 1e-11;
    CHECK((both_nan || std::abs(got[0][k] - want[k]) <= tolerance * std::max(1.0, std::abs(want[k]))));
  }
}

/// Columns short enough to compare all pairs, and columns that are sorted.
constexpr std::int64_t compares = 1 << 20, sorts = 2;

}  // namespace

TEST_CASE("gene_metrics on CUDA: the scores of the CPU, odd shapes, ties") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : {0, 1, 31, 32, 33, 1023, 4097})
    for (const bool tall : {true, false}) {
      // A block of 256 threads per column: many columns are slow to emulate.
      const std::int64_t rows = tall ? odd : 6, cols = tall ? 2 : std::min<std::int64_t>(odd, 130);
      if (rows < 2 || (!tall && odd == 4097)) continue;
      auto truth = random_values(rows * cols, 1, -1, 4), prediction = random_values(rows * cols, 2, -1, 4);
      for (std::size_t i = 0; i < truth.size(); i += 2) {
        truth[i] = std::floor(truth[i]);
        prediction[i] = std::floor(prediction[i] + 0.5 * truth[i]);
      }
      if (tall) check(rows, cols, truth, prediction, sorts);
      if (rows <= 1023) check(rows, cols, truth, prediction, compares);
    }
}

TEST_CASE("gene_metrics on CUDA: sorted columns, whole and broken tiles and runs, many ties") {
  if (no_cuda_device()) return;
  for (std::int64_t rows : {2, 3, 255, 256, 257, 512, 513, 1100})
    for (double values : {2.0, 7.0, 1e6}) {
      auto truth = random_values(rows * 2, 5, 0, values), prediction = random_values(rows * 2, 6, 0, values);
      for (std::size_t i = 0; i < truth.size(); ++i) {
        truth[i] = std::floor(truth[i]);
        prediction[i] = i % 2 == 0 ? std::floor(prediction[i]) : std::floor(0.7 * truth[i]);
      }
      check(rows, 2, truth, prediction, sorts);
    }
}

TEST_CASE("gene_metrics on CUDA: sorted columns, ascending, descending, zeros of both signs") {
  if (no_cuda_device()) return;
  const std::int64_t rows = 700, cols = 4;
  std::vector<double> truth(rows * cols), prediction(rows * cols);
  for (std::int64_t i = 0; i < rows; ++i) {
    const double v = static_cast<double>(i);
    const double x[] = {v, v, -v, i % 3 == 0 ? -0.0 : 0.0 + i % 2};
    const double y[] = {v, -v, v / 3, i % 2 == 0 ? -0.0 : 0.0};
    std::copy(x, x + cols, &truth[i * cols]);
    std::copy(y, y + cols, &prediction[i * cols]);
  }
  check(rows, cols, truth, prediction, sorts);
  check(rows, cols, truth, prediction, compares);
}

TEST_CASE("gene_metrics on CUDA: both sides of the length from which columns are sorted") {
  if (no_cuda_device()) return;
  for (std::int64_t rows : {stx::rank_sort_rows - 1, stx::rank_sort_rows})
    check(rows, 1, random_values(rows, 7), random_values(rows, 8), stx::rank_sort_rows);
  stx::GeneMetrics<float> args{.rows = stx::rank_sort_rows - 1, .cols = 3};
  CHECK(args.sort_keys() == 0);
  args.rows += 1;
  CHECK(args.sort_keys() == 2 * 3 * stx::rank_sort_rows);
  // No more at a time than fit 256 MiB and a grid, but always one.
  args.cols = 100000;
  CHECK(args.columns_at_once() == (1 << 24) / stx::rank_sort_rows);
  args.rows = 2;
  CHECK(args.columns_at_once() == 65535);
  args.rows = std::int64_t{1} << 30;
  CHECK(args.columns_at_once() == 1);
}

TEST_CASE("gene_metrics on CUDA: columns sorted two at a time and one at a time") {
  if (no_cuda_device()) return;
  const auto truth = random_values(300 * 5, 9), prediction = random_values(300 * 5, 10);
  for (std::int64_t keys : {300, 700}) check(300, 5, truth, prediction, sorts, keys);
}

TEST_CASE("gene_metrics on CUDA: more ordered pairs of rows than 32 bits count") {
  if (no_cuda_device()) return;
  const std::int64_t rows = 66000;
  std::vector<double> truth(rows), prediction(rows);
  for (std::int64_t i = 0; i < rows; ++i) {
    truth[i] = static_cast<double>(i);
    prediction[i] = static_cast<double>(i < 1000 ? i : -i);
  }
  check(rows, 1, truth, prediction, sorts);
}

TEST_CASE("gene_metrics on CUDA: constant, zero, equal and broken columns") {
  if (no_cuda_device()) return;
  const std::int64_t rows = 300, cols = 9;
  auto truth = random_values(rows * cols, 3, 0, 2), prediction = random_values(rows * cols, 4, 0, 2);
  for (std::int64_t i = 0; i < rows; ++i) {
    double* x = &truth[i * cols];
    double* y = &prediction[i * cols];
    x[0] = y[1] = x[2] = y[2] = 0.3;  // constant: truth, prediction, both
    x[3] = 0;                         // no distribution
    x[4] = y[4] = 0;
    y[5] = x[5];
    y[6] = -x[6];
  }
  truth[77 * cols + 7] = std::nan("");
  prediction[299 * cols + 8] = -std::numeric_limits<double>::infinity();
  check(rows, cols, truth, prediction, compares);
  check(rows, cols, truth, prediction, sorts);
}
