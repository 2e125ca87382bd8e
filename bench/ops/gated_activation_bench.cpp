#include "registry.hpp"
#include "stx/ops/gated_activation.hpp"
#include "support/naive_dense.hpp"
#include "support/naive_gated.hpp"

namespace stx::bench {
namespace {

template <class D>
Case gated_case(Context<D>& ctx, std::int64_t rows, std::int64_t width) {
  Buffers<D> memory(ctx);
  const auto x = test::random_values(2 * rows * width, 1, -3, 3);
  const GatedActivationForward<float> args{memory.input(x), memory.output(rows * width), rows, width};
  const auto error = [memory, args, x, rows, width] {
    return memory.error(args.y, test::naive::gated<double>(args.activation, x, rows, width));
  };
  return {[&ctx, args] { gated_activation_forward(ctx, args); }, error};
}

template <class D>
Case gated_backward_case(Context<D>& ctx, std::int64_t rows, std::int64_t width) {
  Buffers<D> memory(ctx);
  const auto x = test::random_values(2 * rows * width, 1, -3, 3), grad = test::random_values(rows * width, 2);
  const GatedActivationBackward<float> args{.grad_y = memory.input(grad),
                                            .x = memory.input(x),
                                            .grad_x = memory.output(2 * rows * width),
                                            .rows = rows,
                                            .width = width};
  const auto error = [memory, args, x, grad, rows, width] {
    std::vector<double> want(x.size());
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < width; ++j) {
        const std::int64_t gate = 2 * i * width + j, value = gate + width;
        want[gate] = grad[i * width + j] * x[value] * test::naive::activation_grad(args.activation, x[gate]);
        want[value] = grad[i * width + j] * test::naive::activation_value(args.activation, x[gate]);
      }
    return memory.error(args.grad_x, want);
  };
  return {[&ctx, args] { gated_activation_backward(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_gated_activation(Suite<D>& suite) {
  for (const std::int64_t rows : {220, 14080}) {
    const std::string name = (rows == 220 ? "" : "large_") + std::to_string(rows) + "x2048";
    const double size = static_cast<double>(rows) * 2048;
    suite.add("gated_activation/" + name, rows, {12 * size, 12 * size},
              [](Context<D>& ctx, std::int64_t n) { return gated_case(ctx, n, 2048); });
    suite.add("gated_activation_bwd/" + name, rows, {20 * size, 26 * size},
              [](Context<D>& ctx, std::int64_t n) { return gated_backward_case(ctx, n, 2048); });
  }
}
void register_gated_activation(Suites& suites) {
  suites.each([](auto& suite) { add_gated_activation(suite); });
}

}  // namespace stx::bench
