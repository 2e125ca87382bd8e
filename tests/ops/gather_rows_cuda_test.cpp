#include "stx/backend/gather_rows.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("gather_rows on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t rows, std::int64_t width) {
    CAPTURE(rows);
    CAPTURE(width);
    std::vector<std::int32_t> ids;
    for (std::int64_t i = 0; i < rows; ++i) ids.push_back(static_cast<std::int32_t>(i * 7 % 11));
    compare_devices(
        [&](auto& ctx, auto& rig) {
          using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
          const stx::GatherRows<T> args{rig.input(random_values(11 * width, 1)),
                                        rig.exact(ids),
                                        rig.output(rows * width),
                                        rows,
                                        width,
                                        11};
          return [=, &ctx] { stx::gather_rows(ctx, args); };
        },
        0);
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 6);
    check(3, odd);
  }
}

TEST_CASE("gather_rows on CUDA: rows that do not exist are NaN") {
  if (no_cuda_device()) return;
  stx::Context<stx::Cuda> ctx;
  DeviceRig<float, stx::Cuda> rig(ctx);
  const stx::GatherRows<float> args{rig.input(random_values(20, 1)),
                                    rig.exact(std::vector<std::int32_t>{4, 5, -1}),
                                    rig.output(12),
                                    3,
                                    4,
                                    5};
  stx::gather_rows(ctx, args);
  const auto got = rig.read()[0];
  for (int j = 0; j < 4; ++j) {
    CHECK(std::isfinite(got[j]));
    CHECK(std::isnan(got[4 + j]));
    CHECK(std::isnan(got[8 + j]));
  }
}
