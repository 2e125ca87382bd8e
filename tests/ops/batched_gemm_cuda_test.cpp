#include "stx/backend/batched_gemm.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

struct Products {
  std::int64_t batch, m, n, k;
  bool interleaved = false;  ///< the batch is the second dimension of a and c
  bool shared = false;       ///< one b for all
};

void check(const Products& s, bool ta, bool tb, GradWrite write) {
  CAPTURE(s.batch);
  CAPTURE(s.m);
  CAPTURE(s.n);
  CAPTURE(s.k);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    const auto place = [&](auto* data, std::int64_t rows, std::int64_t cols) {
      using V = std::remove_pointer_t<decltype(data)>;
      return s.interleaved ? stx::MatrixBatch<V>{data, s.batch * cols, cols}
                           : stx::MatrixBatch<V>{data, cols, rows * cols};
    };
    const T* a = rig.input(random_values(s.batch * s.m * s.k, 1));
    const T* b = rig.input(random_values((s.shared ? 1 : s.batch) * s.k * s.n, 2));
    const std::int64_t b_cols = tb ? s.k : s.n;
    const stx::BatchedGemmArgs<T> args{.a = place(a, ta ? s.k : s.m, ta ? s.m : s.k),
                                       .b = {b, b_cols, s.shared ? 0 : s.k * s.n},
                                       .c = place(rig.output(s.batch * s.m * s.n, write), s.m, s.n),
                                       .batch = s.batch,
                                       .m = s.m,
                                       .n = s.n,
                                       .k = s.k,
                                       .transpose_a = ta,
                                       .transpose_b = tb,
                                       .write = write};
    return [=, &ctx] { stx::batched_gemm(ctx, args); };
  });
}

}  // namespace

TEST_CASE("batched_gemm on CUDA: all transposes and layouts, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (bool ta : {false, true})
    for (bool tb : {false, true})
      for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate}) {
        check({3, 33, 31, 65}, ta, tb, write);
        check({4, 17, 20, 9, true}, ta, tb, write);
        check({5, 8, 12, 16, false, true}, ta, tb, write);
      }
}

TEST_CASE("batched_gemm on CUDA: odd shapes, an inner size of 0") {
  if (no_cuda_device()) return;
  for (std::int64_t odd : odd_sizes) {
    check({odd, 2, 3, 4}, false, true, GradWrite::overwrite);
    check({2, odd, 3, 4}, false, true, GradWrite::overwrite);
    check({2, 3, odd, 4}, true, false, GradWrite::accumulate);
    check({2, 3, 4, odd, true}, false, false, GradWrite::overwrite);
  }
  check({2, 3, 4, 0}, false, false, GradWrite::accumulate);
}

TEST_CASE("batched_gemm on CUDA: operands and distances at any address") {
  if (no_cuda_device()) return;
  const auto values = random_values(4 * 24 * 24, 3);
  compare_devices([&](auto& ctx, auto& rig) {
    using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
    T* c = rig.output(3 * 241 + 1, GradWrite::accumulate);
    const stx::BatchedGemmArgs<T> args{.a = {rig.input(values) + 1, 16, 163},
                                       .b = {rig.input(values), 24, 2},
                                       .c = {c + 1, 24, 241},
                                       .batch = 3,
                                       .m = 10,
                                       .n = 24,
                                       .k = 16,
                                       .write = GradWrite::accumulate};
    return [=, &ctx] { stx::batched_gemm(ctx, args); };
  });
}
