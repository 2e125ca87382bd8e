#include "registry.hpp"
#include "stx/ops/diffusion_update.hpp"
#include "support/naive_sampling.hpp"

namespace stx::bench {
namespace {

/// A 2M step (no noise) or an ancestral step. The coefficients leave u unchanged in size.
template <class D>
Case update_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, bool noisy) {
  Buffers<D> memory(ctx);
  const std::int64_t n = rows * cols;
  const auto u = test::random_values(n, 1), eps = test::random_values(n, 2);
  auto mask = test::random_values(n, 3);
  for (double& m : mask) m = m > 0 ? 1 : 0;
  const DiffusionStep step{1.0f, -0.5f, 0.5f, 0.25f, noisy ? 0.0f : 0.125f, noisy ? 0.25f : 0.0f};
  const DiffusionUpdate<float> args{
      .u = memory.input(u),
      .x0 = memory.input(std::vector<double>(static_cast<std::size_t>(n), 0.0)),
      .eps = memory.input(eps),
      .mask = memory.input(mask),
      .known = memory.input(eps),
      .low = memory.input(std::vector<double>(static_cast<std::size_t>(cols), -1.0)),
      .high = memory.input(std::vector<double>(static_cast<std::size_t>(cols), 1.0)),
      .steps = to_device(ctx, std::vector<DiffusionStep>{step}, Shape{1}).data,
      .position = to_device(ctx, std::vector<DiffusionPosition>{{0, 0}}, Shape{1}).data,
      .rows = rows,
      .cols = cols,
      .site = 1};
  const auto error = [memory, args, u, eps, mask, cols, step] {
    std::vector<double> want;
    for (std::size_t e = 0; e < u.size(); ++e) {
      const auto i = static_cast<std::int64_t>(e);
      const double x0 = std::clamp(u[e] - 0.5 * eps[e], -1.0, 1.0);
      const double z = step.noise != 0 ? test::naive::normal(0, 0, 1, i / cols, i % cols) : 0.0;
      want.push_back(mask[e] == 1 ? eps[e] : 0.5 * u[e] + 0.25 * x0 + double{step.noise} * z);
    }
    return memory.error(args.u, want);
  };
  return {[&ctx, args] { diffusion_update(ctx, args); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols) {
  const double size = static_cast<double>(rows * cols);
  for (const bool noisy : {false, true})
    suite.add("diffusion_update/" + std::string(noisy ? "ddpm_" : "dpm2m_") + name, rows,
              {28 * size, 12 * size}, [cols, noisy](Context<D>& ctx, std::int64_t n) {
                return update_case(ctx, n, cols, noisy);
              });
}

}  // namespace

template <class D>
void add_diffusion_update(Suite<D>& suite) {
  add(suite, "256x996", 256, 996);
  add(suite, "large_8192x2000", 8192, 2000);
}
void register_diffusion_update(Suites& suites) {
  suites.each([](auto& suite) { add_diffusion_update(suite); });
}

}  // namespace stx::bench
