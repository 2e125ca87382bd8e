#include "registry.hpp"

namespace stx::bench {
namespace {

template <class D>
Case gemm_case(Context<D>& ctx, std::int64_t m, std::int64_t n, std::int64_t k, bool transpose_a, bool transpose_b) {
  Buffers<D> memory(ctx);
  const GemmArgs<float> args{.a = memory.random(m * k),
                             .b = memory.random(k * n),
                             .c = memory.output(m * n),
                             .m = m,
                             .n = n,
                             .k = k,
                             .transpose_a = transpose_a,
                             .transpose_b = transpose_b};
  return {[&ctx, args] { gemm(ctx, args); },
          [memory, args] {
            return memory.error(
                args.c, test::naive::gemm(memory.host(args.a, args.m * args.k), memory.host(args.b, args.k * args.n),
                                          args.m, args.n, args.k, args.transpose_a, args.transpose_b));
          }};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t m, std::int64_t n, std::int64_t k, bool ta, bool tb) {
  const auto product = [](std::int64_t a, std::int64_t b) { return static_cast<double>(a) * static_cast<double>(b); };
  suite.add("gemm/" + name, m,
            {4 * (product(m, k) + product(k, n) + product(m, n)), 2 * product(m, k) * static_cast<double>(n)},
            [=](Context<D>& ctx, std::int64_t rows) { return gemm_case(ctx, rows, n, k, ta, tb); });
}

}  // namespace

template <class D>
void add_gemm(Suite<D>& suite) {
  add(suite, "nt_1024x256x512", 1024, 256, 512, false, true);
  add(suite, "tn_256x512x1024", 256, 512, 1024, true, false);
  add(suite, "nn_1024x512x256", 1024, 512, 256, false, false);
  add(suite, "nt_4096x1024x1024", 4096, 1024, 1024, false, true);
}
void register_gemm(Suites& suites) {
  suites.each([](auto& suite) { add_gemm(suite); });
}

}  // namespace stx::bench
