#include "stx/backend/q_sample.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

namespace {

void check(std::int64_t rows, std::int64_t cols, bool drawn, bool with_ids) {
  CAPTURE(rows);
  CAPTURE(cols);
  std::vector<std::int32_t> times, ids;
  for (std::int64_t i = 0; i < rows; ++i) {
    times.push_back(static_cast<std::int32_t>(i % 50));
    ids.push_back(static_cast<std::int32_t>(7 * i + 1));
  }
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const stx::QSample<T> args{.x0 = rig.input(random_values(rows * cols, 1)),
                               .times = rig.exact(times),
                               .levels = rig.input(random_values(100, 2, 0, 1)),
                               .eps = drawn ? nullptr : rig.input(random_values(rows * cols, 3)),
                               .drawn = drawn ? rig.output(rows * cols) : nullptr,
                               .xt = rig.output(rows * cols),
                               .row_ids = with_ids ? rig.exact(ids) : nullptr,
                               .rows = rows,
                               .cols = cols,
                               .n_times = 50,
                               .site = 5};
    return [=, &ctx] { stx::q_sample(ctx, args); };
  });
}

}  // namespace

TEST_CASE("q_sample on CUDA: odd shapes, noise drawn and given") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check(odd, 6, true, false);
    check(3, odd, true, true);
    check(2, odd, false, false);
  }
}
