#include "registry.hpp"
#include "stx/diffusion/sampler.hpp"
#include "support/naive_sampling.hpp"

namespace stx::bench {
namespace {

using diffusion::Solver;

/// A 2M step (reads the prediction before), a DDIM step without noise or an ancestral step. The coefficients leave u
/// unchanged in size.
template <class D>
Case update_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, Solver solver) {
  Buffers<D> memory(ctx);
  const std::int64_t n = rows * cols;
  const auto u = test::random_values(n, 1), eps = test::random_values(n, 2);
  auto mask = test::random_values(n, 3);
  for (double& m : mask) m = m > 0 ? 1 : 0;
  const DiffusionStep step{
      1.0f, -0.5f, 0.5f, 0.25f, solver == Solver::dpm2m ? 0.125f : 0.0f, solver == Solver::ddpm ? 0.25f : 0.0f};
  const DiffusionUpdate<float> args{.u = memory.input(u),
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

/// A chunk of rows through all steps of a plan. The network's prediction lies ready: what is timed is the loop around
/// it.
template <class D>
Case sampler_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, const diffusion::SamplingPlan& plan) {
  Buffers<D> memory(ctx);
  const std::int64_t n = rows * cols;
  const Shape shape{rows, cols};
  const auto eps = test::random_values(n, 2), known = test::random_values(n, 4);
  auto mask = test::random_values(n, 3);
  for (double& m : mask) m = m > 0 ? 1 : 0;
  const DiffusionFields<float, D> fields{
      .mask = {memory.input(mask), shape},
      .known = {memory.input(known), shape},
      .low = {memory.input(std::vector<double>(static_cast<std::size_t>(cols), -1.0)), Shape{cols}},
      .high = {memory.input(std::vector<double>(static_cast<std::size_t>(cols), 1.0)), Shape{cols}}};
  const Tensor<float, D> predicted{memory.input(eps), shape};
  const auto sampler = std::make_shared<diffusion::Sampler<float, D>>(ctx, plan, rows, cols, fields, 1);
  const auto last = std::make_shared<Tensor<float, D>>();
  const auto run = [&ctx, sampler, last, predicted, rows] {
    *last = sampler->run(ctx, rows, 0, [predicted](Context<D>&, const auto&, const auto&) { return predicted; });
  };
  const auto error = [memory, last, plan, eps, known, mask, cols] {
    std::vector<double> want;
    for (std::size_t e = 0; e < eps.size(); ++e) {
      const auto i = static_cast<std::int64_t>(e);
      double u = 0, before = 0;
      for (std::size_t k = 0; k < plan.steps.size(); ++k) {
        const DiffusionStep& s = plan.steps[k];
        const double x0 = std::clamp(double{s.x0_u} * u + double{s.x0_eps} * eps[e], -1.0, 1.0);
        const double z =
            s.noise != 0 ? test::naive::normal(0, static_cast<std::uint32_t>(k), 1, i / cols, i % cols) : 0.0;
        u = double{s.u} * u + double{s.x0} * x0 + double{s.previous} * before + double{s.noise} * z;
        before = x0;
      }
      want.push_back(mask[e] == 1 ? known[e] : u);
    }
    return memory.error(last->data, want);
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols) {
  const double size = static_cast<double>(rows * cols);
  for (const auto& [kind, solver] :
       {std::pair{"dpm2m_", Solver::dpm2m}, {"ddpm_", Solver::ddpm}, {"ddim_", Solver::ddim}})
    suite.add("diffusion_update/" + (kind + name), rows, {28 * size, 12 * size},
              [cols, solver = solver](Context<D>& ctx, std::int64_t n) { return update_case(ctx, n, cols, solver); });
}

template <class D>
void add_sampler(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols, Solver solver) {
  const diffusion::SamplingPlan plan =
      diffusion::make_plan(diffusion::NoiseSchedule::cosine(1500), {.solver = solver, .steps = 20});
  const double entries = static_cast<double>(rows * cols) * static_cast<double>(plan.steps.size());
  suite.add("sampler/" + name, rows, {28 * entries, 12 * entries},
            [cols, plan](Context<D>& ctx, std::int64_t n) { return sampler_case(ctx, n, cols, plan); });
}

}  // namespace

template <class D>
void add_diffusion_update(Suite<D>& suite) {
  add(suite, "256x996", 256, 996);
  add(suite, "large_8192x2000", 8192, 2000);
  add_sampler(suite, "dpm2m_20_steps_256x996", 256, 996, Solver::dpm2m);
  add_sampler(suite, "ddim_20_steps_256x996", 256, 996, Solver::ddim);
  add_sampler(suite, "large_dpm2m_20_steps_8192x2000", 8192, 2000, Solver::dpm2m);
}
void register_diffusion_update(Suites& suites) {
  suites.each([](auto& suite) { add_diffusion_update(suite); });
}

}  // namespace stx::bench
