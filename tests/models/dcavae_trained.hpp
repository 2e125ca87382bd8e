// A small DCAVAE after some training, and layers set by hand.
#pragma once

#include <memory>

#include "models/dcavae_case.hpp"
#include "stx/backend/cpu/transfer.hpp"

namespace dcavae_case {

using stx::Cpu;
using Model = stx::dcavae::DcavaeModel<Cpu>;
inline constexpr Modality sides[] = {Modality::cells, Modality::spots};

/// A model after a few steps, so that running statistics and dispersions are not those of the start.
inline std::unique_ptr<Model> trained(const Options& o, int threads = 1) {
  auto model = std::make_unique<Model>(stx::ContextOptions{.threads = threads, .seed = 3}, task(o), o);
  RandomPairs<Cpu> pairs(model->context(), o);
  Trainer<Cpu> trainer(*model, pairs, 2, 2);
  trainer.run([&] { return static_cast<double>(trainer.epochs().size()); }, [] {});
  return model;
}

/// Lets a layer give the same to every row.
inline void make_constant(Model& model, const std::string& layer, float value) {
  for (auto& e : model.store().entries())
    if (e.name == layer + ".bias") stx::fill(model.context(), e.state.value.data, e.shape.size(), value);
    else if (e.name == layer + ".weight") stx::fill(model.context(), e.state.value.data, e.shape.size(), 0.0f);
}

/// Gives every latent one log variance.
inline void spread_of_latents(Model& model, float log_variance) { make_constant(model, "latent.spread", log_variance); }

}  // namespace dcavae_case
