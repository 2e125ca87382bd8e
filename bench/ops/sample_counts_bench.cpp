#include "registry.hpp"
#include "stx/ops/sample_counts.hpp"

namespace stx::bench {
namespace {

template <class D>
Case counts_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols) {
  Buffers<D> memory(ctx);
  const auto log_mu = test::random_values(rows * cols, 1, -2, 4);
  const auto log_theta = test::random_values(cols, 2, -1, 2);
  const SampleCounts<float> args{.counts = memory.output(rows * cols),
                                 .log_mu = memory.input(log_mu),
                                 .log_theta = memory.input(log_theta),
                                 .rows = rows,
                                 .cols = cols,
                                 .site = 1};
  // Wrong when the sum of all counts is further from its mean than six standard deviations.
  const auto error = [memory, args, log_mu, log_theta, cols] {
    const auto counts = memory.host(args.counts, static_cast<std::int64_t>(log_mu.size()));
    double difference = 0, variance = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const double mu = std::exp(log_mu[i]);
      difference += counts[i] - mu;
      variance += mu + mu * mu / std::exp(log_theta[i % static_cast<std::size_t>(cols)]);
    }
    return std::abs(difference) <= 6 * std::sqrt(variance) ? 0.0 : 1.0;
  };
  return {[&ctx, args] { sample_counts(ctx, args); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols) {
  suite.add("sample_counts/" + name, rows, {8 * static_cast<double>(rows * cols), 0},
            [cols](Context<D>& ctx, std::int64_t n) { return counts_case(ctx, n, cols); });
}

}  // namespace

template <class D>
void add_sample_counts(Suite<D>& suite) {
  add(suite, "1024x242", 1024, 242);
  add(suite, "large_4096x2000", 4096, 2000);
}
void register_sample_counts(Suites& suites) {
  suites.each([](auto& suite) { add_sample_counts(suite); });
}

}  // namespace stx::bench
