// Gradients of an op in double against central differences.
#pragma once

#include "compare.hpp"
#include "run_op.hpp"
#include "stx/backend/cpu/transfer.hpp"

namespace stx::test {

struct GradientCheck {
  double step = 1e-5;       ///< half the distance of the two evaluations
  double tolerance = 1e-7;  ///< of |analytic - numeric| / max(1, |numeric|)
  std::uint64_t seed = 7;   ///< of the random streams (dropout)
  bool accumulate = true;   ///< repeat with every input used twice
};

/// Checks every element of the gradient of every input that needs one.
template <class F>
void check_gradients(std::vector<Input> inputs, F&& op, const GradientCheck& check = {}) {
  Context<Cpu> ctx({.threads = 2, .seed = check.seed});
  begin_step(ctx);
  for (int uses = 1; uses <= (check.accumulate ? 2 : 1); ++uses) {
    const auto loss = [&] {
      double sum = 0;
      const OpRun<double> run = run_op<double>(ctx, inputs, op, uses);
      for (std::size_t k = 0; k < run.outputs.size(); ++k) {
        const std::vector<double> weights = output_weights(k, static_cast<std::int64_t>(run.outputs[k].size()));
        for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * run.outputs[k][i];
      }
      return sum;
    };
    const OpRun<double> analytic = run_op<double>(ctx, inputs, op, uses);
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      if (!inputs[n].needs_grad) continue;
      REQUIRE(analytic.grads[n].size() == inputs[n].values.size());
      std::vector<double> numeric(inputs[n].values.size());
      double largest = 1;
      for (std::size_t i = 0; i < numeric.size(); ++i) {
        double& x = inputs[n].values[i];
        const double before = x;
        x = before + check.step;
        const double above = loss();
        x = before - check.step;
        const double below = loss();
        x = before;
        numeric[i] = (above - below) / (2 * check.step);
        largest = std::max(largest, std::abs(numeric[i]));
      }
      INFO("input ", n, " of ", inputs.size(), ", used ", uses, " times");
      CHECK(max_error(analytic.grads[n], numeric) <= check.tolerance * largest);
    }
  }
}

/// Outputs and gradients must be the same bits for every number of threads and in a second run.
template <class T, class F>
void check_same_for_all_threads(const std::vector<Input>& inputs, F&& op, int uses = 1) {
  const auto run = [&](int threads) {
    Context<Cpu> ctx({.threads = threads, .seed = 3});
    begin_step(ctx);
    return run_op<T>(ctx, inputs, op, uses);
  };
  const OpRun<T> one = run(1);
  for (int threads : {1, 2, 3, 5}) {
    const OpRun<T> other = run(threads);
    INFO(threads, " threads");
    CHECK(same_bits(one.outputs, other.outputs));
    CHECK(same_bits(one.grads, other.grads));
  }
}

}  // namespace stx::test
