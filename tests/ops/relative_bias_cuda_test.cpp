#include "stx/backend/relative_bias.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

TEST_CASE("relative_bias on CUDA: odd lengths and heads") {
  if (no_cuda_device()) return;
  for (std::int64_t length : {0, 1, 3, 31, 32, 33, 130, 1023})
    for (std::int64_t heads : {1, 5, 1023, 4097}) {
      if (length * heads > 3 * 4097) continue;
      CAPTURE(length);
      CAPTURE(heads);
      compare_devices(
          [&](auto& ctx, auto& rig) {
            using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
            const stx::RelativeBias<T> args{rig.input(random_values(8 * heads, 1)),
                                            rig.exact(std::vector<std::int32_t>{0, 1, 2, 2, 2, 3}),
                                            rig.output(heads * length * length),
                                            heads,
                                            length,
                                            4,
                                            6};
            return [=, &ctx] { stx::relative_bias(ctx, args); };
          },
          0);
    }
}

TEST_CASE("relative_bias on CUDA: gradient of the table, overwrite and accumulate") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t length, std::int64_t heads) {
    CAPTURE(length);
    CAPTURE(heads);
    for (stx::GradWrite write : {stx::GradWrite::overwrite, stx::GradWrite::accumulate})
      compare_devices([&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const stx::RelativeBiasBackward<T> args{.grad_bias = rig.input(random_values(heads * length * length, 1)),
                                                .distances = rig.exact(std::vector<std::int32_t>{0, 1, 2, 2, 2, 3}),
                                                .grad_table = rig.output(8 * heads, write),
                                                .write = write,
                                                .heads = heads,
                                                .length = length,
                                                .half = 4,
                                                .n_distances = 6};
        return [=, &ctx] { stx::relative_bias_backward(ctx, args); };
      });
  };
  for (std::int64_t length : {0, 1, 31, 32, 33, 130}) check(length, 3);
  for (std::int64_t heads : {1, 1023, 4097}) check(3, heads);
}
