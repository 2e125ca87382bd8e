// Every step of the ladders in bench/steps reaches the result of plain loops in double and that of
// the library's kernel, at odd sizes.
#include "count_decoder/case.hpp"
#include "gat/case.hpp"
#include "softmax/case.hpp"
#include "support/device_rig.hpp"

using namespace stx::test;

namespace {

constexpr stx::ContextOptions no_products{.gemm_workspace_bytes = 256};

template <class Case, class Ladder>
void climb(stx::Context<stx::Cuda>& ctx, Case& made, const Ladder& ladder, double tolerance) {
  const auto run = [&](const auto& rung) {
    made.arrays.clear();
    stx::begin_pass(ctx);
    rung.run(ctx, made.problem);
    return made.result();
  };
  REQUIRE(ladder.size() >= 4);
  const auto final = run(ladder.back());
  for (const auto& rung : ladder) {
    INFO(std::string(rung.name));
    const auto result = run(rung);
    CHECK(made.arrays.intact());
    CHECK(made.error() <= tolerance);
    CHECK(max_error(result, final) <= tolerance * std::max(1.0, max_abs(final)));
    CHECK(same_bits(run(rung), result));
  }
}

}  // namespace

TEST_CASE("steps: softmax from a thread a row to the library's kernel") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t rows, std::int64_t n) {
    CAPTURE(rows);
    CAPTURE(n);
    stx::Context<stx::Cuda> ctx(no_products);
    stx::steps::SoftmaxCase made(ctx, rows, n);
    climb(ctx, made, stx::steps::softmax_ladder(), 4e-6);
  };
  for (std::int64_t odd : odd_sizes) check(3, odd);
  for (std::int64_t odd : {0, 1, 31, 32, 33, 257}) check(odd, 30);
}

TEST_CASE("steps: graph attention from seven kernels to the library's") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t nodes, double degree, std::int64_t heads, std::int64_t dim) {
    CAPTURE(nodes);
    CAPTURE(heads);
    CAPTURE(dim);
    stx::Context<stx::Cuda> ctx(no_products);
    stx::steps::GatCase made(ctx, naive::random_rows(nodes, degree, 3), heads, dim);
    climb(ctx, made, stx::steps::gat_ladder(), 4e-6);
  };
  for (std::int64_t nodes : {0, 1, 2, 31, 33, 257}) check(nodes, 4, 2, 8);  // some without edges
  for (std::int64_t dim : {1, 5, 32, 33, 128}) check(40, 9, 3, dim);
  check(70, 60, 1, 10);  // more edges a node than lanes a warp
}

TEST_CASE("steps: decoder head from eight kernels to the library's") {
  if (no_cuda_device()) return;
  const auto check = [](std::int64_t rows, std::int64_t cols) {
    CAPTURE(rows);
    CAPTURE(cols);
    stx::Context<stx::Cuda> ctx(no_products);
    stx::steps::CountDecoderCase made(ctx, rows, cols);
    climb(ctx, made, stx::steps::count_decoder_ladder(), 2e-5);
  };
  for (std::int64_t odd : odd_sizes) check(3, odd);
  for (std::int64_t odd : {0, 1, 31, 32, 33, 257}) check(odd, 30);
}
