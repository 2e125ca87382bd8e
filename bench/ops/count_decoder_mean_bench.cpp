#include "registry.hpp"
#include "support/count_cases.hpp"

namespace stx::bench {
namespace {

template <class D>
Case mean_case(Context<D>& ctx, const test::CountCase& c) {
  Buffers<D> memory(ctx);
  const std::int64_t n = c.rows * c.cols;
  const CountDecoderMean<float> args{.model = {.logits = memory.input(c.rates()),
                                               .library = memory.input(c.library()),
                                               .dispersion = {memory.input(c.log_theta())},
                                               .rows = c.rows,
                                               .cols = c.cols},
                                     .mean = memory.output(n),
                                     .p_zero = memory.output(n)};
  const auto error = [memory, args, c, n] {
    const auto a = c.rates(), l = c.library(), r = c.log_theta();
    std::vector<double> mean, p_zero;
    for (std::int64_t i = 0; i < c.rows; ++i) {
      double sum = 0;
      for (std::int64_t j = 0; j < c.cols; ++j) sum += std::exp(a[i * c.cols + j]);
      for (std::int64_t j = 0; j < c.cols; ++j) {
        mean.push_back(std::exp(l[i] + a[i * c.cols + j]) / sum);
        p_zero.push_back(std::exp(-std::exp(r[j]) * std::log1p(mean.back() / std::exp(r[j]))));
      }
    }
    return std::max(memory.error(args.mean, mean), memory.error(args.p_zero, p_zero));
  };
  return {[&ctx, args] { count_decoder_mean(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_count_decoder_mean(Suite<D>& suite) {
  for (const auto& [name, rows, cols] :
       {std::tuple{"1024x320", 1024, 320}, {"large_2048x16000", 2048, 16000}})
    suite.add(std::string("count_decoder_mean/") + name, rows,
              {12.0 * rows * cols, 100.0 * rows * cols},
              [cols = cols](Context<D>& ctx, std::int64_t n) {
                return mean_case(ctx, {.rows = n, .cols = cols, .softmax = true});
              });
}
void register_count_decoder_mean(Suites& suites) {
  suites.each([](auto& suite) { add_count_decoder_mean(suite); });
}

}  // namespace stx::bench
