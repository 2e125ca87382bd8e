#include "registry.hpp"
#include "support/naive_losses.hpp"

namespace stx::bench {
namespace {

template <class D>
Case contrastive_case(Context<D>& ctx, std::int64_t n, std::int64_t dim, bool backward) {
  Buffers<D> memory(ctx);
  std::vector<std::uint32_t> bits(n * ((n + 31) / 32), 0u);
  std::vector<int> pairs(n * n, 0);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = i % 7; j < n; j += 13) {
      pairs[i * n + j] = 1;
      bits[i * ((n + 31) / 32) + j / 32] |= 1u << (j % 32);
    }
  const ContrastiveModel<float> model{
      .first = memory.random(n * dim),
      .second = memory.random(n * dim),
      .positives = to_device(ctx, bits, Shape{n, (n + 31) / 32}).data,
      .n_first = n,
      .n_second = n,
      .dim = dim};
  const ContrastiveForward<float> f{model,
                                    memory.output(1),
                                    memory.output(n * dim),
                                    memory.output(n * dim),
                                    memory.output(n),
                                    memory.output(n),
                                    memory.output(n * n),
                                    memory.output(n)};
  const ContrastiveBackward<float> b{model,
                                     memory.input({1.0}),
                                     f.unit_first,
                                     f.unit_second,
                                     f.inverse_first,
                                     f.inverse_second,
                                     f.slopes,
                                     memory.output(n * dim),
                                     memory.output(n * dim),
                                     memory.output(n * dim)};
  contrastive_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] {
    backward ? contrastive_backward(ctx, b) : contrastive_forward(ctx, f);
  };
  const auto error = [memory, f, b, pairs, n, dim, backward] {
    auto x = memory.host(f.model.first, n * dim);
    const auto y = memory.host(f.model.second, n * dim);
    const auto loss = [&] {
      return test::naive::contrastive<double>(x, y, pairs, n, n, dim, 1.0, 0);
    };
    if (!backward) return memory.error(f.loss, {loss()});
    std::vector<double> slopes;  // of the first values, by central differences
    for (int k = 0; k < 4; ++k) {
      const double before = x[k];
      x[k] = before + 1e-5;
      const double above = loss();
      x[k] = before - 1e-5;
      slopes.push_back((above - loss()) / 2e-5);
      x[k] = before;
    }
    return memory.error(b.grad_first, slopes);
  };
  return {run, error};
}

}  // namespace

template <class D>
void add_contrastive(Suite<D>& suite) {
  for (const auto& [name, n, dim] : {std::tuple{"1024x20", 1024, 20}, {"large_4096x64", 4096, 64}})
    for (const bool backward : {false, true})
      suite.add("contrastive_" + std::string(backward ? "bwd/" : "fwd/") + name, n,
                {8.0 * n * n, (backward ? 4.0 : 2.0) * n * n * dim + 40.0 * n * n},
                [dim = dim, backward](Context<D>& ctx, std::int64_t rows) {
                  return contrastive_case(ctx, rows, dim, backward);
                });
}
void register_contrastive(Suites& suites) {
  suites.each([](auto& suite) { add_contrastive(suite); });
}

}  // namespace stx::bench
