#include "stx/backend/pair_bits.hpp"

#include <set>

#include "support/device_rig.hpp"

using namespace stx::test;

namespace {

void check(std::int64_t n_rows, std::int64_t n_columns, std::int64_t k, bool by_columns) {
  CAPTURE(n_rows);
  CAPTURE(n_columns);
  const std::int64_t n_lists = 40, n_ids = 120;
  std::vector<std::int32_t> lists, anchors, others;
  for (std::int64_t r = 0; r < n_lists; ++r) {
    std::set<std::int32_t> list;
    for (std::int64_t m = 0; static_cast<std::int64_t>(list.size()) < k; ++m)
      list.insert(static_cast<std::int32_t>((r * 31 + m * 37) % n_ids));
    lists.insert(lists.end(), list.begin(), list.end());
  }
  for (std::int64_t i = 0; i < (by_columns ? n_columns : n_rows); ++i)
    anchors.push_back(static_cast<std::int32_t>(i * 13 % (n_lists + 1)));
  for (std::int64_t i = 0; i < (by_columns ? n_rows : n_columns); ++i)
    others.push_back(static_cast<std::int32_t>(i * 7 % (n_ids + 2) - 1));
  const auto run = [&]<class D>(D) {
    stx::Context<D> ctx;
    DeviceRig<float, D> rig(ctx);
    const std::int64_t size = n_rows * ((n_columns + 31) / 32);
    const auto bits = stx::to_device(ctx, std::vector<std::uint32_t>(size + 8, 77u), stx::Shape{size + 8});
    const stx::PairBits<std::int32_t> args{
        rig.exact(lists), rig.exact(anchors), rig.exact(others), bits.data + 4, n_lists, k, n_ids,
        n_rows,           n_columns,          by_columns};
    stx::StepGraph<D> graph(ctx);
    for (int i = 0; i < 3; ++i)  // eager, captured, replayed
      graph.run(0, [&] {
        stx::begin_step(ctx);
        stx::pair_bits(ctx, args);
      });
    return stx::to_host(ctx, bits);
  };
  const auto got = run(stx::Cuda{});
  CHECK(got == run(stx::Cpu{}));
  CHECK(std::count(got.begin(), got.end(), 77u) >= 8);
}

}  // namespace

TEST_CASE("pair_bits on CUDA has the bits of the CPU") {
  if (no_cuda_device()) return;
  for (bool by_columns : {false, true}) {
    for (std::int64_t odd : {0, 1, 31, 32, 33, 1023, 4097}) {
      check(odd, 35, 50, by_columns);
      check(9, odd, 7, by_columns);
    }
    check(64, 64, 1, by_columns);
  }
}
