#include "stx/ops/count_decoder.hpp"

#include "support/count_ops.hpp"
#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::Shape;

namespace {

template <class T>
void check_values(const CountCase& c) {
  INFO(c.name());
  stx::Context<Cpu> ctx({.threads = 2});
  const auto got = run_op<T>(ctx, count_inputs(c), count_op(c));
  auto weights = output_weights(0, c.rows);
  for (double& w : weights) w = -w;
  auto want = c.naive_result<double>(weights);
  auto rough = c.naive_result<T>(weights);
  for (double& v : want.value) v = -v;
  for (T& v : rough.value) v = -v;
  check_close("value", got.outputs[0], want.value, rough.value, 8, 1);
  check_close("grad logits", got.grads[0], want.grad_rates, rough.grad_rates, 8, 1);
  check_close("grad theta", got.grads[1], want.grad_log_theta, rough.grad_log_theta, 8, 1);
  check_close("grad library", got.grads[3], want.grad_library, rough.grad_library, 8, 1);
  if (c.inflated) check_close("grad zeta", got.grads[2], want.grad_zeta, rough.grad_zeta, 8, 1);
}

CountCase decoder(std::int64_t rows, std::int64_t cols, bool inflated, bool sparse, bool masked) {
  return {.rows = rows, .cols = cols, .softmax = true, .inflated = inflated, .sparse = sparse, .masked = masked};
}

}  // namespace

TEST_CASE("count_decoder: values and gradients against textbook formulas, odd shapes") {
  for (bool inflated : {false, true})
    for (bool sparse : {false, true})
      for (bool masked : {false, true}) {
        for (std::int64_t odd : odd_sizes) check_values<float>(decoder(3, odd, inflated, sparse, masked));
        check_values<float>(decoder(33, 31, inflated, sparse, masked));
        check_values<double>(decoder(9, 40, inflated, sparse, masked));
      }
}

TEST_CASE("count_decoder: values of SciPy and gradients of PyTorch") {
  const auto g = golden::load("ops/count_decoder.txt");
  for (const bool inflated : {false, true}) {
    const CountCase c{.rows = 5, .cols = 8, .softmax = true, .inflated = inflated, .masked = true};
    check_golden_op(g, inflated ? "zinb_" : "nb_",
                    {{"logits"}, {"log_theta", {8}}, {"zeta"}, {"library", {5}}, {"counts"}, {"observed", {8}}},
                    count_op(c), {"y"}, 1e-12);
  }
}

TEST_CASE("count_decoder: gradients by central differences, used once and twice") {
  for (bool inflated : {false, true})
    for (bool masked : {false, true})
      for (Theta theta : {Theta::per_gene, Theta::per_batch, Theta::per_entry}) {
        CountCase c = decoder(3, 7, inflated, masked, masked);
        c.theta = theta;
        INFO(c.name());
        check_gradients(count_inputs(c), count_op(c), {.step = 1e-5, .tolerance = 2e-8});
      }
  check_gradients(count_inputs(decoder(0, 4, true, false, true)), count_op(decoder(0, 4, true, false, true)));
}

TEST_CASE("count_decoder: adding a constant to the logits of a row changes nothing" *
          doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx;
  const CountCase c = decoder(5, 70, true, false, true);
  auto in = count_inputs(c);
  const auto before = run_op<double>(ctx, in, count_op(c));
  for (double& a : in[0].values) a += 3;
  const auto after = run_op<double>(ctx, in, count_op(c));
  CHECK(max_error(after.outputs[0], before.outputs[0]) <= 1e-10);
  CHECK(max_error(after.grads[0], before.grads[0]) <= 1e-11);
  for (std::int64_t i = 0; i < c.rows; ++i) {  // so the gradients of a row cancel
    double sum = 0;
    for (std::int64_t j = 0; j < c.cols; ++j) sum += before.grads[0][i * c.cols + j];
    CHECK(std::abs(sum) <= 1e-10);
  }
}

TEST_CASE("count_decoder: what stands at genes that are not observed is never looked at") {
  stx::Context<Cpu> ctx({.threads = 2});
  for (bool sparse : {false, true}) {
    const CountCase c = decoder(4, 300, true, sparse, true);
    auto in = count_inputs(c);
    const auto clean = run_op<float>(ctx, in, count_op(c), 2);
    const auto mask = c.observed();
    for (std::size_t k = 0; k < in[0].values.size(); ++k)
      if (mask[k % c.cols] == 0) {
        in[0].values[k] = k % 2 ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
        in[2].values[k] = std::numeric_limits<double>::quiet_NaN();
      }
    const auto dirty = run_op<float>(ctx, in, count_op(c), 2);
    CHECK(same_bits(clean.outputs, dirty.outputs));
    CHECK(same_bits(clean.grads, dirty.grads));
    for (std::size_t k = 0; k < clean.grads[0].size(); ++k)
      if (mask[k % c.cols] == 0) {
        REQUIRE(clean.grads[0][k] == 0);
        REQUIRE(clean.grads[2][k] == 0);
        REQUIRE(clean.grads[1][k % c.cols] == 0);
      }
  }
}

TEST_CASE("count_decoder: no observed gene, and a row without counts") {
  stx::Context<Cpu> ctx;
  const CountCase c = decoder(2, 5, false, false, true);
  auto in = count_inputs(c);
  std::fill(in[5].values.begin(), in[5].values.end(), 0.0);
  auto got = run_op<float>(ctx, in, count_op(c));
  CHECK(got.outputs[0] == std::vector<float>(2, 0.0f));
  for (int k : {0, 1, 3})
    for (float g : got.grads[k]) CHECK(g == 0);

  in = count_inputs(c);
  std::fill_n(in[4].values.begin(), 5, 0.0);
  in[3].values[0] = -INFINITY;  // ln of a total of 0
  got = run_op<float>(ctx, in, count_op(c));
  CHECK(std::abs(got.outputs[0][0]) <= 1e-30);
  for (int j = 0; j < 5; ++j) CHECK(std::abs(got.grads[0][j]) <= 1e-30);
}

TEST_CASE("count_decoder: same bits in every run and for every number of threads") {
  for (bool sparse : {false, true}) {
    CountCase c = decoder(65, 333, true, sparse, true);
    c.theta = Theta::per_batch;
    check_same_for_all_threads<float>(count_inputs(c), count_op(c), 2);
  }
}

TEST_CASE("count_decoder: wrong calls are errors") {
  stx::Context<Cpu> ctx;
  const CountCase c = decoder(3, 4, false, false, true);
  const auto fails = [&](int input, Shape shape, const char* message) {
    auto in = count_inputs(c);
    in[input] = random_input(shape, 1);
    CHECK_THROWS_WITH_AS(run_op<float>(ctx, in, count_op(c)), message, stx::ArgumentError);
  };
  fails(3, {2}, "[count_decoder] library must have one value for each of 3 rows, got shape (2)");
  fails(5, {3}, "[count_decoder] observed must have shape (4), got (3)");
  fails(0, {3, 5},
        "[count_decoder] counts and log rates must have one shape (rows, genes), got (3, 4) and "
        "(3, 5)");
}
