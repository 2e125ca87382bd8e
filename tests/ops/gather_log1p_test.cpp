#include "stx/ops/gather_log1p.hpp"

#include "stx/backend/cpu/transfer.hpp"
#include "stx/backend/elementwise.hpp"
#include "stx/core/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

struct Problem {
  stx::CsrMatrix<float> counts;
  std::vector<std::int32_t> rows;
  std::vector<std::int32_t> column_of;
  std::int64_t n_columns = 0;
  std::vector<float> totals;
  std::vector<double> shift, scale;  ///< empty: none
};

/// Counts with about 30 % non-zero entries; every third gene is left out, the others are reversed.
Problem make(std::int64_t cells, std::int64_t genes, std::int64_t batch, bool standardise) {
  Problem p;
  p.counts.rows = cells;
  p.counts.cols = genes;
  p.counts.indptr = {0};
  const auto draws = random_values(cells * genes, 1, 0, 1);
  for (std::int64_t i = 0; i < cells; ++i) {
    float total = 0;
    for (std::int64_t g = 0; g < genes; ++g) {
      const double u = draws[i * genes + g];
      if (u >= 0.3 || i == 3) continue;  // row 3 is empty
      p.counts.indices.push_back(static_cast<std::int32_t>(g));
      p.counts.values.push_back(static_cast<float>(1 + std::floor(u * 50)));
      total += p.counts.values.back();
    }
    p.counts.indptr.push_back(static_cast<std::int64_t>(p.counts.indices.size()));
    p.totals.push_back(total);
  }
  for (std::int64_t g = 0; g < genes; ++g) p.n_columns += g % 3 != 0;
  std::int32_t column = static_cast<std::int32_t>(p.n_columns);
  for (std::int64_t g = 0; g < genes; ++g) p.column_of.push_back(g % 3 != 0 ? --column : -1);
  for (std::int64_t i = 0; i < batch; ++i) p.rows.push_back(static_cast<std::int32_t>((i * 7 + 3) % cells));
  if (standardise) {
    p.shift = random_values(p.n_columns, 2);
    p.scale = random_values(p.n_columns, 3, 0.5, 2);
  }
  return p;
}

template <class T>
std::vector<T> reference(const Problem& p) {
  std::vector<T> out(p.rows.size() * p.n_columns, T(0));
  for (std::size_t i = 0; i < p.rows.size(); ++i) {
    const std::int32_t row = p.rows[i];
    for (std::int64_t e = p.counts.indptr[row]; e < p.counts.indptr[row + 1]; ++e) {
      const std::int32_t column = p.column_of[p.counts.indices[e]];
      if (column >= 0 && p.totals[row] > 0)
        out[i * p.n_columns + column] = std::log(T(1) + T(p.counts.values[e]) * T(1e4) / T(p.totals[row]));
    }
    for (std::int64_t j = 0; j < p.n_columns && !p.shift.empty(); ++j)
      out[i * p.n_columns + j] = (out[i * p.n_columns + j] - T(p.shift[j])) * T(p.scale[j]);
  }
  return out;
}

template <class T>
stx::BatchLayout<T, Cpu> layout_of(stx::Context<Cpu>& ctx, const Problem& p) {
  stx::BatchLayout<T, Cpu> layout;
  layout.column_of = to_device(ctx, p.column_of, Shape{static_cast<std::int64_t>(p.column_of.size())});
  layout.n_columns = p.n_columns;
  layout.totals = to_device(ctx, p.totals, Shape{static_cast<std::int64_t>(p.totals.size())});
  if (!p.shift.empty()) {
    layout.shift = to_device(ctx, convert<T>(p.shift), Shape{p.n_columns});
    layout.scale = to_device(ctx, convert<T>(p.scale), Shape{p.n_columns});
  }
  return layout;
}

template <class T>
std::vector<T> run(const Problem& p, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  const auto counts = to_device(ctx, p.counts);
  const auto rows = to_device(ctx, p.rows, Shape{static_cast<std::int64_t>(p.rows.size())});
  const auto out = stx::gather_log1p(ctx, counts, rows, layout_of<T>(ctx, p));
  CHECK(out.shape == Shape{static_cast<std::int64_t>(p.rows.size()), p.n_columns});
  return to_host(ctx, out);
}

}  // namespace

TEST_CASE("gather_log1p: values against plain loops, odd shapes") {
  for (bool standardise : {false, true})
    for (std::int64_t odd : odd_sizes) {
      const Problem by_batch = make(20, 10, odd, standardise), by_genes = make(5, odd, 9, standardise);
      check_close("odd batch", run<float>(by_batch), reference<double>(by_batch), reference<float>(by_batch));
      check_close("odd genes", run<float>(by_genes), reference<double>(by_genes), reference<float>(by_genes));
    }
  const Problem p = make(40, 33, 50, true);  // in double only the output is: counts and totals are float
  CHECK(max_error(run<double>(p), reference<double>(p)) < 1e-5);
}

TEST_CASE("gather_log1p: scanpy's normalize_total and log1p, standardised or not") {
  const auto g = golden::load("ops/gather_log1p.txt");
  const auto& counts = g.at("counts");
  Problem p;
  p.counts.rows = counts.rows;
  p.counts.cols = p.n_columns = counts.cols;
  p.counts.indptr = {0};
  for (std::int64_t i = 0; i < counts.rows; ++i) {
    float total = 0;
    for (std::int64_t j = 0; j < counts.cols; ++j) {
      const auto count = static_cast<float>(counts(i, j));
      if (count == 0) continue;
      p.counts.indices.push_back(static_cast<std::int32_t>(j));
      p.counts.values.push_back(count);
      total += count;
    }
    p.counts.indptr.push_back(static_cast<std::int64_t>(p.counts.indices.size()));
    p.totals.push_back(total);
    p.rows.push_back(static_cast<std::int32_t>(i));
  }
  for (std::int32_t j = 0; j < counts.cols; ++j) p.column_of.push_back(j);
  CHECK(max_error(run<float>(p), g.at("log1p").values) <= 2e-6);
  CHECK(max_error(run<double>(p), g.at("log1p").values) <= 2e-6);  // counts and totals are float
  p.shift = g.at("shift").values;
  p.scale = g.at("scale").values;
  CHECK(max_error(run<float>(p), g.at("standard").values) <= 4e-6);
}

TEST_CASE("gather_log1p: the same bits for every number of threads; rows do not depend on the batch") {
  Problem p = make(300, 65, 300, true);
  const auto one = run<float>(p, 1);
  for (int threads : {1, 2, 3, 5}) CHECK(same_bits(one, run<float>(p, threads)));
  const std::int32_t row = p.rows[123];
  p.rows = {row};
  const std::vector<float> want(one.begin() + 123 * p.n_columns, one.begin() + 124 * p.n_columns);
  CHECK(same_bits(want, run<float>(p)));
}

TEST_CASE("gather_log1p: scaling counts and total together changes nothing; an empty row is zero" *
          doctest::test_suite("properties")) {
  Problem p = make(10, 20, 10, false);
  const auto before = run<float>(p);
  for (float& v : p.counts.values) v *= 4;
  for (float& v : p.totals) v *= 4;
  CHECK(max_error(run<float>(p), before) < 1e-6);
  p.rows = {3};
  for (float v : run<float>(p)) CHECK(v == 0);
}

TEST_CASE("gather_log1p: a row whose total is 0 counts as all zero, standardised like the others") {
  Problem p = make(4, 6, 1, true);
  p.rows = {0};
  p.totals[0] = 0;
  const auto out = run<float>(p);
  for (std::int64_t j = 0; j < p.n_columns; ++j)
    CHECK(out[j] == (0.0f - static_cast<float>(p.shift[j])) * static_cast<float>(p.scale[j]));
}

TEST_CASE("gather_log1p: raw copies, consecutive rows, and nothing outside the output") {
  const Problem p = make(12, 9, 1, false);
  stx::Context<Cpu> ctx({.threads = 2});
  Guarded<float> out(5 * p.n_columns, 7.0f);
  stx::gather_log1p(ctx, stx::GatherLog1p<float>{.indptr = p.counts.indptr.data(),
                                                 .indices = p.counts.indices.data(),
                                                 .counts = p.counts.values.data(),
                                                 .first_row = 6,
                                                 .n_rows = 5,
                                                 .column_of = p.column_of.data(),
                                                 .n_columns = p.n_columns,
                                                 .log_normalise = false,
                                                 .out = out.data()});
  CHECK(out.intact());
  std::vector<float> want(5 * p.n_columns, 0.0f);
  for (std::int64_t i = 0; i < 5; ++i)
    for (std::int64_t e = p.counts.indptr[6 + i]; e < p.counts.indptr[7 + i]; ++e)
      if (p.column_of[p.counts.indices[e]] >= 0)
        want[i * p.n_columns + p.column_of[p.counts.indices[e]]] = p.counts.values[e];
  CHECK(out.content() == want);
}

TEST_CASE("gather_log1p: huge counts stay finite") {
  Problem p = make(1, 2, 1, false);
  p.counts.indptr = {0, 1};
  p.counts.indices = {1};
  p.counts.values = {1e9f};
  p.totals = {1e9f};
  p.rows = {0};
  CHECK(run<float>(p) == std::vector<float>{std::log1p(1e4f)});
}

TEST_CASE("gather_log1p: counts that are not well formed never reach the device") {
  stx::Context<Cpu> ctx;
  const auto fails = [&](auto&& spoil, const char* message) {
    stx::CsrMatrix<float> counts = make(3, 9, 3, false).counts;
    counts.indices = {4, 2, 1};
    counts.values = {1, 1, 1};
    counts.indptr = {0, 1, 3, 3};
    std::swap(counts.indices[1], counts.indices[2]);
    CHECK_NOTHROW(to_device(ctx, counts));
    spoil(counts);
    CHECK_THROWS_WITH_AS(to_device(ctx, counts), message, stx::DataError);
  };
  fails([](auto& m) { std::swap(m.indices[1], m.indices[2]); },
        "[to_device] CSR row 1 has unsorted or repeated column indices (2 before 1); sort them first");
  fails([](auto& m) { m.indices[0] = 9; }, "[to_device] CSR row 0 has column index 9, outside [0, 9)");
  fails([](auto& m) { m.indptr[2] = 0; }, "[to_device] CSR indptr decreases at row 1");
  fails([](auto& m) { m.values.pop_back(); }, "[to_device] CSR has 3 indices but 2 values");
}

TEST_CASE("gather_log1p: layouts that do not fit are errors") {
  const Problem p = make(4, 6, 3, true);
  stx::Context<Cpu> ctx;
  const auto counts = to_device(ctx, p.counts);
  const auto rows = to_device(ctx, p.rows, Shape{3});
  const auto good = layout_of<float>(ctx, p);
  CHECK_NOTHROW(stx::gather_log1p(ctx, counts, rows, good));

  auto bad = good;
  bad.totals.shape = Shape{3};
  CHECK_THROWS_WITH_AS(stx::gather_log1p(ctx, counts, rows, bad),
                       "[gather_log1p] layout is for 3 rows and 6 genes, counts have 4 and 6", stx::ArgumentError);
  bad = good;
  bad.shift.shape = Shape{3};
  CHECK_THROWS_WITH_AS(stx::gather_log1p(ctx, counts, rows, bad),
                       "[gather_log1p] shift and scale must have n_columns = 4 values", stx::ArgumentError);
  bad = good;
  bad.totals = {};
  CHECK_THROWS_WITH_AS(stx::gather_log1p(ctx, counts, rows, bad), "[gather_log1p] layout needs column_of and totals",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::gather_log1p(ctx, counts, {}, good),
                       "[gather_log1p] rows must be a list of row numbers, got an empty tensor", stx::ArgumentError);
}
