// Every setting of the CASPER runner, with the published code's effective values as defaults.
#pragma once

#include "examples/casper/model.hpp"
#include "stx/train/fit.hpp"

namespace stx::casper {

struct Options {
  std::int64_t hidden = 512;      ///< width of the encoders' hidden layer
  std::int64_t width = 256;       ///< width of embeddings and attention
  std::int64_t n_heads = 2;       ///< attention heads; must divide width
  double dropout = 0.1;           ///< share dropped in encoders, attention weights, attention output
  double learning_rate = 1e-3;    ///< Adam's step size
  double weight_decay = 1e-5;     ///< Adam's L2 term
  std::int64_t batch_size = 1024; ///< spots of one optimiser step
  std::int64_t max_epochs = 500;  ///< upper limit
  std::int64_t patience = 10;     ///< epochs without a better score before training stops

  /// Calls f(name, field, help) for every setting.
  template <class F>
  void visit(F&& f) {
    f("hidden", hidden, "width of the encoders' hidden layer");
    f("width", width, "width of embeddings and attention");
    f("n_heads", n_heads, "attention heads; must divide width");
    f("dropout", dropout, "share dropped in encoders, attention weights and attention output");
    f("learning_rate", learning_rate, "step size of Adam");
    f("weight_decay", weight_decay, "L2 term of Adam");
    f("batch_size", batch_size, "spots of one optimiser step");
    f("max_epochs", max_epochs, "upper limit of epochs");
    f("patience", patience, "epochs without a better score before training stops");
  }

  FitOptions fit(std::uint64_t seed) const { return {batch_size, max_epochs, patience, seed}; }
  AdamOptions adam() const {
    return {.learning_rate = static_cast<float>(learning_rate), .weight_decay = static_cast<float>(weight_decay)};
  }
};

}  // namespace stx::casper
