#include "registry.hpp"
#include "stx/ops/sample_counts.hpp"

namespace stx::bench {
namespace {

template <class D>
Case counts_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, bool per_entry) {
  Buffers<D> memory(ctx);
  const auto log_mu = test::random_values(rows * cols, 1, -2, 4);
  const auto log_theta = test::random_values(per_entry ? rows * cols : cols, 2, -1, 2);
  const auto zeta = per_entry ? test::random_values(rows * cols, 3, -3, 1) : std::vector<double>();
  const SampleCounts<float> args{.counts = memory.output(rows * cols),
                                 .log_mu = memory.input(log_mu),
                                 .log_theta = memory.input(log_theta),
                                 .zeta = per_entry ? memory.input(zeta) : nullptr,
                                 .rows = rows,
                                 .cols = cols,
                                 .theta_per_entry = per_entry,
                                 .zeta_per_entry = per_entry,
                                 .site = 1};
  // Wrong when the sum of all counts is further from its mean than six standard deviations.
  const auto error = [memory, args, log_mu, log_theta, zeta] {
    const auto counts = memory.host(args.counts, static_cast<std::int64_t>(log_mu.size()));
    double difference = 0, variance = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const double mu = std::exp(log_mu[i]), kept = zeta.empty() ? 1 : 1 / (1 + std::exp(zeta[i]));
      difference += counts[i] - kept * mu;
      const double square = mu + mu * mu * (1 + 1 / std::exp(log_theta[i % log_theta.size()]));
      variance += kept * square - kept * kept * mu * mu;
    }
    return std::abs(difference) <= 6 * std::sqrt(variance) ? 0.0 : 1.0;
  };
  return {[&ctx, args] { sample_counts(ctx, args); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t rows, std::int64_t cols, bool per_entry = false) {
  suite.add("sample_counts/" + name, rows, {(per_entry ? 16 : 8) * static_cast<double>(rows * cols), 0},
            [=](Context<D>& ctx, std::int64_t n) { return counts_case(ctx, n, cols, per_entry); });
}

}  // namespace

template <class D>
void add_sample_counts(Suite<D>& suite) {
  add(suite, "1024x242", 1024, 242);
  add(suite, "1024x242_zinb_per_entry", 1024, 242, true);
  add(suite, "large_4096x2000", 4096, 2000);
  add(suite, "large_4096x2000_zinb_per_entry", 4096, 2000, true);
}
void register_sample_counts(Suites& suites) {
  suites.each([](auto& suite) { add_sample_counts(suite); });
}

}  // namespace stx::bench
