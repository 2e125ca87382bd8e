#include "stx/backend/top_k.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::KnnMetric;
using stx::Shape;

namespace {

struct Result {
  std::vector<std::int32_t> ids;
  std::vector<float> scores;
};

/// Eager, then captured and replayed; all must be the same bits and stay between the sentinels.
template <class D>
Result search(const std::vector<double>& queries, const std::vector<double>& points, stx::TopK<float> args) {
  stx::Context<D> ctx;
  DeviceRig<float, D> rig(ctx);
  args.queries = rig.input(queries);
  args.points = rig.input(points);
  const std::int64_t n = args.n_queries * args.k;
  const auto ids = to_device(ctx, std::vector<std::int32_t>(n + 8, -7), Shape{n + 8});
  args.ids = ids.data + 4;
  args.scores = rig.output(n);
  Result first;
  stx::StepGraph<D> graph(ctx);
  for (int run = 0; run < 4; ++run) {
    rig.reset();
    graph.run(0, [&] {
      begin_pass(ctx);
      stx::top_k(ctx, args);
    });
    Result result{to_host(ctx, ids), rig.read()[0]};
    CHECK(std::count(result.ids.begin(), result.ids.begin() + 4, -7) == 4);
    CHECK(std::count(result.ids.end() - 4, result.ids.end(), -7) == 4);
    if (run == 0) first = result;
    CHECK(same_bits(result.ids, first.ids));
    CHECK(same_bits(result.scores, first.scores));
  }
  return first;
}

/// Small whole numbers, exact in every order of the sums: ids must be equal.
void check(std::int64_t n_queries, std::int64_t n_points, std::int64_t dims, int k, bool without_self = false) {
  CAPTURE(n_queries);
  CAPTURE(n_points);
  CAPTURE(dims);
  CAPTURE(k);
  auto queries = random_values(n_queries * dims, 1, -3, 3), points = random_values(n_points * dims, 2, -3, 3);
  for (double& v : queries) v = std::round(v);
  for (double& v : points) v = std::round(v);
  const stx::TopK<float> args{
      .n_queries = n_queries, .n_points = n_points, .dims = dims, .k = k, .without_self = without_self};
  const Result cpu = search<stx::Cpu>(queries, points, args);
  const Result cuda = search<stx::Cuda>(queries, points, args);
  CHECK(cpu.ids == cuda.ids);
  CHECK(max_error(cuda.scores, cpu.scores) <= 1e-6 * (1 + max_abs(cpu.scores)));
}

}  // namespace

TEST_CASE("top_k on CUDA: the neighbours of the CPU, ties by lower index") {
  if (no_cuda_device()) return;
  for (std::int64_t n : {0, 1, 31, 33, 70, 4097}) check(n, 50, 3, 4);
  for (std::int64_t n : {5, 31, 32, 33, 1023, 4097}) check(6, n, 2, 5);
  for (std::int64_t dims : {0, 1, 31, 127, 128, 129, 300, 4097}) check(5, 40, dims, 3);
  for (int k : {1, 31, 32, 33, 65, 600}) check(5, 700, 3, k);
  check(60, 60, 2, 10, true);
}

TEST_CASE("top_k on CUDA: real numbers, both metrics; NaN is nobody's neighbour") {
  if (no_cuda_device()) return;
  auto queries = random_values(9 * 20, 1), points = random_values(300 * 20, 2);
  points[20 * 7] = std::nan("");
  for (KnnMetric metric : {KnnMetric::euclidean, KnnMetric::cosine})
    for (int k : {40, 300}) {
      const stx::TopK<float> args{.n_queries = 9, .n_points = 300, .dims = 20, .k = k, .metric = metric};
      const Result cpu = search<stx::Cpu>(queries, points, args);
      Result cuda = search<stx::Cuda>(queries, points, args);
      for (int q = 0; q < 9; ++q) {
        if (k == 300) CHECK(cuda.ids[4 + q * k + 299] == -1);
        for (int j = 0; j < k; ++j) {
          const float got = cuda.scores[q * k + j], want = cpu.scores[q * k + j];
          CHECK((std::isnan(got) ? std::isnan(want) : std::abs(got - want) < 1e-5f));
          CHECK(cuda.ids[4 + q * k + j] != 7);
        }
      }
    }
}
