// The second stage on CUDA: as on the CPU.
#include "examples/dcavae/positions.hpp"
#include "support/device_rig.hpp"

using namespace stx::test;
using stx::Matrix;

namespace {

Matrix<float> matrix(std::int64_t rows, std::int64_t cols, std::uint64_t seed, double low = -1) {
  Matrix<float> m(rows, cols);
  const auto values = random_values(rows * cols, seed, low, 1);
  std::copy(values.begin(), values.end(), m.values.begin());
  return m;
}

template <class D>
stx::dcavae::Placement placed(bool noise) {
  const Matrix<float> spots = matrix(40, 5, 1), spot_sd = matrix(40, 5, 2, 0.1), cells = matrix(9, 5, 3),
                      cell_sd = matrix(9, 5, 4, 0.1);
  Matrix<double> coordinates(40, 2);
  for (std::int64_t i = 0; i < 40; ++i)
    for (std::int64_t d = 0; d < 2; ++d) coordinates(i, d) = 100 * spots(i, d) + 10 * spots(i, 2);
  stx::dcavae::PositionOptions options;
  options.hidden = {16, 8};
  options.epochs = 3;
  options.batch_size = 8;
  options.samples = 2;
  options.noise = noise;
  return stx::dcavae::place_cells<D>({.threads = 1, .seed = 5}, {spots, spot_sd}, coordinates, {cells, cell_sd},
                                     options, [](std::int64_t, const stx::EpochRecord&) {});
}

}  // namespace

TEST_CASE("dcavae positions on CUDA") {
  if (no_cuda_device()) return;
  for (const bool noise : {false, true}) {
    INFO("noise " << noise);
    const auto cpu = placed<stx::Cpu>(noise);
    const auto cuda = placed<stx::Cuda>(noise);
    const auto check = [](const std::vector<double>& want, const std::vector<double>& got) {
      REQUIRE(want.size() == got.size());
      for (std::size_t i = 0; i < want.size(); ++i) CHECK(std::abs(want[i] - got[i]) <= 1e-3 * (1 + std::abs(want[i])));
    };
    check(cpu.cells.position.values, cuda.cells.position.values);
    check(cpu.cells.spread, cuda.cells.spread);
    check(cpu.cells.radius, cuda.cells.radius);
    for (std::size_t e = 0; e < 3; ++e)
      CHECK(std::abs(cpu.epochs[e].loss - cuda.epochs[e].loss) <= 1e-4 * cpu.epochs[e].loss);
    CHECK(cpu.epochs[2].loss < cpu.epochs[0].loss);
  }
}
