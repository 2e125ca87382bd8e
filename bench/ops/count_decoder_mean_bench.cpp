#include "registry.hpp"
#include "support/count_cases.hpp"

namespace stx::bench {
namespace {

template <class D>
Case mean_case(Context<D>& ctx, const test::CountCase& c) {
  Buffers<D> memory(ctx);
  const std::int64_t n = c.rows * c.cols;
  const CountDecoderMean<float> args{
      .model = {.logits = memory.input(c.rates()),
                .library = memory.input(c.library()),
                .dispersion = {memory.input(c.log_theta()), nullptr, c.theta == test::Theta::per_entry, c.theta_rows()},
                .zeta = c.inflated ? memory.input(c.zeta()) : nullptr,
                .rows = c.rows,
                .cols = c.cols},
      .mean = memory.output(n),
      .p_zero = memory.output(n)};
  const auto error = [memory, args, c, n] {
    const auto a = c.rates(), l = c.library(), r = c.log_theta(), zeta = c.zeta();
    std::vector<double> mean, p_zero;
    for (std::int64_t i = 0; i < c.rows; ++i) {
      double sum = 0;
      for (std::int64_t j = 0; j < c.cols; ++j) sum += std::exp(a[i * c.cols + j]);
      for (std::int64_t j = 0; j < c.cols; ++j) {
        mean.push_back(std::exp(l[i] + a[i * c.cols + j]) / sum);
        const double theta = std::exp(r[c.theta == test::Theta::per_entry ? i * c.cols + j : j]);
        const double p = std::exp(-theta * std::log1p(mean.back() / theta));
        p_zero.push_back(c.inflated ? p + (1 - p) / (1 + std::exp(-zeta[i * c.cols + j])) : p);
      }
    }
    return std::max(memory.error(args.mean, mean), memory.error(args.p_zero, p_zero));
  };
  return {[&ctx, args] { count_decoder_mean(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_count_decoder_mean(Suite<D>& suite) {
  using test::Theta;
  for (const auto& [name, rows, cols, inflated, theta] :
       {std::tuple{"1024x320", 1024, 320, false, Theta::per_gene},
        {"1024x2000_zinb_per_entry", 1024, 2000, true, Theta::per_entry},
        {"large_2048x16000", 2048, 16000, false, Theta::per_gene},
        {"large_2048x16000_zinb_per_entry", 2048, 16000, true, Theta::per_entry}})
    suite.add(std::string("count_decoder_mean/") + name, rows,
              {(inflated ? 20.0 : 12.0) * rows * cols, 100.0 * rows * cols},
              [cols = cols, inflated = inflated, theta = theta](Context<D>& ctx, std::int64_t n) {
                return mean_case(ctx, {.rows = n, .cols = cols, .softmax = true, .inflated = inflated, .theta = theta});
              });
}
void register_count_decoder_mean(Suites& suites) {
  suites.each([](auto& suite) { add_count_decoder_mean(suite); });
}

}  // namespace stx::bench
