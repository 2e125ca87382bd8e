#include "stx/backend/sample_counts.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;

namespace {

void check_counts(std::int64_t rows, std::int64_t cols, bool per_entry, bool inflated) {
  CAPTURE(rows);
  CAPTURE(cols);
  const auto op = [&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const std::int64_t n = per_entry ? rows * cols : cols;
    const stx::SampleCounts<T> args{.counts = rig.output(rows * cols),
                                    .log_mu = rig.input(random_values(rows * cols, 1, -3, 6)),
                                    .log_theta = rig.input(random_values(n, 2, -3, 5)),
                                    .zeta = inflated ? rig.input(random_values(n, 3, -2, 2)) : nullptr,
                                    .rows = rows,
                                    .cols = cols,
                                    .theta_per_entry = per_entry,
                                    .zeta_per_entry = per_entry,
                                    .site = 7};
    return [=, &ctx] { stx::sample_counts(ctx, args); };
  };
  compare_devices(op, 0);  // the same counts, also in the CPU's double
}

}  // namespace

TEST_CASE("sample_counts on CUDA draws what the CPU draws, odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check_counts(odd, 2, false, true);
    check_counts(2, odd, true, odd % 2 == 0);
  }
}
