#include "registry.hpp"

namespace stx::bench {
namespace {

template <class D>
Case batched_gemm_case(Context<D>& ctx, std::int64_t m, std::int64_t batch, std::int64_t n, std::int64_t k) {
  Buffers<D> memory(ctx);
  // a and c hold the batch in their second dimension, b is transposed: a linear layer per patch.
  const BatchedGemmArgs<float> args{.a = {memory.random(m * batch * k), batch * k, k},
                                    .b = {memory.random(batch * n * k), k, n * k},
                                    .c = {memory.output(m * batch * n), batch * n, n},
                                    .batch = batch,
                                    .m = m,
                                    .n = n,
                                    .k = k,
                                    .transpose_b = true};
  return {[&ctx, args] { batched_gemm(ctx, args); },
          [memory, args, m, batch, n, k] {
            const auto a = memory.host(args.a.data, m * batch * k);
            const auto b = memory.host(args.b.data, batch * n * k);
            std::vector<double> want(static_cast<std::size_t>(m * batch * n));
            for (std::int64_t at = 0; at < m * batch * n; ++at) {
              const std::int64_t row = at / n, i = row % batch, j = at % n;
              for (std::int64_t l = 0; l < k; ++l) want[at] += a[row * k + l] * b[(i * n + j) * k + l];
            }
            return memory.error(args.c.data, want);
          }};
}

/// The gradients of both factors.
template <class D>
Case batched_gemm_backward_case(Context<D>& ctx, std::int64_t m, std::int64_t batch, std::int64_t n, std::int64_t k) {
  Buffers<D> memory(ctx);
  const MatrixBatch<const float> grad{memory.random(m * batch * n), batch * n, n};
  const MatrixBatch<const float> a{memory.random(m * batch * k), batch * k, k};
  const MatrixBatch<const float> b{memory.random(batch * n * k), k, n * k};
  const BatchedGemmArgs<float> to_a{
      .a = grad, .b = b, .c = {memory.output(m * batch * k), batch * k, k}, .batch = batch, .m = m, .n = k, .k = n};
  const BatchedGemmArgs<float> to_b{.a = grad,
                                    .b = a,
                                    .c = {memory.output(batch * n * k), k, n * k},
                                    .batch = batch,
                                    .m = n,
                                    .n = k,
                                    .k = m,
                                    .transpose_a = true};
  const auto error = [=] {
    const auto g = memory.host(grad.data, m * batch * n), x = memory.host(a.data, m * batch * k),
               w = memory.host(b.data, batch * n * k);
    std::vector<double> grad_x(x.size()), grad_w(w.size());
    for (std::int64_t at = 0; at < m * batch * n; ++at) {
      const std::int64_t row = at / n, weights = (row % batch * n + at % n) * k;
      for (std::int64_t l = 0; l < k; ++l) {
        grad_x[row * k + l] += g[at] * w[weights + l];
        grad_w[weights + l] += g[at] * x[row * k + l];
      }
    }
    return std::max(memory.error(to_a.c.data, grad_x), memory.error(to_b.c.data, grad_w));
  };
  return {[&ctx, to_a, to_b] {
            batched_gemm(ctx, to_a);
            batched_gemm(ctx, to_b);
          },
          error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t m, std::int64_t batch, std::int64_t n, std::int64_t k) {
  const double outputs = static_cast<double>(m * batch * n);
  suite.add("batched_gemm/" + name, m,
            {4 * (static_cast<double>(m * batch * k + batch * n * k) + outputs), 2 * outputs * static_cast<double>(k)},
            [=](Context<D>& ctx, std::int64_t rows) { return batched_gemm_case(ctx, rows, batch, n, k); });
  suite.add(
      "batched_gemm_bwd/" + name, m,
      {4 * (2 * static_cast<double>(m * batch * k + batch * n * k) + outputs), 4 * outputs * static_cast<double>(k)},
      [=](Context<D>& ctx, std::int64_t rows) { return batched_gemm_backward_case(ctx, rows, batch, n, k); });
}

}  // namespace

template <class D>
void add_batched_gemm(Suite<D>& suite) {
  add(suite, "embed_256x34x256x16", 256, 34, 256, 16);
  add(suite, "output_256x34x8x256", 256, 34, 8, 256);
  add(suite, "large_1024x63x384x32", 1024, 63, 384, 32);
}
void register_batched_gemm(Suites& suites) {
  suites.each([](auto& suite) { add_batched_gemm(suite); });
}

}  // namespace stx::bench
