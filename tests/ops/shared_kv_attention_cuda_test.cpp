#include "stx/backend/shared_kv_attention.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

struct Attention {
  std::int64_t rows, n_keys, width, n_heads;
  float dropout = 0.2f;
  bool from_out = true, from_weights = true;
  GradWrite write = GradWrite::overwrite;
  double magnitude = 1;  ///< of queries and keys
};

void check(const Attention& s) {
  CAPTURE(s.rows);
  CAPTURE(s.n_keys);
  CAPTURE(s.width);
  CAPTURE(s.n_heads);
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const std::int64_t n_q = s.rows * s.width, n_kv = s.n_keys * s.width;
        const stx::SharedKvAttentionForward<T> forward{
            .q = rig.input(random_values(n_q, 1, -s.magnitude, s.magnitude)),
            .k = rig.input(random_values(n_kv, 2, -s.magnitude, s.magnitude)),
            .v = rig.input(random_values(n_kv, 3)),
            .out = rig.output(n_q),
            .lse = rig.output(s.rows * s.n_heads),
            .weights = s.from_weights ? rig.output(s.rows * s.n_keys) : nullptr,
            .rows = s.rows,
            .n_keys = s.n_keys,
            .width = s.width,
            .n_heads = s.n_heads,
            .dropout = {s.dropout, 6}};
        const stx::SharedKvAttentionBackward<T> backward{
            .grad_out = s.from_out ? rig.input(random_values(n_q, 4)) : nullptr,
            .grad_weights = s.from_weights ? rig.input(random_values(s.rows * s.n_keys, 5)) : nullptr,
            .out = forward.out,
            .q = forward.q,
            .k = forward.k,
            .v = forward.v,
            .lse = forward.lse,
            .grad_q = rig.output(n_q, s.write),
            .grad_k = rig.output(n_kv, s.write),
            .grad_v = rig.output(n_kv, s.write),
            .write_q = s.write,
            .write_k = s.write,
            .write_v = s.write,
            .rows = s.rows,
            .n_keys = s.n_keys,
            .width = s.width,
            .n_heads = s.n_heads,
            .dropout = {s.dropout, 6}};
        return [=, &ctx] {
          stx::shared_kv_attention_forward(ctx, forward);
          stx::shared_kv_attention_backward(ctx, backward);
        };
      },
      32);
}

}  // namespace

TEST_CASE(
    "shared_kv_attention on CUDA: dropout, gradients through out and weights, overwrite and "
    "accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (float dropout : {0.0f, 0.2f}) {
      check({21, 29, 64, 2, dropout, true, true, write});
      check({21, 29, 64, 2, dropout, true, false, write});
      check({21, 29, 64, 2, dropout, false, true, write});
      check({18, 45, 21, 3, dropout, true, true, write});
      check({70, 80, 24, 2, dropout, true, true, write});
      check({70, 80, 24, 2, dropout, false, true, write});
    }
}

TEST_CASE("shared_kv_attention on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t rows : {0, 1, 31, 32, 33, 1023, 4097})
    check({.rows = rows, .n_keys = 5, .width = 16, .n_heads = 2});
  for (std::int64_t n_keys : {0, 1, 31, 32, 33, 1023, 4097})
    check({.rows = 5, .n_keys = n_keys, .width = 16, .n_heads = 2});
  for (std::int64_t width : {1, 16, 24, 31, 32, 33, 48, 80, 96, 130, 258})
    check({.rows = 6, .n_keys = 7, .width = width, .n_heads = 1});
  check({.rows = 70, .n_keys = 40, .width = 256, .n_heads = 2});
  check({.rows = 300, .n_keys = 70, .width = 24, .n_heads = 2});
}

TEST_CASE("shared_kv_attention on CUDA: scores far apart") {
  if (no_cuda_device()) return;
  for (std::int64_t n_keys : {30, 60, 70})
    check({.rows = 9, .n_keys = n_keys, .width = 32, .n_heads = 1, .dropout = 0, .magnitude = 30});
}

TEST_CASE("shared_kv_attention on CUDA: one buffer for the gradients of keys and values") {
  if (no_cuda_device()) return;
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const T* kv = rig.input(random_values(11 * 32, 2));
        const T* q = rig.input(random_values(40 * 32, 1));
        T* lse = rig.output(40);
        T* grad_kv = rig.output(11 * 32);
        const stx::SharedKvAttentionForward<T> forward{.q = q,
                                                       .k = kv,
                                                       .v = kv,
                                                       .out = rig.output(40 * 32),
                                                       .lse = lse,
                                                       .rows = 40,
                                                       .n_keys = 11,
                                                       .width = 32,
                                                       .n_heads = 1};
        const stx::SharedKvAttentionBackward<T> backward{.grad_out = rig.input(random_values(40 * 32, 4)),
                                                         .out = forward.out,
                                                         .q = q,
                                                         .k = kv,
                                                         .v = kv,
                                                         .lse = lse,
                                                         .grad_k = grad_kv,
                                                         .grad_v = grad_kv,
                                                         .write_v = GradWrite::accumulate,
                                                         .rows = 40,
                                                         .n_keys = 11,
                                                         .width = 32,
                                                         .n_heads = 1};
        return [=, &ctx] {
          stx::shared_kv_attention_forward(ctx, forward);
          stx::shared_kv_attention_backward(ctx, backward);
        };
      },
      32);
}

TEST_CASE("shared_kv_attention on CUDA: heads too wide for shared memory are refused") {
  if (no_cuda_device()) return;
  stx::Context<stx::Cuda> ctx;
  CHECK_THROWS_WITH_AS(stx::shared_kv_attention_forward(
                           ctx, stx::SharedKvAttentionForward<float>{.rows = 1, .n_keys = 1, .width = 1 << 16}),
                       doctest::Contains("use more heads"), stx::ArgumentError);
}
