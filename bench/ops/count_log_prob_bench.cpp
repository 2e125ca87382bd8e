#include "registry.hpp"
#include "support/count_cases.hpp"

namespace stx::bench {
namespace {

template <class D>
Case count_case(Context<D>& ctx, const test::CountCase& c, bool backward) {
  Buffers<D> memory(ctx);
  const auto exact = [&](const auto& values) {
    return to_device(ctx, values, Shape{static_cast<std::int64_t>(values.size())}).data;
  };
  const std::int64_t n = c.rows * c.cols;
  CountModel<float> model{.logits = memory.input(c.rates()),
                          .library = c.softmax ? memory.input(c.library()) : nullptr,
                          .observed = c.masked ? memory.input(c.observed()) : nullptr,
                          .dispersion = {memory.input(c.log_theta()), exact(c.theta_row()),
                                         c.theta == test::Theta::per_entry, c.theta_rows()},
                          .zeta = c.inflated ? memory.input(c.zeta()) : nullptr,
                          .rows = c.rows,
                          .cols = c.cols};
  if (c.sparse) {
    const test::StoredCounts s(c);
    model.counts = {nullptr, exact(s.indptr), exact(s.indices), exact(s.values), exact(s.row_ids)};
  } else {
    model.counts.dense = memory.input(c.counts());
  }
  const CountTermGrads<float> kept{memory.output(n), c.inflated ? memory.output(n) : nullptr, memory.output(n)};
  const CountLogProbForward<float> f{.model = model,
                                     .value = memory.output(c.rows),
                                     .lse = memory.output(c.rows),
                                     .grad_sum = memory.output(c.rows),
                                     .kept = kept};
  const auto grad = test::random_values(c.rows, 5);
  const CountLogProbBackward<float> b{.model = model,
                                      .grad_value = memory.input(grad),
                                      .lse = f.lse,
                                      .grad_sum = f.grad_sum,
                                      .kept = kept,
                                      .grad_logits = memory.output(n),
                                      .grad_zeta = c.inflated ? memory.output(n) : nullptr,
                                      .grad_log_theta = memory.output(c.theta_rows() * c.cols)};
  count_log_prob_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] {
    backward ? count_log_prob_backward(ctx, b) : count_log_prob_forward(ctx, f);
  };
  const auto error = [memory, f, b, c, grad, backward] {
    const auto want = c.template naive_result<double>(grad);
    if (!backward) return memory.error(f.value, want.value);
    const double zeta = c.inflated ? memory.error(b.grad_zeta, want.grad_zeta) : 0.0;
    return std::max(
        {memory.error(b.grad_logits, want.grad_rates), zeta, memory.error(b.grad_log_theta, want.grad_log_theta)});
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, const test::CountCase& c) {
  const double size = static_cast<double>(c.rows * c.cols);
  const double counts = c.sparse ? 0.44 * 8 : 4;
  const int arrays = 1 + (c.inflated ? 1 : 0) + (c.theta == test::Theta::per_entry ? 1 : 0);
  for (const bool backward : {false, true})
    suite.add("count_log_prob_" + std::string(backward ? "bwd/" : "fwd/") + name, c.rows,
              {size * (counts + 4 * arrays * (backward ? 2 : 1)), size * (c.inflated ? 190 : 120)},
              [=](Context<D>& ctx, std::int64_t rows) {
                test::CountCase some = c;
                some.rows = rows;
                return count_case(ctx, some, backward);
              });
}

}  // namespace

template <class D>
void add_count_log_prob(Suite<D>& suite) {
  using test::Theta;
  for (const bool sparse : {false, true}) {
    const std::string csr = sparse ? "_csr" : "";
    add(suite, "nb_1024x320" + csr, {.rows = 1024, .cols = 320, .sparse = sparse});
    add(suite, "zinb_1024x2000" + csr, {.rows = 1024, .cols = 2000, .inflated = true, .sparse = sparse});
  }
  for (const bool sparse : {false, true}) {
    const std::string csr = sparse ? "_csr" : "";
    add(suite, "decoder_nb_1024x320" + csr, {.rows = 1024, .cols = 320, .softmax = true, .sparse = sparse});
    add(suite, "decoder_zinb_1024x2000" + csr,
        {.rows = 1024, .cols = 2000, .softmax = true, .inflated = true, .sparse = sparse});
  }
  add(suite, "decoder_nb_1024x320_csr_observed",
      {.rows = 1024, .cols = 320, .softmax = true, .sparse = true, .masked = true});
  for (const auto& [name, theta] : {std::pair{"per_batch", Theta::per_batch}, {"per_entry", Theta::per_entry}}) {
    add(suite, std::string("decoder_nb_1024x320_csr_") + name,
        {.rows = 1024, .cols = 320, .softmax = true, .sparse = true, .theta = theta});
    add(suite, std::string("decoder_zinb_1024x2000_csr_") + name,
        {.rows = 1024, .cols = 2000, .softmax = true, .inflated = true, .sparse = true, .theta = theta});
    add(suite, std::string("large_decoder_zinb_8192x2000_csr_") + name,
        {.rows = 8192, .cols = 2000, .softmax = true, .inflated = true, .sparse = true, .theta = theta});
  }
  add(suite, "large_nb_2048x16000_csr", {.rows = 2048, .cols = 16000, .sparse = true});
  add(suite, "large_decoder_nb_2048x16000_csr", {.rows = 2048, .cols = 16000, .softmax = true, .sparse = true});
  add(suite, "decoder_zinb_128x16000_csr",
      {.rows = 128, .cols = 16000, .softmax = true, .inflated = true, .sparse = true});
  add(suite, "large_decoder_zinb_2048x16000",
      {.rows = 2048, .cols = 16000, .softmax = true, .inflated = true, .sparse = true});
}
void register_count_log_prob(Suites& suites) {
  suites.each([](auto& suite) { add_count_log_prob(suite); });
}

}  // namespace stx::bench
