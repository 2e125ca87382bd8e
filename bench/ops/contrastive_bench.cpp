#include "registry.hpp"
#include "support/naive_contrast.hpp"
#include "support/naive_losses.hpp"

namespace stx::bench {
namespace {

template <class D>
Case contrastive_case(Context<D>& ctx, std::int64_t n, std::int64_t dim, Contrast form, bool backward) {
  Buffers<D> memory(ctx);
  std::vector<std::uint32_t> bits(n * ((n + 31) / 32), 0u);
  std::vector<int> pairs(n * n, 0);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = i % 7; j < n; j += 13) {
      pairs[i * n + j] = 1;
      bits[i * ((n + 31) / 32) + j / 32] |= 1u << (j % 32);
    }
  const auto distances = form == Contrast::dcavae_r1 ? test::random_values(n * n, 9, 0.3, 1.3) : std::vector<double>();
  const ContrastiveModel<float> model{.first = memory.random(n * dim),
                                      .second = memory.random(n * dim),
                                      .positives = to_device(ctx, bits, Shape{n, (n + 31) / 32}).data,
                                      .n_first = n,
                                      .n_second = n,
                                      .dim = dim,
                                      .distances = form == Contrast::dcavae_r1 ? memory.input(distances) : nullptr,
                                      .form = form};
  const ContrastiveForward<float> f{model,
                                    memory.output(1),
                                    memory.output(n * dim),
                                    memory.output(n * dim),
                                    memory.output(n),
                                    memory.output(n),
                                    memory.output(n * n),
                                    memory.output(n),
                                    0,
                                    form == Contrast::global ? memory.output(2 * n + 2) : nullptr};
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
  const auto run = [&ctx, f, b, backward] { backward ? contrastive_backward(ctx, b) : contrastive_forward(ctx, f); };
  const auto error = [memory, f, b, pairs, distances, n, dim, form, backward] {
    auto x = memory.host(f.model.first, n * dim);
    const auto y = memory.host(f.model.second, n * dim);
    const auto loss = [&] {
      const test::naive::ContrastCase<double> c{x, y, pairs, n, n, dim, 1.0};
      if (form == Contrast::global) return test::naive::contrastive_global(c);
      if (form == Contrast::dcavae_r1) return test::naive::contrastive_r1(c, distances);
      return test::naive::contrastive<double>(x, y, pairs, n, n, dim, 1.0, static_cast<int>(form));
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
  for (const auto& [name, n, dim, form] : {std::tuple{"1024x20", 1024, 20, Contrast::exclude_positives},
                                           {"1024x20_global", 1024, 20, Contrast::global},
                                           {"1024x20_r1", 1024, 20, Contrast::dcavae_r1},
                                           {"1024x20_r2", 1024, 20, Contrast::dcavae_r2},
                                           {"large_4096x64", 4096, 64, Contrast::exclude_positives},
                                           {"large_4096x64_r1", 4096, 64, Contrast::dcavae_r1}})
    for (const bool backward : {false, true}) {
      const double read = form == Contrast::dcavae_r1 && !backward ? 4.0 : 0.0;  // the distances
      suite.add("contrastive_" + std::string(backward ? "bwd/" : "fwd/") + name, n,
                {(8.0 + read) * n * n, (backward ? 4.0 : 2.0) * n * n * dim + 40.0 * n * n},
                [dim = dim, form = form, backward](Context<D>& ctx, std::int64_t rows) {
                  return contrastive_case(ctx, rows, dim, form, backward);
                });
    }
}
void register_contrastive(Suites& suites) {
  suites.each([](auto& suite) { add_contrastive(suite); });
}

}  // namespace stx::bench
