// Every setting of the CASPER runner, with the published code's effective values as defaults.
#pragma once

#include <cstdint>
#include <string>

#include "stx/train/fit.hpp"

namespace stx::casper {

struct Options {
  std::int64_t hidden = 512;       ///< width of the encoders' hidden layer
  std::int64_t width = 256;        ///< width of embeddings and attention
  std::int64_t n_heads = 2;        ///< attention heads; must divide width
  double dropout = 0.1;            ///< share dropped in encoders, attention weights, attention output
  double learning_rate = 1e-3;     ///< Adam's step size
  double weight_decay = 1e-5;      ///< Adam's L2 term
  std::int64_t batch_size = 1024;  ///< spots of one optimiser step
  std::int64_t max_epochs = 500;   ///< upper limit
  std::int64_t patience = 10;      ///< epochs without a better score before training stops

  // The gene-agnostic protocol; defaults chosen on validation genes (docs/results.md).
  std::int64_t gene_hidden = 512;       ///< width of the encoders' hidden layer
  std::int64_t gene_width = 256;        ///< width of embeddings and attention
  std::int64_t gene_batch_size = 256;   ///< spots of one step, and as many cells
  std::int64_t gene_epoch_steps = 10;   ///< steps between two looks at the validation genes
  std::int64_t gene_max_epochs = 30;    ///< upper limit
  std::int64_t gene_patience = 8;       ///< epochs without a better score before training stops
  double validation_genes = 0.2;        ///< share of the measured genes that chooses the epoch
  double cell_weight = 0.3;             ///< weight of the cells' term of the loss
  double hide_lowest = 0.1;             ///< smallest share of a row's inputs hidden in training
  double hide_highest = 0.9;            ///< largest share
  std::int64_t n_loadings = 20;         ///< principal axes in a gene's embedding
  double stats_scale = 0.3;             ///< size of the gene statistics beside them
  std::int64_t tokens_per_cluster = 4;  ///< most sub-centroids of a cluster

  // Single cells.
  std::int64_t n_components = 50;  ///< principal components for clustering
  double resolution = 1.0;         ///< of Leiden; higher gives more clusters
  std::string label_column;        ///< obs column with given cell labels; empty: cluster

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
    f("gene_hidden", gene_hidden, "genes: width of the encoders' hidden layer");
    f("gene_width", gene_width, "genes: width of embeddings and attention");
    f("gene_batch_size", gene_batch_size, "genes: spots of one step, and as many cells");
    f("gene_epoch_steps", gene_epoch_steps, "genes: steps between two looks at the validation genes");
    f("gene_max_epochs", gene_max_epochs, "genes: upper limit of epochs");
    f("gene_patience", gene_patience, "genes: epochs without a better score before training stops");
    f("validation_genes", validation_genes, "genes: share of the measured genes that chooses the epoch");
    f("cell_weight", cell_weight, "genes: weight of the cells' term of the loss");
    f("hide_lowest", hide_lowest, "genes: smallest share of a row's inputs hidden in training");
    f("hide_highest", hide_highest, "genes: largest share of a row's inputs hidden in training");
    f("n_loadings", n_loadings, "genes: principal axes in a gene's embedding");
    f("stats_scale", stats_scale, "genes: size of the gene statistics beside the loadings");
    f("tokens_per_cluster", tokens_per_cluster, "genes: most sub-centroids of a cluster");
    f("n_components", n_components, "principal components for clustering the cells");
    f("resolution", resolution, "of Leiden; higher gives more clusters");
    f("label_column", label_column, "obs column with given cell labels; empty: cluster the cells");
  }

  /// Throws ArgumentError for a setting outside its range.
  void check() const {
    const auto at_least = [](const char* name, auto value, auto least) {
      require(value >= least, "settings", name, " must be at least ", least, ", got ", value);
    };
    for (const auto& [name, value] : {std::pair{"hidden", hidden},
                                      {"width", width},
                                      {"n_heads", n_heads},
                                      {"batch_size", batch_size},
                                      {"max_epochs", max_epochs},
                                      {"patience", patience},
                                      {"gene_hidden", gene_hidden},
                                      {"gene_width", gene_width},
                                      {"gene_batch_size", gene_batch_size},
                                      {"gene_epoch_steps", gene_epoch_steps},
                                      {"gene_max_epochs", gene_max_epochs},
                                      {"gene_patience", gene_patience},
                                      {"n_loadings", n_loadings},
                                      {"tokens_per_cluster", tokens_per_cluster},
                                      {"n_components", n_components}})
      at_least(name, value, 1);
    for (const auto& [name, value] : {std::pair{"learning_rate", learning_rate},
                                      {"weight_decay", weight_decay},
                                      {"cell_weight", cell_weight},
                                      {"stats_scale", stats_scale},
                                      {"hide_lowest", hide_lowest}})
      at_least(name, value, 0);
    require(width % n_heads == 0 && gene_width % n_heads == 0, "settings", "n_heads = ", n_heads,
            " must divide width = ", width, " and gene_width = ", gene_width);
    require(dropout >= 0 && dropout < 1, "settings", "dropout must be in [0, 1), got ", dropout);
    require(validation_genes > 0 && validation_genes < 1, "settings", "validation_genes must be in (0, 1), got ",
            validation_genes);
    require(hide_lowest <= hide_highest && hide_highest <= 1, "settings",
            "hide_lowest <= hide_highest <= 1 must hold, got ", hide_lowest, " and ", hide_highest);
    require(resolution > 0, "settings", "resolution must be positive, got ", resolution);
  }

  FitOptions fit_genes(std::uint64_t seed) const {
    return {gene_batch_size, gene_max_epochs, gene_patience, seed, gene_epoch_steps, {{"spots"}, {"cells", false}}};
  }
  FitOptions fit(std::uint64_t seed) const { return {batch_size, max_epochs, patience, seed, 0, {{"mse"}}}; }
  AdamOptions adam() const {
    return {.learning_rate = static_cast<float>(learning_rate), .weight_decay = static_cast<float>(weight_decay)};
  }
};

}  // namespace stx::casper
