// The formula fixture of the specification of T5: small weights from sines, for any device.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "stx/nn/t5_encoder.hpp"

namespace stx::test {

inline nn::T5Config t5_fixture_config(bool gated) {
  nn::T5Config c{.vocabulary = 16, .width = 6, .head_width = 4, .heads = 2, .hidden = 10, .blocks = 2};
  c.gated = gated;
  c.activation = gated ? Activation::gelu_tanh : Activation::relu;
  return c;
}

/// Number of every tensor in the order of the specification, from 1.
inline std::map<std::string, int> t5_fixture_numbers(bool gated) {
  std::vector<std::string> names{"shared.weight"};
  for (int b = 0; b < 2; ++b) {
    const std::string block = "encoder.block." + std::to_string(b) + ".layer.";
    for (const char* part : {"q", "k", "v", "o"}) names.push_back(block + "0.SelfAttention." + part + ".weight");
    if (b == 0) names.push_back(block + "0.SelfAttention.relative_attention_bias.weight");
    names.push_back(block + "0.layer_norm.weight");
    if (gated) {
      names.push_back(block + "1.DenseReluDense.wi_0.weight");
      names.push_back(block + "1.DenseReluDense.wi_1.weight");
    } else {
      names.push_back(block + "1.DenseReluDense.wi.weight");
    }
    names.push_back(block + "1.DenseReluDense.wo.weight");
    names.push_back(block + "1.layer_norm.weight");
  }
  names.push_back("encoder.final_layer_norm.weight");
  std::map<std::string, int> numbers;
  for (const std::string& name : names) numbers[name] = static_cast<int>(numbers.size()) + 1;
  return numbers;
}

/// [r, c] = a sin(t + 0.7 r + 1.3 c), a = 1 for embedding and bias table and 0.5 otherwise; norms
/// 1 + 0.1 sin(t + 0.7 r).
template <class T>
std::vector<T> t5_fixture_tensor(const std::map<std::string, int>& numbers, const std::string& name, Shape shape) {
  const int t = numbers.at(name);
  const bool whole = name == "shared.weight" || name.ends_with("relative_attention_bias.weight");
  std::vector<T> values;
  for (std::int64_t r = 0; r < shape[0]; ++r) {
    if (shape.rank() == 1) {
      values.push_back(static_cast<T>(1 + 0.1 * std::sin(t + 0.7 * static_cast<double>(r))));
      continue;
    }
    for (std::int64_t c = 0; c < shape[1]; ++c)
      values.push_back(static_cast<T>((whole ? 1.0 : 0.5) *
                                      std::sin(t + 0.7 * static_cast<double>(r) + 1.3 * static_cast<double>(c))));
  }
  return values;
}

template <class T, class D>
nn::T5Encoder<T, D> t5_fixture(Context<D>& ctx, const nn::T5Config& config) {
  const auto numbers = t5_fixture_numbers(config.gated);
  return nn::T5Encoder<T, D>(
      ctx, config, [&](const std::string& name, Shape shape) { return t5_fixture_tensor<T>(numbers, name, shape); });
}

template <class T, class D>
nn::T5Encoder<T, D> t5_fixture(Context<D>& ctx, bool gated) {
  return t5_fixture<T>(ctx, t5_fixture_config(gated));
}

}  // namespace stx::test
