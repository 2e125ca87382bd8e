// One thing to measure: how to build it, run it once and judge its result.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/transfer.hpp"
#include "support/naive.hpp"
#include "support/random.hpp"

namespace stx::bench {

/// The least one call can do: every input read and every output written once; multiply-adds
/// count 2.
struct Work {
  double bytes = 0;
  double flops = 0;
};

/// A problem in device memory.
struct Case {
  std::function<void()> run;      ///< one call of the op
  std::function<double()> error;  ///< largest difference from plain loops in double, relative to the largest value
};

/// Random inputs and outputs of one case, in the persistent arena of its context.
template <class D>
class Buffers {
 public:
  explicit Buffers(Context<D>& ctx) : ctx_(&ctx) {}

  float* input(const std::vector<double>& values) {
    return to_device(*ctx_, test::convert<float>(values), Shape{static_cast<std::int64_t>(values.size())}).data;
  }
  float* random(std::int64_t size) { return input(test::random_values(size, ++seed_)); }
  float* output(std::int64_t size) { return ctx_->template make_persistent<float>(Shape{size}).data; }

  /// Largest |device - want| / max |want|; infinite when something is not a number.
  double error(const float* device, const std::vector<double>& want) const {
    std::vector<float> got(want.size());
    copy_to_host(*ctx_, got.data(), device, got.size() * sizeof(float));
    double worst = 0, scale = 1e-30;
    for (double w : want) scale = std::max(scale, std::abs(w));
    for (std::size_t i = 0; i < want.size(); ++i) {
      const double e = std::abs(got[i] - want[i]) / scale;
      if (!(e <= worst)) worst = std::isnan(e) ? INFINITY : e;
    }
    return worst;
  }
  std::vector<double> host(const float* device, std::int64_t size) const {
    std::vector<float> got(static_cast<std::size_t>(size));
    copy_to_host(*ctx_, got.data(), device, got.size() * sizeof(float));
    return {got.begin(), got.end()};
  }

 private:
  Context<D>* ctx_;
  std::uint64_t seed_ = 0;
};

}  // namespace stx::bench
