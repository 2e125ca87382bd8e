#include "registry.hpp"
#include "stx/ops/sample_variates.hpp"

namespace stx::bench {
namespace {

template <class D>
Case variates_case(Context<D>& ctx, std::int64_t rows, std::int64_t cols, Variate variate) {
  Buffers<D> memory(ctx);
  const auto parameter = test::random_values(rows * cols, 1, 0.5, 30);
  const SampleVariates<float> args{.out = memory.output(rows * cols),
                                   .parameter = memory.input(parameter),
                                   .rows = rows,
                                   .cols = cols,
                                   .variate = variate,
                                   .site = 1};
  // Mean and variance are the parameter. Wrong when the sum is further from its mean than six
  // standard deviations.
  const auto error = [memory, args, parameter] {
    const auto out = memory.host(args.out, static_cast<std::int64_t>(parameter.size()));
    double difference = 0, variance = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      difference += out[i] - parameter[i];
      variance += parameter[i];
    }
    return std::abs(difference) <= 6 * std::sqrt(variance) ? 0.0 : 1.0;
  };
  return {[&ctx, args] { sample_variates(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_sample_variates(Suite<D>& suite) {
  for (const Variate variate : {Variate::gamma, Variate::poisson})
    for (const auto& [name, rows, cols] : {std::tuple{"_1024x242", 1024, 242}, {"_large_4096x2000", 4096, 2000}})
      suite.add(std::string("sample_variates/") + (variate == Variate::gamma ? "gamma" : "poisson") + name, rows,
                {8.0 * rows * cols, 0}, [variate, cols = cols](Context<D>& ctx, std::int64_t n) {
                  return variates_case(ctx, n, cols, variate);
                });
}
void register_sample_variates(Suites& suites) {
  suites.each([](auto& suite) { add_sample_variates(suite); });
}

}  // namespace stx::bench
