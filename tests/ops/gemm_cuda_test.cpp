#include "stx/backend/gemm.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

struct Product {
  std::int64_t m, n, k;
  std::int64_t extra = 0;  ///< how much longer than the matrices the stored rows are
};

void check(const Product& s, bool ta, bool tb, GradWrite write) {
  CAPTURE(s.m);
  CAPTURE(s.n);
  CAPTURE(s.k);
  const std::int64_t lda = (ta ? s.m : s.k) + s.extra, ldb = (tb ? s.k : s.n) + s.extra, ldc = s.n + s.extra;
  const auto a = random_values((ta ? s.k : s.m) * lda, 1);
  const auto b = random_values((tb ? s.n : s.k) * ldb, 2);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    // With longer rows even the overwritten product starts as numbers: the rest must stay.
    const stx::GemmArgs<T> args{.a = rig.input(a),
                                .b = rig.input(b),
                                .c = rig.output(s.m * ldc, s.extra ? GradWrite::accumulate : write),
                                .m = s.m,
                                .n = s.n,
                                .k = s.k,
                                .transpose_a = ta,
                                .transpose_b = tb,
                                .write = write,
                                .lda = s.extra ? lda : 0,
                                .ldb = s.extra ? ldb : 0,
                                .ldc = s.extra ? ldc : 0};
    return [=, &ctx] { stx::gemm(ctx, args); };
  });
}

}  // namespace

TEST_CASE("gemm on CUDA: all transposes, overwrite and accumulate, odd shapes") {
  if (no_cuda_device()) return;
  for (bool ta : {false, true})
    for (bool tb : {false, true})
      for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate}) {
        check({33, 31, 65}, ta, tb, write);
        check({17, 20, 9, 7}, ta, tb, write);
      }
  for (std::int64_t odd : odd_sizes) {
    check({odd, 5, 7}, false, true, GradWrite::overwrite);
    check({5, odd, 7}, false, true, GradWrite::overwrite);
    check({5, 7, odd}, true, false, GradWrite::overwrite);
  }
}

TEST_CASE("gemm on CUDA: an inner size of 0 gives zeros, or leaves what is accumulated to") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate}) {
    check({3, 2, 0}, false, false, write);
    check({3, 2, 0, 5}, true, true, write);
  }
}

TEST_CASE("gemm on CUDA: operands at any address") {
  if (no_cuda_device()) return;
  const auto a = random_values(40 * 24 + 1, 3);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const stx::GemmArgs<T> args{.a = rig.input(a) + 1,
                                .b = rig.input(a),
                                .c = rig.output(40 * 40 + 1) + 1,
                                .m = 40,
                                .n = 40,
                                .k = 24,
                                .transpose_b = true};
    T* first = args.c - 1;
    return [=, &ctx] {
      stx::fill(ctx, first, 1, T(0));
      stx::gemm(ctx, args);
    };
  });
}
