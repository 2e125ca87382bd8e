// ContextOptions::check_inputs in what holds a state from step to step: samplers and optimisers.
#include <doctest/doctest.h>

#include <utility>

#include "stx/backend/cpu/transfer.hpp"
#include "stx/ops/diffusion_update.hpp"
#include "stx/optim/adam.hpp"
#include "stx/optim/clip_grad_norm.hpp"
#include "stx/optim/ema.hpp"
#include "support/run_op.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

/// What the step `at` of a plan of one step says of a state u, of the last prediction x0, or of nothing.
std::string report_of_step(const stx::DiffusionStep& step, std::int32_t at, bool bad_u, bool bad_x0) {
  stx::Context<Cpu> ctx({.check_inputs = true});
  const auto values = [&](bool bad) {
    std::vector<float> v{0.5f, 0.25f};
    if (bad) v[1] = std::nanf("");
    return to_device(ctx, v, Shape{1, 2});
  };
  const auto steps = to_device(ctx, std::vector{step}, Shape{1});
  const auto position = to_device(ctx, std::vector<stx::DiffusionPosition>{{at, 0}}, Shape{1});
  try {
    stx::diffusion_update<float, Cpu>(ctx, values(bad_u), values(bad_x0), values(false), steps, position, 1);
  } catch (const stx::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("check_inputs: the state of a sampler where a step reads it, and its position") {
  const std::string u = "[diffusion_update] u (1, 2) holds nan at row 0, column 1; look at what made it";
  const std::string x0 = "[diffusion_update] x0 (1, 2) holds nan at row 0, column 1; look at what made it";
  CHECK(report_of_step({.noise = 1}, 0, true, true) == "");  // a first step: nothing was written yet
  CHECK(report_of_step({.x0_eps = 1, .x0 = 1}, 0, true, true) == "");
  CHECK(report_of_step({.u = 1}, 0, true, true) == u);
  CHECK(report_of_step({.x0_u = 1}, 0, true, true) == u);
  CHECK(report_of_step({.u = 1}, 0, false, true) == "");
  CHECK(report_of_step({.u = 1, .previous = 1}, 0, false, true) == x0);
  CHECK(report_of_step({}, -1, false, false) ==
        "[diffusion_update] position must be in [0, 1), got -1; start from -1 and call begin_diffusion_step before "
        "every step");
  CHECK(report_of_step({}, 1, false, false) ==
        "[diffusion_update] position must be in [0, 1), got 1; start from -1 and call begin_diffusion_step before "
        "every step");
}

TEST_CASE("check_inputs: optimisers name the parameter whose value or gradient is not finite") {
  using Said = std::vector<std::string>;
  stx::Context<Cpu> ctx({.check_inputs = true});
  stx::ParameterStore<float, Cpu> store;
  store.add("a.weight", Shape{2, 3}, stx::Init::uniform(1));
  store.add("a.bias", Shape{3}, stx::Init::uniform(1));
  store.allocate(ctx, 1);
  for (auto& e : store.entries()) e.state.has_grad = true;
  stx::optim::Adam<float, Cpu> adam(ctx, store, {});
  stx::optim::ParameterEma<float, Cpu> ema(ctx, store, {});
  begin_step(ctx);
  // What each of the three says while `value` is NaN.
  const auto reports = [&](float& value) {
    const float before = std::exchange(value, std::nanf(""));
    Said said(3);
    for (int k = 0; k < 3; ++k) {
      try {
        if (k == 0) adam.step(ctx);
        if (k == 1) ema.update(ctx);
        if (k == 2) stx::optim::clip_grad_norm(ctx, store, 1);
      } catch (const stx::NumericError& error) {
        said[k] = error.what();
      }
    }
    value = before;
    return said;
  };
  const auto& weight = store.entries()[0].state;
  const auto& bias = store.entries()[1].state;
  const std::string at_11 = " (2, 3) holds nan at row 1, column 1; look at what made it";
  const std::string at_2 = " (3) holds nan at row 0, column 2; look at what made it";
  const std::string at_1 = " (32) holds nan at row 0, column 1; look at what made it";  // flat, with padding
  float elsewhere = 0;
  CHECK(reports(elsewhere) == Said{"", "", ""});
  CHECK(reports(weight.value.data[4]) ==
        Said{"[Adam] parameter a.weight" + at_11, "[ParameterEma] parameter a.weight" + at_11, ""});
  CHECK(reports(bias.grad.data[2]) ==
        Said{"[Adam] gradient of a.bias" + at_2, "", "[clip_grad_norm] gradient of a.bias" + at_2});
  CHECK(reports(adam.means().data[1]) == Said{"[Adam] means" + at_1, "", ""});
  CHECK(reports(adam.squares().data[1]) == Said{"[Adam] squares" + at_1, "", ""});
  CHECK(reports(ema.average().data[1]) == Said{"", "[ParameterEma] average" + at_1, ""});
  CHECK(reports(elsewhere) == Said{"", "", ""});
}
