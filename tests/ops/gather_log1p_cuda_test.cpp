#include "stx/backend/gather_log1p.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

namespace {

struct Counts {
  std::int64_t rows, genes;
  std::vector<std::int64_t> indptr{0};
  std::vector<std::int32_t> indices;
  std::vector<float> values, totals;

  Counts(std::int64_t n_rows, std::int64_t n_genes) : rows(n_rows), genes(n_genes) {
    const auto draws = random_values(rows * genes, 6);
    for (std::int64_t i = 0; i < rows; ++i) {
      float total = 0;
      for (std::int64_t g = 0; g < genes; ++g) {
        const double u = draws[i * genes + g];
        if (u < 0.6 || i % 5 == 2) continue;  // every fifth row is empty
        indices.push_back(static_cast<std::int32_t>(g));
        values.push_back(static_cast<float>(std::floor(u * 50)));
        total += values.back();
      }
      totals.push_back(total);
      indptr.push_back(static_cast<std::int64_t>(indices.size()));
    }
  }
};

struct Gather {
  std::int64_t n_columns;
  bool by_rows = true, standardise = true, log_normalise = true;
};

void check(const Counts& counts, const Gather& s) {
  CAPTURE(counts.rows);
  CAPTURE(s.n_columns);
  // The last n_columns genes, in reverse; the others are left out.
  std::vector<std::int32_t> column_of(counts.genes, -1);
  for (std::int64_t c = 0; c < s.n_columns; ++c) column_of[counts.genes - 1 - c] = static_cast<std::int32_t>(c);
  std::vector<std::int32_t> rows;
  for (std::int64_t i = 0; i < counts.rows; ++i) rows.push_back(static_cast<std::int32_t>((i * 7 + 3) % counts.rows));
  const std::int64_t first = counts.rows / 3;
  const std::int64_t n_rows = s.by_rows ? counts.rows : counts.rows - first;
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const stx::GatherLog1p<T> args{.indptr = rig.exact(counts.indptr),
                                   .indices = rig.exact(counts.indices),
                                   .counts = rig.exact(counts.values),
                                   .rows = s.by_rows ? rig.exact(rows) : nullptr,
                                   .first_row = first,
                                   .n_rows = n_rows,
                                   .column_of = rig.exact(column_of),
                                   .n_columns = s.n_columns,
                                   .totals = rig.exact(counts.totals),
                                   .shift = s.standardise ? rig.input(random_values(s.n_columns, 1)) : nullptr,
                                   .scale = s.standardise ? rig.input(random_values(s.n_columns, 2, 0.5, 2)) : nullptr,
                                   .log_normalise = s.log_normalise,
                                   .out = rig.output(n_rows * s.n_columns)};
    return [=, &ctx] { stx::gather_log1p(ctx, args); };
  });
}

}  // namespace

TEST_CASE("gather_log1p on CUDA: by row numbers or range, standardised or not, normalised or raw") {
  if (no_cuda_device()) return;
  const Counts counts(50, 40);
  for (bool by_rows : {false, true})
    for (bool standardise : {false, true})
      for (bool log_normalise : {false, true}) check(counts, {33, by_rows, standardise, log_normalise});
}

TEST_CASE("gather_log1p on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check(Counts(odd, 9), {8});
    check(Counts(4, odd + 3), {odd});
  }
}
