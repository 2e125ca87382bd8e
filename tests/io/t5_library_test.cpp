// T5 encoders that the library saved (tests/reference/t5_library.py): read, run and compared with its outputs.
#include "stx/io/t5_checkpoint.hpp"

#include <doctest/doctest.h>

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "support/compare.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

using Ids = std::vector<std::int32_t>;
constexpr std::int64_t width = 32;

std::string folder(const std::string& name) { return std::string(STX_TEST_SOURCE_DIR "/golden/t5/") + name; }

/// Most difference to what the library computes in double, of values up to 4. In double: the library's softmax is in
/// float even then, and 2e-5 is less than what it is off by when all of it is in float. In float: the library, run in
/// float on these very inputs, is off by up to 2.3e-5 (130 tokens, tiny_gated); another order of sums may be off by as
/// much again.
template <class T>
constexpr double tolerance = std::is_same_v<T, float> ? 2 * 2.3e-5 : 2e-5;

/// What the library computed.
struct Expected {
  stx::SafetensorsFile file;

  explicit Expected(const std::string& name) : file(stx::read_safetensors(folder(name) + "/expected.safetensors")) {}
  template <class T>
  const std::vector<T>& get(const std::string& name) const {
    return std::get<std::vector<T>>(file.tensors.at(name).values);
  }
};

/// Last hidden state; rows of padding are 0.
template <class T>
std::vector<T> encode(const stx::T5Checkpoint& checkpoint, const Ids& ids, const Ids& lengths = {}) {
  stx::Context<Cpu> ctx({.threads = 2});
  const auto batch = std::max<std::int64_t>(1, static_cast<std::int64_t>(lengths.size()));
  const auto n = static_cast<std::int64_t>(ids.size());
  stx::Tensor<std::int32_t, Cpu> real;
  if (!lengths.empty()) real = to_device(ctx, lengths, Shape{batch});
  const auto encoder = checkpoint.encoder<T>(ctx);
  std::vector<T> hidden = to_host(ctx, encoder(ctx, to_device(ctx, ids, Shape{n}), batch, real).value());
  for (std::int64_t row = 0; row < n && !lengths.empty(); ++row)
    if (row % (n / batch) >= lengths[static_cast<std::size_t>(row / (n / batch))])
      std::fill_n(hidden.begin() + row * width, width, T(0));
  return hidden;
}

template <class T>
std::vector<T> every_16th_row(const std::vector<T>& rows) {
  std::vector<T> picked;
  for (std::size_t at = 0; at < rows.size(); at += 16 * width)
    picked.insert(picked.end(), rows.begin() + static_cast<std::ptrdiff_t>(at),
                  rows.begin() + static_cast<std::ptrdiff_t>(at + width));
  return picked;
}

const std::string kinds[] = {"tiny_relu", "tiny_gated", "tiny_odd"};

}  // namespace

TEST_CASE("T5 library: the last hidden state of 1 to 512 tokens") {
  for (const std::string& kind : kinds) {
    const auto checkpoint = stx::read_t5_checkpoint(folder(kind));
    const Expected expected(kind);
    for (const std::string length : {"1", "2", "7", "17", "130", "512"}) {
      INFO(kind, ", ", length, " tokens");
      const Ids& ids = expected.get<std::int32_t>("ids_" + length);
      REQUIRE(ids.size() == std::stoul(length));
      const auto check = [&]<class T>(std::vector<T> hidden) {
        if (length == "512") hidden = every_16th_row(hidden);
        CHECK(max_error(hidden, expected.get<float>("hidden_" + length)) <= tolerance<T>);
      };
      check(encode<float>(checkpoint, ids));
      check(encode<double>(checkpoint, ids));
    }
  }
}

TEST_CASE("T5 library: a padded batch, block by block, and its means") {
  for (const std::string& kind : kinds) {
    INFO(kind);
    auto checkpoint = stx::read_t5_checkpoint(folder(kind));
    const Expected expected(kind);
    const Ids &ids = expected.get<std::int32_t>("ids_batch"), &lengths = expected.get<std::int32_t>("lengths");
    stx::Matrix<float> hidden(static_cast<std::int64_t>(ids.size()), width);
    hidden.values = encode<float>(checkpoint, ids, lengths);
    CHECK(max_error(hidden.values, expected.get<float>("hidden_batch")) <= tolerance<float>);
    CHECK(max_error(stx::nn::t5_mean_without_end(hidden, lengths).values, expected.get<float>("mean_batch")) <=
          tolerance<float>);
    for (checkpoint.config.blocks = 1; checkpoint.config.blocks <= 2; ++checkpoint.config.blocks)
      CHECK(max_error(encode<float>(checkpoint, ids, lengths),
                      expected.get<float>("after_" + std::to_string(checkpoint.config.blocks))) <= tolerance<float>);
  }
}

TEST_CASE("T5 library: relative bias of 130 tokens, also with 8 buckets up to a distance of 20") {
  for (const std::string& kind : kinds) {
    INFO(kind);
    const auto checkpoint = stx::read_t5_checkpoint(folder(kind));
    const auto& c = checkpoint.config;
    CHECK(c.buckets == (kind == "tiny_odd" ? 8 : 32));
    stx::Context<Cpu> ctx;
    const auto distances = stx::relative_buckets(c.buckets, c.max_distance);
    const auto table =
        to_device(ctx, checkpoint.weights.at("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"),
                  Shape{c.buckets, c.heads});
    const auto got =
        to_host(ctx, stx::relative_bias(
                         ctx, table, to_device(ctx, distances, Shape{static_cast<std::int64_t>(distances.size())}), 130)
                         .value());
    const auto want = Expected(kind).get<float>("bias");  // by key - query + 129
    std::size_t wrong = 0;
    for (std::size_t h = 0; h < 3; ++h)
      for (std::size_t i = 0; i < 130; ++i)
        for (std::size_t j = 0; j < 130; ++j) wrong += got[(h * 130 + i) * 130 + j] != want[h * 259 + j + 129 - i];
    CHECK(wrong == 0);
  }
}

TEST_CASE("T5 library: 16-bit weights, shards, and the embedding's other name") {
  const auto whole = stx::read_t5_checkpoint(folder("tiny_gated"));
  const Expected expected("tiny_gated");
  const Ids &ids = expected.get<std::int32_t>("ids_batch"), &lengths = expected.get<std::int32_t>("lengths");
  // Half a unit in the last of 8 or 11 bits.
  for (const auto& variant : {std::pair{"gated_bf16", 0x1p-8f}, {"gated_f16", 0x1p-11f}}) {
    const char* name = variant.first;
    const float rounding = variant.second;
    INFO(name);
    const auto rounded = stx::read_t5_checkpoint(folder(name));
    REQUIRE(rounded.weights.size() == whole.weights.size());
    for (const auto& [key, values] : whole.weights) {
      const auto& got = rounded.weights.at(key);
      REQUIRE(got.size() == values.size());
      for (std::size_t i = 0; i < got.size(); ++i)
        REQUIRE(std::abs(got[i] - values[i]) <= rounding * std::abs(values[i]) + 0x1p-25f);
    }
    stx::Matrix<float> hidden(static_cast<std::int64_t>(ids.size()), width);
    hidden.values = encode<float>(rounded, ids, lengths);
    const auto mean = stx::nn::t5_mean_without_end(hidden, lengths);
    const auto& want = expected.get<float>("mean_batch");
    for (std::int64_t b = 0; b < mean.rows; ++b) {
      double dot = 0, one = 0, other = 0;
      for (std::int64_t j = 0; j < width; ++j) {
        const double x = mean(b, j), y = want[static_cast<std::size_t>(b * width + j)];
        dot += x * y, one += x * x, other += y * y;
      }
      CHECK(dot >= 0.999 * std::sqrt(one * other));
    }
  }
}
