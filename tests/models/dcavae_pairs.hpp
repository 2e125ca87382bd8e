// Two small sides of unit profiles for tests of the pair sampler.
#pragma once

#include <cmath>

#include "examples/dcavae/pairs.hpp"
#include "stx/autograd/backward.hpp"
#include "stx/core/step_graph.hpp"
#include "support/random.hpp"

namespace stx::test {

/// Random rows of length 1.
inline Matrix<float> random_profiles(std::int64_t rows, std::int64_t genes, std::uint64_t seed) {
  Matrix<float> m(rows, genes);
  const auto values = random_values(rows * genes, seed);
  for (std::int64_t i = 0; i < rows; ++i) {
    double square = 0;
    for (std::int64_t g = 0; g < genes; ++g) square += values[i * genes + g] * values[i * genes + g];
    for (std::int64_t g = 0; g < genes; ++g) m(i, g) = static_cast<float>(values[i * genes + g] / std::sqrt(square));
  }
  return m;
}

/// A draw on the host.
struct HostDraw {
  std::vector<std::int32_t> anchors, keys_of_anchors, partners, keys_of_partners;
  std::vector<std::uint32_t> positives;
  std::vector<float> distances;

  bool operator==(const HostDraw&) const = default;
};

/// Draws of `n_epochs` from `first_epoch` on, every iteration with cells and with spots as anchors, through
/// captured steps.
template <class D>
std::vector<HostDraw> draws(dcavae::PairSampler<D>& sampler, Context<D>& ctx, std::int64_t first_epoch,
                            std::int64_t n_epochs) {
  std::vector<HostDraw> all;
  StepGraph<D> graph(ctx);
  dcavae::Draw<D> kept[2];
  for (std::int64_t epoch = first_epoch; epoch < first_epoch + n_epochs; ++epoch) {
    sampler.begin_epoch(ctx, epoch);
    for (std::int64_t i = 0; i < sampler.iterations(); ++i)
      for (int key : {0, 1}) {
        graph.run(key, [&] {
          begin_step(ctx);
          kept[key] = sampler.draw(ctx, key == 0 ? Anchors::first : Anchors::second);
        });
        const dcavae::Draw<D>& d = kept[key];
        const auto host = [&]<class V>(const Tensor<V, D>& tensor) {
          return tensor ? to_host(ctx, tensor) : std::vector<V>();
        };
        all.push_back({host(d.anchors), host(d.keys_of_anchors), host(d.partners), host(d.keys_of_partners),
                       host(d.positives), host(d.distances)});
      }
  }
  return all;
}

}  // namespace stx::test
