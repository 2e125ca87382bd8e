#include "stx/backend/sample_variates.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

namespace {

void check(std::int64_t rows, std::int64_t cols, stx::Variate variate, bool with_ids) {
  CAPTURE(rows);
  CAPTURE(cols);
  const auto op = [&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    std::vector<std::int32_t> ids(rows);
    for (std::int64_t i = 0; i < rows; ++i) ids[i] = static_cast<std::int32_t>(1000000 - 3 * i);
    const stx::SampleVariates<T> args{.out = rig.output(rows * cols),
                                      .parameter = rig.input(random_values(rows * cols, 1, 0, 30)),
                                      .row_ids = with_ids ? rig.exact(ids) : nullptr,
                                      .rows = rows,
                                      .cols = cols,
                                      .variate = variate,
                                      .site = 7};
    return [=, &ctx] { stx::sample_variates(ctx, args); };
  };
  compare_devices(op, 0);  // the same numbers, also in the CPU's double
}

}  // namespace

TEST_CASE("sample_variates on CUDA draws what the CPU draws, odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check(odd, 2, stx::Variate::gamma, true);
    check(2, odd, stx::Variate::gamma, false);
    check(odd, 2, stx::Variate::poisson, false);
    check(2, odd, stx::Variate::poisson, true);
  }
}
