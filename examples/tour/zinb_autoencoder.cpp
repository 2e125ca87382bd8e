// A variational autoencoder of zero-inflated counts, trained on simulated cells.
#include <cmath>
#include <cstdio>
#include <stx/stx.hpp>
#ifndef TOUR_DEVICE  // a .cu that includes this file defines it, and D as stx::Cuda
using D = stx::Cpu;
#endif
int main() try {
  const std::int64_t n = 1024, genes = 200, batch = 128;
  const auto cells = stx::TissueSimulator({.n_cells = n, .n_genes = genes}).cell_counts(0, n);
  stx::Matrix<float> dense = to_dense(cells), logs = dense;
  std::vector<float> library;
  for (float& value : logs.values) value = std::log1p(value);
  for (const double total : row_totals(cells)) library.push_back(static_cast<float>(std::log(total)));
  stx::Context<D> ctx({.seed = 1});
  stx::ParameterStore<float, D> store;
  const stx::nn::VaeEncoder<float, D> encode(ctx, store, "encoder", genes, 10);
  const stx::nn::CountDecoder<float, D> decode(ctx, store, "decoder", 10, genes);
  store.allocate(ctx, 1);
  stx::optim::Adam<float, D> adam(ctx, store, {.learning_rate = 0.01f});
  const auto counts = to_device(ctx, dense), x = to_device(ctx, logs), l = to_device(ctx, library, {n, 1});
  for (int epoch = 0; epoch < 8; ++epoch) {
    double sum = 0;
    for (std::int64_t first = 0; first < n; first += batch) {
      begin_step(ctx);
      store.begin_step();
      const auto q = encode(ctx, constant(ctx, x.row_range(first, batch)));
      const auto nll = decode(ctx, gaussian_sample(ctx, q, 7), counts.row_range(first, batch),
                              {.library = constant(ctx, l.row_range(first, batch))});
      const auto fit = weighted_sum(ctx, nll, {.factor = 1.0 / batch});
      const auto kl = weighted_sum(ctx, gaussian_kl(ctx, q), {.factor = 1.0 / batch});
      backward(ctx, {fit, kl});
      adam.step(ctx);
      sum += to_host(ctx, fit.value())[0] + to_host(ctx, kl.value())[0];
    }
    std::printf("epoch %d: %.3f\n", epoch + 1, sum * batch / n);
  }
} catch (const std::exception& e) {
  return std::fprintf(stderr, "%s\n", e.what()), 1;
}
