#include "stx/backend/timestep_embedding.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("timestep_embedding on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t rows, std::int64_t width) {
    CAPTURE(rows);
    CAPTURE(width);
    std::vector<std::int32_t> times;
    for (std::int64_t i = 0; i < rows; ++i) times.push_back(static_cast<std::int32_t>(i * 31 % 1500));
    compare_devices([&](auto& ctx, auto& rig) {
      using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
      const stx::TimestepEmbedding<T> args{rig.exact(times), rig.output(rows * width), rows, width, std::log(10000.0)};
      return [=, &ctx] { stx::timestep_embedding(ctx, args); };
    });
  };
  for (std::int64_t odd : odd_sizes) {
    check(odd, 5);
    if (odd >= 2) check(3, odd);
  }
}
