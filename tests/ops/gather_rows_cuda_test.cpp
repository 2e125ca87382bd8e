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
          const stx::GatherRows<T> args{
              rig.input(random_values(11 * width, 1)), rig.exact(ids), rig.output(rows * width), rows, width, 11};
          return [=, &ctx] { stx::gather_rows(ctx, args); };
        },
        0);
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 6);
    check(3, odd);
  }
}

TEST_CASE("gather_rows on CUDA: gradient of the table, odd shapes, overwrite and accumulate") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t rows, std::int64_t width, std::int64_t n, stx::GradWrite write) {
    CAPTURE(rows);
    CAPTURE(width);
    CAPTURE(n);
    std::vector<std::int32_t> ids;
    for (std::int64_t i = 0; i < rows; ++i)
      ids.push_back(static_cast<std::int32_t>(i * 7 % (n + 2)) - 1);  // -1 and n do not exist
    compare_devices([&](auto& ctx, auto& rig) {
      using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
      const stx::GatherRowsBackward<T> args{rig.input(random_values(rows * width, 1)),
                                            rig.exact(ids),
                                            rig.output(n * width, write),
                                            write,
                                            rows,
                                            width,
                                            n};
      return [=, &ctx] { stx::gather_rows_backward(ctx, args); };
    });
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 6, 3, stx::GradWrite::overwrite);  // 1023 and 4097 numbers in several chunks
    check(40, odd, 5, stx::GradWrite::accumulate);
    check(40, 4, odd, stx::GradWrite::accumulate);
  }
}

TEST_CASE("gather_rows on CUDA: rows that do not exist are NaN") {
  if (no_cuda_device()) return;
  stx::Context<stx::Cuda> ctx;
  DeviceRig<float, stx::Cuda> rig(ctx);
  const stx::GatherRows<float> args{
      rig.input(random_values(20, 1)), rig.exact(std::vector<std::int32_t>{4, 5, -1}), rig.output(12), 3, 4, 5};
  stx::gather_rows(ctx, args);
  const auto got = rig.read()[0];
  for (int j = 0; j < 4; ++j) {
    CHECK(std::isfinite(got[j]));
    CHECK(std::isnan(got[4 + j]));
    CHECK(std::isnan(got[8 + j]));
  }
}
