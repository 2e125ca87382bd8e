#include "registry.hpp"

namespace stx::bench {
namespace {

/// `rows` rows of `genes` genes, of which every `stride`-th is expressed.
template <class D>
Case gather_case(Context<D>& ctx, std::int64_t rows, std::int64_t genes, std::int64_t stride) {
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
  std::vector<double> want(static_cast<std::size_t>(rows * genes), 0.0);
  if (rows <= Suite<D>::checked_rows)
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t e = m.indptr[order[i]]; e < m.indptr[order[i] + 1]; ++e)
        want[i * genes + m.indices[e]] =
            std::log(1 + double{m.values[e]} * 1e4 / double{totals[order[i]]});

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
                                .out = memory.output(rows * genes)};
  return {[&ctx, args] { gather_log1p(ctx, args); },
          [memory, args, want] { return memory.error(args.out, want); }};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t genes,
         std::int64_t stride) {
  const double stored = static_cast<double>(rows * genes / stride),
               out = static_cast<double>(rows * genes);
  suite.add("gather_log1p/" + name, rows, {8 * stored + 4 * out, 3 * stored},
            [=](Context<D>& ctx, std::int64_t n) { return gather_case(ctx, n, genes, stride); });
}

}  // namespace

template <class D>
void add_gather(Suite<D>& suite) {
  add(suite, "1024x33_half", 1024, 33, 2);
  add(suite, "large_4096x10000_tenth", 4096, 10000, 10);
}
void register_gather_log1p(Suites& suites) {
  suites.each([](auto& suite) { add_gather(suite); });
}

}  // namespace stx::bench
