#include "library_spmm.hpp"
#include "registry.hpp"
#include "stx/ops/csr_matmul.hpp"
#include "support/random_csr.hpp"

namespace stx::bench {
namespace {

template <class D>
struct Product {
  Buffers<D> memory;
  CsrMatrix<double> a;
  CsrPattern<D> pattern;
  CsrMatmul<float> forward;
  std::int64_t cols;

  Product(Context<D>& ctx, std::int64_t rows, std::int64_t n_cols, double density, std::int64_t width)
      : memory(ctx), a(test::random_csr(rows, n_cols, density, 3)), pattern(csr_pattern(ctx, a)), cols(n_cols) {
    forward = {.indptr = pattern.indptr.data,
               .indices = pattern.indices.data,
               .values = memory.input(a.values),
               .x = memory.random(n_cols * width),
               .y = memory.output(rows * width),
               .rows = rows,
               .width = width};
  }

  double error() const {
    const std::int64_t width = forward.width;
    const auto x = memory.host(forward.x, cols * width);
    std::vector<double> want(static_cast<std::size_t>(a.rows * width));
    for (std::int64_t i = 0; i < a.rows; ++i)
      for (std::int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e)
        for (std::int64_t j = 0; j < width; ++j) want[i * width + j] += a.values[e] * x[a.indices[e] * width + j];
    return memory.error(forward.y, want);
  }
};

/// The gradients of both factors.
template <class D>
Case backward_case(Context<D>& ctx, Product<D> p) {
  const std::int64_t width = p.forward.width, rows = p.a.rows, nnz = p.a.nnz();
  const float* grad_y = p.memory.random(rows * width);
  const CsrMatmulValues<float> values{.indptr = p.forward.indptr,
                                      .indices = p.forward.indices,
                                      .grad_y = grad_y,
                                      .x = p.forward.x,
                                      .grad_values = p.memory.output(nnz),
                                      .rows = rows,
                                      .width = width};
  const CsrMatmul<float> x{.indptr = p.pattern.transposed_indptr.data,
                           .indices = p.pattern.transposed_indices.data,
                           .order = p.pattern.order.data,
                           .values = p.forward.values,
                           .x = grad_y,
                           .y = p.memory.output(p.cols * width),
                           .rows = p.cols,
                           .width = width};
  const auto error = [p, values, x, rows, width] {
    const auto grad = p.memory.host(values.grad_y, rows * width), factor = p.memory.host(values.x, p.cols * width);
    std::vector<double> to_values(p.a.values.size()), to_x(factor.size());
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t e = p.a.indptr[i]; e < p.a.indptr[i + 1]; ++e)
        for (std::int64_t j = 0; j < width; ++j) {
          const std::int64_t at = p.a.indices[e] * width + j;
          to_values[e] += grad[i * width + j] * factor[at];
          to_x[at] += p.a.values[e] * grad[i * width + j];
        }
    return std::max(p.memory.error(values.grad_values, to_values), p.memory.error(x.y, to_x));
  };
  return {[&ctx, values, x] {
            csr_matmul_values(ctx, values);
            csr_matmul(ctx, x);
          },
          error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols, double density,
         std::int64_t width) {
  const double nnz = density * static_cast<double>(rows * cols),
               dense = static_cast<double>(rows + cols) * static_cast<double>(width);
  const Work once{8 * nnz + 4 * dense, 2 * nnz * static_cast<double>(width)};
  const auto product = [=](Context<D>& ctx, std::int64_t some) { return Product<D>(ctx, some, cols, density, width); };
  suite.add("csr_matmul/" + name, rows, once, [=](Context<D>& ctx, std::int64_t some) {
    const Product<D> p = product(ctx, some);
    return Case{[&ctx, args = p.forward] { csr_matmul(ctx, args); }, [p] { return p.error(); }};
  });
  // Indices by rows and by columns, order, values and their gradients; x is read and its gradient written.
  suite.add("csr_matmul_bwd/" + name, rows,
            {20 * nnz + 4 * (dense + static_cast<double>(cols * width)), 2 * once.flops},
            [=](Context<D>& ctx, std::int64_t some) { return backward_case(ctx, product(ctx, some)); });
  if constexpr (!std::is_same_v<D, Cpu>) {
    with_library_spmm([&](const std::string& library, auto make) {
      suite.add("csr_matmul/" + name + "_" + library, rows, once, [=](Context<D>& ctx, std::int64_t some) {
        const Product<D> p = product(ctx, some);
        return Case{make(ctx, p.forward, p.a.indptr, p.cols), [p] { return p.error(); }};
      });
    });
  }
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
