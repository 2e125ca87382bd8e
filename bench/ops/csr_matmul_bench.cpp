#include "registry.hpp"
#include "stx/data/csr_transpose.hpp"
#include "support/random_csr.hpp"

namespace stx::bench {
namespace {

template <class D>
Case csr_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, double density,
              std::int64_t width) {
  const auto a = test::random_csr(rows, cols, density, 3);
  Buffers<D> memory(ctx);
  const CsrMatmul<float> args{.indptr = to_device(ctx, a.indptr, Shape{rows + 1}).data,
                              .indices = to_device(ctx, a.indices, Shape{a.nnz()}).data,
                              .values = memory.input(a.values),
                              .x = memory.random(cols * width),
                              .y = memory.output(rows * width),
                              .rows = rows,
                              .width = width};
  return {[&ctx, args] { csr_matmul(ctx, args); },
          [memory, args, a, cols, width] {
            const auto x = memory.host(args.x, cols * width);
            std::vector<double> want(static_cast<std::size_t>(a.rows * width));
            for (std::int64_t i = 0; i < a.rows; ++i)
              for (std::int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e)
                for (std::int64_t j = 0; j < width; ++j)
                  want[i * width + j] += a.values[e] * x[a.indices[e] * width + j];
            return memory.error(args.y, want);
          }};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols,
         double density, std::int64_t width) {
  const double nnz = density * static_cast<double>(rows * cols);
  suite.add("csr_matmul/" + name, rows,
            {8 * nnz + 4 * static_cast<double>((rows + cols) * width),
             2 * nnz * static_cast<double>(width)},
            [=](Context<D>& ctx, std::int64_t some) {
              return csr_case(ctx, some, cols, density, width);
            });
}

}  // namespace

template <class D>
void add_csr_matmul(Suite<D>& suite) {
  add(suite, "counts_512x2000_10%_x64", 512, 2000, 0.1, 64);
  add(suite, "graph_4000x4000_15_x32", 4000, 4000, 15.0 / 4000, 32);
  add(suite, "large_16384x2000_10%_x128", 16384, 2000, 0.1, 128);
}
void register_csr_matmul(Suites& suites) {
  suites.each([](auto& suite) { add_csr_matmul(suite); });
}

}  // namespace stx::bench
