#include "registry.hpp"

namespace stx::bench {
namespace {

template <class D>
Case fill_case(Context<D>& ctx, std::int64_t size) {
  Buffers<D> memory(ctx);
  float* data = memory.output(size);
  return {
      [&ctx, data, size] { fill(ctx, data, size, 2.5f); },
      [memory, data, size] { return memory.error(data, std::vector<double>(static_cast<std::size_t>(size), 2.5)); }};
}

template <class D>
Case add_case(Context<D>& ctx, std::int64_t size) {
  Buffers<D> memory(ctx);
  const auto source = test::random_values(size, 5);
  const float* from = memory.input(source);
  float* to = memory.input(std::vector<double>(static_cast<std::size_t>(size), 0.0));
  return {[&ctx, from, to, size] { add_to(ctx, to, from, size); },
          [memory, to, source] { return memory.error(to, source); }};
}

}  // namespace

template <class D>
void add_elementwise(Suite<D>& suite) {
  for (const auto& [name, size] :
       {std::pair<std::string, std::int64_t>{"262144", 262144}, {"large_33554432", 33554432}}) {
    const double values = static_cast<double>(size);
    suite.add("fill/" + name, size, {4 * values, 0}, [](Context<D>& ctx, std::int64_t n) { return fill_case(ctx, n); });
    suite.add("add_to/" + name, size, {12 * values, values},
              [](Context<D>& ctx, std::int64_t n) { return add_case(ctx, n); });
  }
}
void register_elementwise(Suites& suites) {
  suites.each([](auto& suite) { add_elementwise(suite); });
}

}  // namespace stx::bench
