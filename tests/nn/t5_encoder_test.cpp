#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/t5_fixture.hpp"

using namespace stx::test;
using stx::Context;
using stx::Cpu;
using stx::Shape;

namespace {

using Ids = std::vector<std::int32_t>;

/// Last hidden state.
template <class T = double>
std::vector<T> encode(const stx::nn::T5Config& config, const Ids& ids, std::int64_t batch = 1, const Ids& lengths = {},
                      int threads = 2) {
  Context<Cpu> ctx({.threads = threads});
  const auto encoder = t5_fixture<T>(ctx, config);
  stx::Tensor<std::int32_t, Cpu> real;
  if (!lengths.empty()) real = to_device(ctx, lengths, Shape{batch});
  return to_host(ctx,
                 encoder(ctx, to_device(ctx, ids, Shape{static_cast<std::int64_t>(ids.size())}), batch, real).value());
}

std::vector<double> encode(bool gated, const Ids& ids, std::int64_t batch = 1, const Ids& lengths = {},
                           int threads = 2) {
  return encode(t5_fixture_config(gated), ids, batch, lengths, threads);
}

double sum_of(const std::vector<double>& v, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += v[i];
  return sum;
}

void check_token(const std::vector<double>& got, const std::vector<double>& want) {
  CHECK(max_error(std::vector<double>(got.begin(), got.begin() + 6), want) < 1e-8);
}

}  // namespace

TEST_CASE("T5: parameters of the published encoders, and what an encoder asks for") {
  const auto count = [](std::int64_t width, std::int64_t head_width, std::int64_t heads, std::int64_t hidden,
                        std::int64_t blocks, bool gated) {
    return stx::nn::T5Config{
        .width = width, .head_width = head_width, .heads = heads, .hidden = hidden, .blocks = blocks, .gated = gated}
        .parameters();
  };
  CHECK(count(512, 64, 8, 2048, 6, false) == 35330816);          // t5-small
  CHECK(count(768, 64, 12, 3072, 12, false) == 109628544);       // base
  CHECK(count(1024, 64, 16, 4096, 24, false) == 334939648);      // large
  CHECK(count(1024, 128, 32, 16384, 24, false) == 1240909824);   // 3b
  CHECK(count(1024, 128, 128, 65536, 24, false) == 4864791552);  // 11b
  CHECK(count(512, 64, 6, 1024, 8, true) == 35332800);           // v1.1 small
  CHECK(count(768, 64, 12, 2048, 12, true) == 109628544);        // base
  CHECK(count(1024, 64, 16, 2816, 24, true) == 341231104);       // large
  CHECK(count(2048, 64, 32, 5120, 24, true) == 1223527424);      // xl
  CHECK(count(4096, 64, 64, 10240, 24, true) == 4762310656);     // xxl
  for (const bool gated : {false, true}) {
    Context<Cpu> ctx({.threads = 1});
    const auto config = t5_fixture_config(gated);
    std::int64_t asked = 0;
    stx::nn::T5Encoder<float, Cpu>(ctx, config, [&](const std::string&, Shape shape) {
      asked += shape.size();
      return std::vector<float>(static_cast<std::size_t>(shape.size()));
    });
    CHECK(asked == config.parameters());
  }
}

TEST_CASE("T5: case 1 of the specification's formula fixture, one sequence") {
  const auto relu = encode(false, {3, 5, 7, 1});
  check_token(relu, {1.09964288, 0.69453304, 0.89182118, 1.20553170, 0.27994506, -1.48137926});
  CHECK(std::abs(sum_of(relu, 24) - 1.21408712) < 2e-8);
  const auto gated = encode(true, {3, 5, 7, 1});
  check_token(gated, {0.97119928, 0.86486380, 1.01532610, 1.05888337, 0.23544585, -1.31431236});
  CHECK(std::abs(sum_of(gated, 24) - 3.44910267) < 2e-8);
}

TEST_CASE("T5: case 2, padding masked; it equals the run without padding") {
  const auto relu = encode(false, {9, 1, 0, 0}, 1, {2});
  check_token(relu, {0.16584931, 0.94756018, 0.18137143, 0.00677104, 1.22739369, 1.83439473});
  CHECK(std::abs(sum_of(relu, 12) - 6.57852835) < 2e-8);
  const auto gated = encode(true, {9, 1, 0, 0}, 1, {2});
  check_token(gated, {-0.37636965, -0.74011149, -1.16578829, -0.77442343, 0.47612263, 1.59842888});
  CHECK(std::abs(sum_of(gated, 12) + 2.79775810) < 2e-8);
  for (bool kind : {false, true}) {
    const auto padded = encode(kind, {9, 1, 0, 0}, 1, {2}), plain = encode(kind, {9, 1});
    CHECK(max_error(std::vector<double>(padded.begin(), padded.begin() + 12), plain) < 1e-14);
  }
}

TEST_CASE("T5: case 3, a hundred tokens, mean without the end token") {
  Ids ids;
  for (int i = 0; i < 99; ++i) ids.push_back((7 * i + 3) % 15 + 1);
  ids.push_back(1);
  const std::vector<double> want[] = {{0.34228571, 0.21029387, 0.03226766, 0.00044020, -0.01551533, -0.15944888},
                                      {0.18495593, 0.02891091, -0.04045332, 0.01554263, 0.03731242, -0.07326191}};
  for (bool gated : {false, true}) {
    stx::Matrix<double> hidden(100, 6);
    hidden.values = encode(gated, ids);
    CHECK(max_error(stx::nn::t5_mean_without_end(hidden, {100}).values, want[gated]) < 1e-8);
  }
}

TEST_CASE("T5: the library's encoder on the same weights, in double and float") {
  const auto g = golden::load("ops/t5_encoder.txt");
  const auto ids_of = [](std::int64_t length) {
    Ids ids;
    for (int i = 0; i + 1 < length; ++i) ids.push_back((7 * i + 3) % 15 + 1);
    ids.push_back(1);
    return ids;
  };
  const auto check = [&](const std::string& name, const stx::nn::T5Config& config, const Ids& ids, const Ids& lengths) {
    INFO(name);
    const auto& want = g.at(name).values;
    const auto compare = [&](auto got, double tolerance) {
      std::size_t at = 0;  // the rows that are no padding, one after another
      const std::int64_t batch = std::max<std::int64_t>(1, lengths.size()), width = ids.size() / batch;
      for (std::int64_t row = 0; row < static_cast<std::int64_t>(ids.size()); ++row)
        if (lengths.empty() || row % width < lengths[row / width])
          for (int j = 0; j < 6; ++j) got[at++] = got[row * 6 + j];
      got.resize(at);
      CHECK(max_error(got, want) <= tolerance);
    };
    const auto batch = std::max<std::int64_t>(1, lengths.size());
    // The library takes norms and softmax in float, whatever the type of the weights.
    compare(encode<double>(config, ids, batch, lengths), 5e-6);
    compare(encode<float>(config, ids, batch, lengths), 2e-5);
  };
  for (const std::string kind : {"relu", "gated", "erf", "odd", "eps", "plain"}) {
    auto config = t5_fixture_config(kind != "relu" && kind != "plain");
    if (kind == "erf" || kind == "plain") config.activation = stx::Activation::gelu;
    if (kind == "eps") config.eps = 0.05;
    if (kind == "odd") config.buckets = 8, config.max_distance = 20;
    check(kind + "_one", config, ids_of(1), {});
    check(kind + "_two", config, ids_of(2), {});
    check(kind + "_seven", config, ids_of(7), {});
    if (g.contains(kind + "_long")) check(kind + "_long", config, ids_of(100), {});
    Ids padded;
    for (std::int64_t length : {7, 2, 5}) {
      const Ids own = ids_of(length);
      padded.insert(padded.end(), own.begin(), own.end());
      padded.resize((padded.size() + 6) / 7 * 7, 0);
    }
    check(kind + "_batch", config, padded, {7, 2, 5});
  }
}

TEST_CASE("T5: a padded batch is its sequences one by one; threads do not matter") {
  for (bool gated : {false, true}) {
    const Ids ids{3, 5, 7, 1, 9, 1, 0, 0, 4, 2, 1, 0};
    const auto batch = encode(gated, ids, 3, {4, 2, 3}, 1);
    const auto first = encode(gated, {3, 5, 7, 1}), third = encode(gated, {4, 2, 1});
    CHECK(max_error(std::vector<double>(batch.begin(), batch.begin() + 24), first) < 1e-14);
    CHECK(max_error(std::vector<double>(batch.begin() + 48, batch.begin() + 66), third) < 1e-14);
    for (int threads : {1, 2, 3, 5}) CHECK(same_bits(batch, encode(gated, ids, 3, {4, 2, 3}, threads)));
  }
}

TEST_CASE("T5: no tokens, and means of sequences that hold the end token alone") {
  CHECK(encode(true, {}).empty());
  stx::Matrix<double> hidden(4, 2);
  hidden.values = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto mean = stx::nn::t5_mean_without_end(hidden, {2, 1});
  CHECK(mean.values == std::vector<double>{1, 2, 0, 0});
  CHECK_THROWS_WITH_AS(stx::nn::t5_mean_without_end(hidden, {2, 3}),
                       "[t5_mean_without_end] sequence 1 has 3 tokens, more than the padded length 2",
                       stx::ArgumentError);
  CHECK_THROWS_AS(stx::nn::t5_mean_without_end(hidden, {1, 1, 1}), stx::ArgumentError);
  CHECK(stx::nn::t5_mean_without_end(stx::Matrix<double>(0, 2), {}).rows == 0);
}

TEST_CASE("T5: wrong calls are errors") {
  CHECK_THROWS_WITH_AS(encode(true, {1, 2, 3}, 2), "[T5Encoder] batch = 2 must divide the 3 ids of a vector",
                       stx::ArgumentError);
  Context<Cpu> ctx;
  using Encoder = stx::nn::T5Encoder<double, Cpu>;
  const auto none = [](const std::string&, Shape) { return std::vector<double>(); };
  CHECK_THROWS_WITH_AS(Encoder(ctx, t5_fixture_config(false), none),
                       "[T5Encoder] 'shared.weight' must have shape (16, 6), got 0 values", stx::ArgumentError);
  auto config = t5_fixture_config(false);
  config.heads = 0;
  CHECK_THROWS_WITH_AS(Encoder(ctx, config, none), "[T5Encoder] every size of the configuration must be positive",
                       stx::ArgumentError);
}
