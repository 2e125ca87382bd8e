#include "stx/autograd/check_finite.hpp"

#include <doctest/doctest.h>

#include "stx/backend/cpu/transfer.hpp"
#include "stx/ops/linear.hpp"
#include "stx/ops/softmax.hpp"
#include "support/range_checks.hpp"

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

TEST_CASE("check_inputs: an index out of range is an error that names op, input, position and range") {
  check_index_messages<Cpu>();
}

TEST_CASE("check_inputs: theta of 0, below 0, and too large or small for float") { check_theta_messages<Cpu>(); }

TEST_CASE("check_inputs: infinity passes where it is a mask, NaN does not; off, nothing is checked") {
  const std::vector<Input> masked = {{Shape{1, 3}, {-infinity, 1, 2}}}, bad = {{Shape{1, 3}, {std::nan(""), 1, 2}}};
  stx::Context<Cpu> checking({.check_inputs = true}), plain;
  CHECK_NOTHROW(run_op<float>(checking, masked, weights));
  CHECK_THROWS_AS(run_op<float>(checking, bad, weights), stx::NumericError);
  CHECK_NOTHROW(run_op<float>(plain, bad, weights));
}
