#include "stx/backend/attention.hpp"

#include "support/device_rig.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

struct Attention {
  std::int64_t batch = 1, n_queries = 5, n_keys = 7, n_heads = 2, head_dim = 8;
  bool bias = false, lengths = false, mask = false, weights = false;
  float dropout = 0.2f;
  std::int64_t gap = 0;  ///< columns between the parts of a packed matrix
  GradWrite write = GradWrite::overwrite;
  double magnitude = 1;  ///< of queries and keys
};

void check(const Attention& s) {
  CAPTURE(s.batch);
  CAPTURE(s.n_queries);
  CAPTURE(s.n_keys);
  CAPTURE(s.n_heads);
  CAPTURE(s.head_dim);
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const std::int64_t width = s.n_heads * s.head_dim, stride = width + s.gap;
        const std::int64_t rows = s.batch * s.n_queries, key_rows = s.batch * s.n_keys;
        const std::int64_t n_bias = s.n_heads * s.n_queries * s.n_keys;
        std::vector<std::int32_t> lengths;
        for (std::int64_t b = 0; b < s.batch; ++b)
          lengths.push_back(static_cast<std::int32_t>(s.n_keys * b / std::max<std::int64_t>(1, s.batch - 1)));
        std::vector<std::uint8_t> mask(key_rows);
        for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = i % 5 != 2;
        const auto packed = [&](std::int64_t n, int seed, double size) {
          return stx::HeadRows<const T>{rig.input(random_values(n * stride, seed, -size, size)), stride};
        };
        const stx::AttentionInputs<T> in{.q = packed(rows, 1, s.magnitude),
                                         .k = packed(key_rows, 2, s.magnitude),
                                         .v = packed(key_rows, 3, 1),
                                         .bias = s.bias ? rig.input(random_values(n_bias, 6)) : nullptr,
                                         .lengths = s.lengths ? rig.exact(lengths) : nullptr,
                                         .key_mask = s.mask ? rig.exact(mask) : nullptr,
                                         .batch = s.batch,
                                         .n_queries = s.n_queries,
                                         .n_keys = s.n_keys,
                                         .n_heads = s.n_heads,
                                         .head_dim = s.head_dim,
                                         .scale = static_cast<T>(0.5),
                                         .dropout = {s.dropout, 6}};
        T* out = rig.output(rows * width);
        T* lse = rig.output(rows * s.n_heads);
        const stx::AttentionForward<T> forward{in, out, lse, s.weights ? rig.output(s.batch * n_bias) : nullptr};
        // Between the parts of a packed matrix lie columns that must keep their values.
        const auto grad = [&](std::int64_t n, int seed) {
          T* data = s.gap > 0 ? rig.buffer(random_values(n * stride, seed)) : rig.output(n * stride, s.write);
          return stx::HeadRows<T>{data, stride};
        };
        const stx::AttentionBackward<T> backward{.in = in,
                                                 .grad_out = rig.input(random_values(rows * width, 4)),
                                                 .out = out,
                                                 .lse = lse,
                                                 .grad_q = grad(rows, 7),
                                                 .grad_k = grad(key_rows, 8),
                                                 .grad_v = grad(key_rows, 9),
                                                 .grad_bias = s.bias ? rig.output(n_bias, s.write) : nullptr,
                                                 .write_q = s.write,
                                                 .write_k = s.write,
                                                 .write_v = s.write,
                                                 .write_bias = s.write};
        return [=, &ctx] {
          stx::attention_forward(ctx, forward);
          stx::attention_backward(ctx, backward);
        };
      },
      32);
}

}  // namespace

TEST_CASE("attention on CUDA: dropout, bias, masks, gradients, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (float dropout : {0.0f, 0.2f}) {
      check({.batch = 2, .n_queries = 21, .n_keys = 45, .bias = true, .dropout = dropout, .write = write});
      check({.batch = 3,
             .n_queries = 18,
             .n_keys = 33,
             .n_heads = 1,
             .head_dim = 12,
             .lengths = true,
             .weights = true,
             .dropout = dropout,
             .write = write});
      check({.batch = 3,
             .n_queries = 17,
             .n_keys = 40,
             .bias = true,
             .lengths = true,
             .mask = true,
             .dropout = dropout,
             .gap = 20,
             .write = write});
    }
}

TEST_CASE("attention on CUDA: odd shapes") {
  if (no_cuda_device()) return;
  for (std::int64_t n : {0, 1, 31, 32, 33, 1023, 4097}) {
    check({.n_queries = n, .bias = n < 100});
    check({.n_keys = n, .bias = n < 100, .weights = true});
  }
  for (std::int64_t batch : {0, 1, 33}) check({.batch = batch, .bias = true});
  for (std::int64_t dim : {1, 3, 16, 24, 31, 48, 64, 80, 96, 128, 130}) {
    check({.n_queries = 6, .n_heads = 1, .head_dim = dim});
    check({.n_queries = 6, .n_heads = 2, .head_dim = dim, .gap = 3});
  }
}

TEST_CASE("attention on CUDA: around 64 keys, the most of one tile, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (std::int64_t n_keys : {1, 31, 32, 33, 63, 64, 65}) {
    check({.batch = 2, .n_queries = 70, .n_keys = n_keys, .head_dim = 20});
    check({.batch = 3,
           .n_queries = 9,
           .n_keys = n_keys,
           .n_heads = 1,
           .head_dim = 7,
           .bias = true,
           .lengths = true,
           .mask = true,
           .weights = true,
           .gap = 3,
           .write = GradWrite::accumulate});
  }
  for (std::int64_t n_keys : {30, 60})
    for (std::int64_t dim : {1, 32, 64, 68, 128, 132})
      check({.n_queries = 40, .n_keys = n_keys, .head_dim = dim, .weights = true});
}

TEST_CASE("attention on CUDA: chunks of queries of one and of several tiles") {
  if (no_cuda_device()) return;
  for (std::int64_t n_keys : {30, 60, 90})
    check({.batch = 2, .n_queries = 150, .n_keys = n_keys, .n_heads = 1, .gap = 4});
  check({.batch = 64, .n_queries = 34, .n_keys = 3, .n_heads = 4, .head_dim = 1});
  check({.batch = 16, .n_queries = 130, .n_keys = 34, .n_heads = 8, .head_dim = 1});
  check({.batch = 16, .n_queries = 34, .n_keys = 65, .n_heads = 7, .head_dim = 1});
  check({.batch = 64, .n_queries = 65, .n_keys = 1, .n_heads = 8, .head_dim = 1, .dropout = 0});
}

TEST_CASE("attention on CUDA: scores far apart") {
  if (no_cuda_device()) return;
  for (std::int64_t n_keys : {30, 60, 70})
    check({.n_queries = 9, .n_keys = n_keys, .n_heads = 1, .head_dim = 32, .dropout = 0, .magnitude = 30});
}

TEST_CASE("attention on CUDA: one packed buffer for all gradients, as of one variable") {
  if (no_cuda_device()) return;
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const T* x = rig.input(random_values(40 * 16, 1));
        T* out = rig.output(40 * 16);
        T* lse = rig.output(40 * 2);
        T* grad = rig.output(40 * 16);
        const stx::AttentionInputs<T> in{.q = {x, 16},
                                         .k = {x, 16},
                                         .v = {x, 16},
                                         .batch = 2,
                                         .n_queries = 20,
                                         .n_keys = 20,
                                         .n_heads = 2,
                                         .head_dim = 8,
                                         .scale = static_cast<T>(0.5)};
        const stx::AttentionBackward<T> backward{.in = in,
                                                 .grad_out = rig.input(random_values(40 * 16, 4)),
                                                 .out = out,
                                                 .lse = lse,
                                                 .grad_q = {grad, 16},
                                                 .grad_k = {grad, 16},
                                                 .grad_v = {grad, 16},
                                                 .write_k = GradWrite::accumulate,
                                                 .write_v = GradWrite::accumulate};
        return [=, &ctx] {
          stx::attention_forward(ctx, stx::AttentionForward<T>{in, out, lse});
          stx::attention_backward(ctx, backward);
        };
      },
      32);
}
