#include "registry.hpp"
#include "stx/ops/hide_inputs.hpp"

namespace stx::bench {
namespace {

template <class D>
Case hide_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols) {
  Buffers<D> memory(ctx);
  const std::int64_t size = rows * cols;
  const HideInputs<float> args{.x = memory.input(std::vector<double>(static_cast<std::size_t>(size), 1.0)),
                               .hidden = memory.output(size),
                               .rows = rows,
                               .cols = cols,
                               .hide = {0.4f, 0.4f, 1}};
  // With one share for all rows, an input is hidden where dropout of that probability would drop
  // it.
  const auto error = [memory, args, rows, cols] {
    std::vector<double> kept = test::naive::dropout_factors<double>(0, 0, 1, 0.4f, rows, cols);
    for (double& k : kept) k = k != 0;
    std::vector<double> hidden = kept;
    for (double& h : hidden) h = 1 - h;
    return std::max(memory.error(args.x, kept), memory.error(args.hidden, hidden));
  };
  return {[&ctx, args] { hide_inputs(ctx, args); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols) {
  const double size = static_cast<double>(rows * cols);
  suite.add("hide_inputs/" + name, rows, {12 * size, 0},
            [cols](Context<D>& ctx, std::int64_t n) { return hide_case(ctx, n, cols); });
}

}  // namespace

template <class D>
void add_hide_inputs(Suite<D>& suite) {
  add(suite, "1024x33", 1024, 33);
  add(suite, "large_8192x2000", 8192, 2000);
}
void register_hide_inputs(Suites& suites) {
  suites.each([](auto& suite) { add_hide_inputs(suite); });
}

}  // namespace stx::bench
