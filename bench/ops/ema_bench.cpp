#include "registry.hpp"
#include "stx/optim/ema.hpp"

namespace stx::bench {
namespace {

template <class D>
Case ema_case(Context<D>& ctx, std::int64_t size) {
  Buffers<D> memory(ctx);
  const auto start = test::random_values(size, 1), values = test::random_values(size, 2);
  const Ema<float> args{memory.input(start), memory.input(values), size, 0, 0.75f, false};
  const auto error = [memory, args, start, values] {
    std::vector<double> want;
    for (std::size_t i = 0; i < start.size(); ++i) want.push_back(0.75 * start[i] + 0.25 * values[i]);
    return memory.error(args.average, want);
  };
  return {[&ctx, args] { ema(ctx, args); }, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, std::int64_t size) {
  suite.add("ema/" + name, size, {12.0 * static_cast<double>(size), 3.0 * static_cast<double>(size)},
            [](Context<D>& ctx, std::int64_t n) { return ema_case(ctx, n); });
}

}  // namespace

template <class D>
void add_ema(Suite<D>& suite) {
  add(suite, "casper_559367", 559367);
  add(suite, "spotdiff_9200000", 9200000);
}
void register_ema(Suites& suites) {
  suites.each([](auto& suite) { add_ema(suite); });
}

}  // namespace stx::bench
