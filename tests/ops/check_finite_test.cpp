#include "stx/autograd/check_finite.hpp"

#include <doctest/doctest.h>

#include "stx/ops/count_log_prob.hpp"
#include "stx/ops/linear.hpp"
#include "stx/ops/softmax.hpp"
#include "support/run_op.hpp"
#include "stx/backend/cpu/transfer.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

const auto layer = [](auto& ctx, const auto& v) { return std::vector{stx::linear(ctx, v[0], v[1], v[2])}; };
const auto weights = [](auto& ctx, const auto& v) { return std::vector{stx::softmax(ctx, v[0])}; };

}  // namespace

TEST_CASE("check_inputs: a value that is not finite is an error that names op, input and place") {
  stx::Context<Cpu> ctx({.check_inputs = true});
  std::vector<Input> in = {random_input({3, 4}, 1), random_input({2, 4}, 2), random_input({2}, 3)};
  CHECK_NOTHROW(run_op<float>(ctx, in, layer));
  in[1].values[6] = std::nan("");
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, layer),
                       "[linear] weight (2, 4) holds nan at row 1, column 2; look at what made it", stx::NumericError);
  in[1].values[6] = 0;
  in[2].values[1] = -infinity;
  CHECK_THROWS_WITH_AS(run_op<double>(ctx, in, layer),
                       "[linear] bias (2) holds -inf at row 0, column 1; look at what made it", stx::NumericError);
}

TEST_CASE("check_inputs: theta = 0 and theta < 0, whose logarithms are no numbers") {
  stx::Context<Cpu> ctx({.check_inputs = true});
  std::vector<Input> in = {random_input({2, 3}, 1), random_input({2, 3}, 2), random_input({3}, 3)};
  const auto likelihood = []<class D>(stx::Context<D>& context, const auto& v) {
    return std::vector{stx::count_log_prob(context, stx::Counts<float, D>(v[0].value()), v[1],
                                           stx::Dispersion<float, D>{v[2]})};
  };
  for (double& count : in[0].values) count = 1;
  in[0].needs_grad = false;
  CHECK_NOTHROW(run_op<float>(ctx, in, likelihood));
  in[2].values[1] = std::log(0.0);
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, likelihood),
                       "[count_log_prob] log_theta (3) holds -inf at row 0, column 1; look at what made it",
                       stx::NumericError);
  in[2].values[1] = std::nan("");  // ln of a negative number
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, likelihood),
                       "[count_log_prob] log_theta (3) holds nan at row 0, column 1; look at what made it",
                       stx::NumericError);
}

TEST_CASE("check_inputs: infinity passes where it is a mask, NaN does not; off, nothing is checked") {
  const std::vector<Input> masked = {{Shape{1, 3}, {-infinity, 1, 2}}}, bad = {{Shape{1, 3}, {std::nan(""), 1, 2}}};
  stx::Context<Cpu> checking({.check_inputs = true}), plain;
  CHECK_NOTHROW(run_op<float>(checking, masked, weights));
  CHECK_THROWS_AS(run_op<float>(checking, bad, weights), stx::NumericError);
  CHECK_NOTHROW(run_op<float>(plain, bad, weights));
}
