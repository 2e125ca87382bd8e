// ContextOptions::check_inputs looked at: what an op says of a NaN in each of its inputs.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "run_op.hpp"
#include "stx/backend/cpu/transfer.hpp"

namespace stx::test {

using FloatOp = std::vector<Var<float, Cpu>> (*)(Context<Cpu>&, const std::vector<Var<float, Cpu>>&);

/// An input by the name that errors give it.
struct Named {
  const char* name;
  Shape shape;
};

/// What the op throws of numbers; empty where it throws nothing.
inline std::string report_of(Context<Cpu>& ctx, const std::vector<Input>& inputs, FloatOp op) {
  try {
    run_op<float>(ctx, inputs, op);
  } catch (const NumericError& error) {
    return error.what();
  }
  return "";
}

/// Every value of every input is found when it is NaN, and nothing else; all inputs are between 0.1 and 1.
inline void check_every_nan(const std::string& where, const std::vector<Named>& inputs, FloatOp op) {
  CAPTURE(where);
  Context<Cpu> ctx({.threads = 1, .check_inputs = true});
  std::vector<Input> values;
  for (const Named& input : inputs) values.push_back(random_input(input.shape, values.size() + 1, 0.1, 1));
  CHECK(report_of(ctx, values, op) == "");
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const double before = std::exchange(values[k].values.back(), std::nan(""));
    const std::string begin = "[" + where + "] " + inputs[k].name + " ";
    CHECK(report_of(ctx, values, op).substr(0, begin.size()) == begin);
    values[k].values.back() = before;
  }
}

}  // namespace stx::test
