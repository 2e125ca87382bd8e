#include "registry.hpp"

namespace stx::bench {
namespace {

enum class Values { log1p, standardised, counts };

/// `rows` rows of `genes` genes, of which every `stride`-th is expressed.
template <class D>
Case gather_case(Context<D>& ctx, std::int64_t rows, std::int64_t genes, std::int64_t stride, Values values) {
  CsrMatrix<float> m;
  m.rows = rows;
  m.cols = genes;
  m.indptr = {0};
  std::vector<float> totals;
  for (std::int64_t i = 0; i < rows; ++i) {
    totals.push_back(0);
    for (std::int64_t g = i % stride; g < genes; g += stride) {
      m.indices.push_back(static_cast<std::int32_t>(g));
      m.values.push_back(static_cast<float>(1 + (i * 7 + g * 3) % 20));
      totals.back() += m.values.back();
    }
    m.indptr.push_back(static_cast<std::int64_t>(m.indices.size()));
  }
  std::vector<std::int32_t> order, column_of;
  for (std::int64_t i = 0; i < rows; ++i) order.push_back(static_cast<std::int32_t>(rows - 1 - i));
  for (std::int64_t g = 0; g < genes; ++g) column_of.push_back(static_cast<std::int32_t>(g));
  const bool standardised = values == Values::standardised;
  const auto shift = test::random_values(genes, 1), scale = test::random_values(genes, 2, 0.5, 2);
  std::vector<double> want(static_cast<std::size_t>(rows * genes), 0.0);
  if (rows <= Suite<D>::checked_rows)
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t e = m.indptr[order[i]]; e < m.indptr[order[i] + 1]; ++e)
        want[i * genes + m.indices[e]] = values == Values::counts
                                             ? double{m.values[e]}
                                             : std::log(1 + double{m.values[e]} * 1e4 / double{totals[order[i]]});
  if (rows <= Suite<D>::checked_rows && standardised)
    for (std::size_t i = 0; i < want.size(); ++i) {
      const std::size_t g = i % static_cast<std::size_t>(genes);
      want[i] = (want[i] - shift[g]) * scale[g];
    }

  Buffers<D> memory(ctx);
  const Csr<D> counts = to_device(ctx, m);
  const GatherLog1p<float> args{.indptr = counts.indptr.data,
                                .indices = counts.indices.data,
                                .counts = counts.values.data,
                                .rows = to_device(ctx, order, Shape{rows}).data,
                                .n_rows = rows,
                                .column_of = to_device(ctx, column_of, Shape{genes}).data,
                                .n_columns = genes,
                                .totals = to_device(ctx, totals, Shape{rows}).data,
                                .shift = standardised ? memory.input(shift) : nullptr,
                                .scale = standardised ? memory.input(scale) : nullptr,
                                .log_normalise = values != Values::counts,
                                .out = memory.output(rows * genes)};
  return {[&ctx, args] { gather_log1p(ctx, args); }, [memory, args, want] { return memory.error(args.out, want); }};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t genes, std::int64_t stride,
         Values values = Values::log1p) {
  const double stored = static_cast<double>(rows * genes / stride), out = static_cast<double>(rows * genes);
  suite.add("gather_log1p/" + name, rows, {8 * stored + 4 * out, 3 * stored},
            [=](Context<D>& ctx, std::int64_t n) { return gather_case(ctx, n, genes, stride, values); });
}

}  // namespace

template <class D>
void add_gather(Suite<D>& suite) {
  add(suite, "1024x33_half", 1024, 33, 2);
  add(suite, "1024x2000_tenth_standardised", 1024, 2000, 10, Values::standardised);
  add(suite, "1024x2000_tenth_counts", 1024, 2000, 10, Values::counts);
  add(suite, "large_4096x10000_tenth", 4096, 10000, 10);
  add(suite, "large_4096x10000_tenth_standardised", 4096, 10000, 10, Values::standardised);
  add(suite, "large_4096x10000_tenth_counts", 4096, 10000, 10, Values::counts);
}
void register_gather_log1p(Suites& suites) {
  suites.each([](auto& suite) { add_gather(suite); });
}

}  // namespace stx::bench
