// Random logits and counts for the ladder of the decoder head, and the results in double.
#pragma once

#include "../arrays.hpp"
#include "ladder.hpp"
#include "support/count_cases.hpp"

namespace stx::steps {

struct CountDecoderCase {
  test::CountCase counts;
  std::vector<double> grad_value;
  Arrays arrays;
  CountDecoderProblem problem;

  CountDecoderCase(Context<Cuda>& ctx, std::int64_t rows, std::int64_t cols)
      : counts{.rows = rows, .cols = cols, .softmax = true, .inflated = true}, grad_value(test::random_values(rows, 5)),
        arrays(ctx) {
    const std::int64_t n = rows * cols;
    CountModel<float> model{.logits = arrays.input(counts.rates()),
                            .library = arrays.input(counts.library()),
                            .dispersion = {.log_theta = arrays.input(counts.log_theta())},
                            .zeta = arrays.input(counts.zeta()),
                            .rows = rows,
                            .cols = cols};
    model.counts.dense = arrays.input(counts.counts());
    problem.forward = {
        .model = model, .value = arrays.output(rows), .lse = arrays.output(rows), .grad_sum = arrays.output(rows)};
    problem.backward = {.model = model,
                        .grad_value = arrays.input(grad_value),
                        .lse = problem.forward.lse,
                        .grad_sum = problem.forward.grad_sum,
                        .grad_logits = arrays.output(n),
                        .grad_zeta = arrays.output(n),
                        .grad_log_theta = arrays.output(cols)};
    for (float** array :
         {&problem.log_softmax, &problem.log_rate, &problem.log_prob, &problem.grad_rate, &problem.grad_theta})
      *array = arrays.output(n);
  }

  /// Values of rows, gradients of logits, zeta and log theta.
  std::vector<double> result() const {
    std::vector<double> all = arrays.host(problem.forward.value, problem.rows());
    for (const auto& [data, size] : {std::pair{problem.backward.grad_logits, problem.size()},
                                     std::pair{problem.backward.grad_zeta, problem.size()},
                                     std::pair{problem.backward.grad_log_theta, problem.cols()}}) {
      const auto values = arrays.host(data, size);
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }
  double error() const {
    const auto want = counts.naive_result<double>(grad_value);
    return std::max({arrays.error(problem.forward.value, want.value),
                     arrays.error(problem.backward.grad_logits, want.grad_rates),
                     arrays.error(problem.backward.grad_zeta, want.grad_zeta),
                     arrays.error(problem.backward.grad_log_theta, want.grad_log_theta)});
  }
};

}  // namespace stx::steps
