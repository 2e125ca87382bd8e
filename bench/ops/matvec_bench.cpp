#include "registry.hpp"
#include "stx/ops/matvec.hpp"

namespace stx::bench {
namespace {

template <class D>
Case matvec_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols) {
  Buffers<D> memory(ctx);
  const Matvec<float> args{memory.random(rows * cols), memory.random(cols), memory.output(rows), rows, cols};
  const auto error = [memory, args] {
    const auto a = memory.host(args.a, args.rows * args.cols);
    const auto x = memory.host(args.x, args.cols);
    std::vector<double> want(static_cast<std::size_t>(args.rows), 0.0);
    for (std::int64_t i = 0; i < args.rows; ++i)
      for (std::int64_t j = 0; j < args.cols; ++j) want[i] += a[i * args.cols + j] * x[j];
    return memory.error(args.y, want);
  };
  return {[&ctx, args] { matvec(ctx, args); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows) {
  const double n = static_cast<double>(rows) * 300;
  suite.add("matvec/" + name, rows, {4 * n, 2 * n},
            [](Context<D>& ctx, std::int64_t some) { return matvec_case(ctx, some, 300); });
}

}  // namespace

template <class D>
void add_matvec(Suite<D>& suite) {
  add(suite, "19150x300", 19150);
  add(suite, "large_100000x300", 100000);
}
void register_matvec(Suites& suites) {
  suites.each([](auto& suite) { add_matvec(suite); });
}

}  // namespace stx::bench
