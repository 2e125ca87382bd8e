#include "registry.hpp"
#include "support/naive_losses.hpp"

namespace stx::bench {
namespace {

template <class D>
Case loss_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, EntryLoss entry, bool masked, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t size = rows * cols;
  auto mask = test::random_values(size, 99, 0, 1);
  for (double& m : mask) m = m < 0.5 ? 1 : 0;
  const PointwiseLoss<float> in{.entry = entry,
                                .mean = entry == EntryLoss::squared,
                                .y = memory.random(size),
                                .target = memory.random(size),
                                .mask = masked ? memory.input(mask) : nullptr,
                                .rows = rows,
                                .cols = cols};
  const PointwiseLossForward<float> f{
      .in = in, .loss = memory.output(1), .divisor = memory.output(1), .row_sums = memory.output(2 * rows)};
  const PointwiseLossBackward<float> b{
      .in = in, .grad_loss = memory.input({1.0}), .divisor = f.divisor, .grad_y = memory.output(size)};
  pointwise_loss_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] {
    backward ? pointwise_loss_backward(ctx, b) : pointwise_loss_forward(ctx, f);
  };
  const auto error = [memory, in, f, b, size, backward] {
    const auto y = memory.host(in.y, size), target = memory.host(in.target, size);
    const auto want =
        in.mean ? test::naive::mse<double>(y, target, in.mask ? memory.host(in.mask, size) : std::vector<double>(), 1.0)
                : test::naive::l1_loss<double>(y, target, 1.0);
    return backward ? memory.error(b.grad_y, want.second) : memory.error(f.loss, {want.first});
  };
  return {run, error};
}

/// The op, with the FLOP that an element of it takes.
template <class D>
void add(Suite<D>& suite, const std::string& op, EntryLoss entry, double flop, const std::string& name,
         std::int64_t rows, std::int64_t cols, bool masked = false) {
  const double size = static_cast<double>(rows * cols);
  for (const bool backward : {false, true})
    suite.add(op + (backward ? "_bwd/" : "_fwd/") + name, rows,
              {4 * size * ((masked ? 3 : 2) + (backward ? 1 : 0)), flop * size},
              [=](Context<D>& ctx, std::int64_t n) { return loss_case(ctx, n, cols, entry, masked, backward); });
}

template <class D>
void add_losses(Suite<D>& suite) {
  add(suite, "mse", EntryLoss::squared, 3, "1024x7", 1024, 7);
  add(suite, "mse", EntryLoss::squared, 3, "1024x33_masked", 1024, 33, true);
  add(suite, "mse", EntryLoss::squared, 3, "large_8192x2000_masked", 8192, 2000, true);
  add(suite, "l1_loss", EntryLoss::absolute, 2, "512x2", 512, 2);
  add(suite, "l1_loss", EntryLoss::absolute, 2, "large_8192x2000", 8192, 2000);
}

}  // namespace

void register_pointwise_loss(Suites& suites) {
  suites.each([](auto& suite) { add_losses(suite); });
}

}  // namespace stx::bench
