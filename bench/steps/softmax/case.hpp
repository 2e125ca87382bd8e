// Random logits for the ladder of softmax, and the result in double.
#pragma once

#include "../arrays.hpp"
#include "ladder.hpp"
#include "support/naive_softmax.hpp"

namespace stx::steps {

struct SoftmaxCase {
  std::vector<double> x;
  Arrays arrays;
  SoftmaxForward<float> problem;

  SoftmaxCase(Context<Cuda>& ctx, std::int64_t rows, std::int64_t n)
      : x(test::random_values(rows * n, 1, -8, 8)),
        arrays(ctx), problem{.x = arrays.input(x), .y = arrays.output(rows * n), .rows = rows, .n = n, .scale = 0.5f} {}

  std::vector<double> result() const { return arrays.host(problem.y, x.size()); }
  double error() const {
    const auto want = test::naive::softmax<double>(x, {}, {}, problem.rows, problem.n, 0.5);
    return arrays.error(problem.y, want.y);
  }
};

}  // namespace stx::steps
