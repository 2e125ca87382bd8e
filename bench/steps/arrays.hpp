// The arrays of one problem in device memory, and how far a result is from the reference.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "stx/core/transfer.hpp"
#include "stx/cuda.hpp"
#include "support/random.hpp"

namespace stx::steps {

class Arrays {
 public:
  explicit Arrays(Context<Cuda>& ctx) : ctx_(&ctx) {}

  template <class V>
  const V* exact(const std::vector<V>& values) {
    return to_device(*ctx_, values, Shape{static_cast<std::int64_t>(values.size())}).data;
  }
  const float* input(const std::vector<double>& values) { return exact(test::convert<float>(values)); }
  /// An array that kernels write, between two zones that they must not.
  float* output(std::int64_t size) {
    outputs_.push_back(ctx_->make_persistent<float>(Shape{size + 2 * static_cast<std::int64_t>(zone)}));
    return outputs_.back().data + zone;
  }

  /// Makes every output NaN, so that no step can live on what another left.
  void clear() {
    for (const auto& output : outputs_) {
      std::vector<float> nothing(static_cast<std::size_t>(output.size()), sentinel);
      std::fill(nothing.begin() + zone, nothing.end() - zone, std::numeric_limits<float>::quiet_NaN());
      upload(*ctx_, output, std::span<const float>(nothing));
    }
  }

  /// Whether the zones around the outputs are as clear() made them.
  bool intact() const {
    for (const auto& output : outputs_) {
      const std::vector<float> all = to_host(*ctx_, output);
      for (std::size_t i = 0; i < zone; ++i)
        if (all[i] != sentinel || all[all.size() - 1 - i] != sentinel) return false;
    }
    return true;
  }

  std::vector<double> host(const float* device, std::size_t size) const {
    std::vector<float> values(size);
    copy_to_host(*ctx_, values.data(), device, size * sizeof(float));
    return {values.begin(), values.end()};
  }

  /// Largest |device - want| / max |want|; infinite where something is not a number.
  double error(const float* device, const std::vector<double>& want) const {
    const std::vector<double> got = host(device, want.size());
    double worst = 0, scale = 1e-30;
    for (double w : want) scale = std::max(scale, std::abs(w));
    for (std::size_t i = 0; i < want.size(); ++i) {
      const double error = std::abs(got[i] - want[i]) / scale;
      if (!(error <= worst)) worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
    }
    return worst;
  }

 private:
  static constexpr std::size_t zone = 64;  // a multiple of 16 bytes keeps the alignment
  static constexpr float sentinel = -987654;

  Context<Cuda>* ctx_;
  std::vector<Tensor<float, Cuda>> outputs_;
};

}  // namespace stx::steps
