#include "stx/backend/gat.hpp"

#include "stx/graph/device_graph.hpp"
#include "support/device_rig.hpp"
#include "support/naive_graph.hpp"

using namespace stx::test;
using stx::GradWrite;

namespace {

struct Gat {
  std::int64_t n = 20;
  double degree = 4;
  std::int64_t n_heads = 2, dim = 8;
  float dropout = 0.2f;
  bool bias = true, features = true;
  GradWrite write = GradWrite::overwrite;
  double spread = 1;
};

void check(const Gat& s) {
  CAPTURE(s.n);
  CAPTURE(s.n_heads);
  CAPTURE(s.dim);
  stx::CsrGraph csr;
  for (const auto& row : naive::random_rows(s.n, s.degree, 3)) {
    csr.indices.insert(csr.indices.end(), row.begin(), row.end());
    csr.indptr.push_back(csr.n_edges());
  }
  compare_devices(
      [&](auto& ctx, auto& rig) {
        using T = typename std::remove_reference_t<decltype(rig)>::Scalar;
        const std::int64_t width = s.n_heads * s.dim;
        const stx::GatInputs<T> in{.graph = to_device(ctx, csr).view(),
                                   .h = rig.input(random_values(s.n * width, 1)),
                                   .a_src = rig.input(random_values(width, 2, -s.spread, s.spread)),
                                   .a_dst = rig.input(random_values(width, 3, -s.spread, s.spread)),
                                   .bias = s.bias ? rig.input(random_values(width, 4)) : nullptr,
                                   .n_heads = s.n_heads,
                                   .dim = s.dim,
                                   .slope = static_cast<T>(0.25),
                                   .dropout = {s.dropout, 6}};
        const stx::GatScores<T> scores{rig.output(s.n * s.n_heads), rig.output(s.n * s.n_heads),
                                       rig.output(s.n * s.n_heads)};
        T* out = rig.output(s.n * width);
        const stx::GatBackward<T> backward{.in = in,
                                           .scores = scores,
                                           .out = out,
                                           .grad_out = rig.input(random_values(s.n * width, 5)),
                                           .grad_h = s.features ? rig.output(s.n * width, s.write) : nullptr,
                                           .grad_a_src = rig.output(width, s.write),
                                           .grad_a_dst = rig.output(width, s.write),
                                           .grad_bias = s.bias ? rig.output(width, s.write) : nullptr,
                                           .write_h = s.write,
                                           .write_a_src = s.write,
                                           .write_a_dst = s.write,
                                           .write_bias = s.write};
        return [=, &ctx] {
          stx::gat_forward(ctx, stx::GatForward<T>{in, scores, out});
          stx::gat_backward(ctx, backward);
        };
      },
      32);
}

}  // namespace

TEST_CASE("gat on CUDA: dropout, bias, gradients, overwrite and accumulate") {
  if (no_cuda_device()) return;
  for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate})
    for (float dropout : {0.0f, 0.2f}) {
      check({.n = 70, .dropout = dropout, .write = write});
      check({.n = 45, .degree = 20, .n_heads = 9, .dim = 5, .dropout = dropout, .bias = false, .write = write});
    }
  check({.features = false});
}

TEST_CASE("gat on CUDA: odd shapes, nodes with many edges") {
  if (no_cuda_device()) return;
  for (std::int64_t n : {0, 1, 2, 31, 32, 33, 1023}) check({.n = n, .n_heads = 1});
  check({.n = 4097, .degree = 1, .n_heads = 1, .dim = 2});
  for (std::int64_t dim : {1, 3, 4, 7, 10, 31, 32, 33, 64, 127, 128}) check({.dim = dim});
  check({.n = 130, .degree = 100, .n_heads = 1, .dim = 16});
}

TEST_CASE("gat on CUDA: scores far apart") {
  if (no_cuda_device()) return;
  check({.n = 100, .degree = 40, .dim = 16, .dropout = 0, .spread = 20});
}
