#include "registry.hpp"
#include "stx/ops/gated_activation.hpp"
#include "support/naive_gated.hpp"

namespace stx::bench {
namespace {

template <class D>
Case gated_case(Context<D>& ctx, std::int64_t rows, std::int64_t width) {
  Buffers<D> memory(ctx);
  const auto x = test::random_values(2 * rows * width, 1, -3, 3);
  const GatedActivationForward<float> args{memory.input(x), memory.output(rows * width), rows,
                                           width};
  const auto error = [memory, args, x, rows, width] {
    return memory.error(args.y, test::naive::gated<double>(args.activation, x, rows, width));
  };
  return {[&ctx, args] { gated_activation_forward(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_gated_activation(Suite<D>& suite) {
  for (const std::int64_t rows : {220, 14080})
    suite.add((rows == 220 ? "gated_activation/" : "gated_activation/large_") +
                  std::to_string(rows) + "x2048",
              rows,
              {12.0 * static_cast<double>(rows) * 2048, 12.0 * static_cast<double>(rows) * 2048},
              [](Context<D>& ctx, std::int64_t n) { return gated_case(ctx, n, 2048); });
}
void register_gated_activation(Suites& suites) {
  suites.each([](auto& suite) { add_gated_activation(suite); });
}

}  // namespace stx::bench
