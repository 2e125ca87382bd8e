// The backend that mse and l1_loss share; the values of each are judged in the test of its op.
#include "stx/backend/pointwise_loss.hpp"

#include "support/compare.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::EntryLoss;

TEST_CASE("pointwise_loss: the backend stays inside its buffers") {
  stx::Context<stx::Cpu> ctx({.threads = 2});
  for (const EntryLoss entry : {EntryLoss::squared, EntryLoss::absolute})
    for (const bool masked : {false, true})
      for (const std::int64_t rows : {1, 33, 129}) {
        const std::int64_t cols = 31;
        Guarded<float> y(convert<float>(random_values(rows * cols, 1))),
            target(convert<float>(random_values(rows * cols, 2))), mask(rows * cols, 1.0f);
        Guarded<float> value(1), divisor(1), row_sums(2 * rows), grad_loss(1, 1.0f), grad_y(rows * cols);
        const stx::PointwiseLoss<float> in{.entry = entry,
                                           .mean = entry == EntryLoss::squared,
                                           .y = y.data(),
                                           .target = target.data(),
                                           .mask = masked ? mask.data() : nullptr,
                                           .rows = rows,
                                           .cols = cols};
        stx::pointwise_loss_forward(
            ctx, stx::PointwiseLossForward<float>{
                     .in = in, .loss = value.data(), .divisor = divisor.data(), .row_sums = row_sums.data()});
        stx::pointwise_loss_backward(
            ctx, stx::PointwiseLossBackward<float>{
                     .in = in, .grad_loss = grad_loss.data(), .divisor = divisor.data(), .grad_y = grad_y.data()});
        for (auto* buffer : {&y, &target, &mask, &value, &divisor, &row_sums, &grad_loss, &grad_y})
          CHECK(buffer->intact());
        CHECK(divisor.content()[0] == (in.mean ? static_cast<float>(rows * cols) : 1.0f));
      }
}
