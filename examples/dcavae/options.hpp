// Every setting of the DCAVAE runner. The defaults are revision `sound`, its numbers chosen on validation genes;
// of_revision() gives the others.
#pragma once

#include <cstdint>
#include <string>

#include "stx/core/error.hpp"
#include "stx/math/adam.hpp"

namespace stx::dcavae {

struct Options {
  std::string revision = "sound";  ///< sound | paper | R1 | R2: sets the others, which may then be changed

  // Network.
  std::int64_t hidden = 128;           ///< width of encoders and attention
  std::int64_t latent = 32;            ///< width of the latent space
  std::int64_t n_heads = 4;            ///< attention heads; must divide hidden
  double dropout = 0.2;                ///< share dropped in encoders and in the shared block
  std::string norm = "layer";          ///< shared_batch: one batch norm in four places; batch | layer: a norm each
  std::string attention = "separate";  ///< shared: one module for both directions; separate: one each
  bool cross_attention = true;         ///< false: each side attends to itself
  std::string dispersion = "tied";     ///< free: one of each gene and side; tied: space = cells + learned offset;
                                       ///< decoder: of each entry, a third output of the decoder
  std::string library = "observed";    ///< observed: log of the row's total; learned: a second encoder
  double cell_depth = 0.5;             ///< power of a cell's total in its library; 0: all cells alike
  bool mask_cell_encoder = true;       ///< the cells' encoder sees the training genes alone
  std::int64_t extra_genes = 0;        ///< variable genes of the reference outside the panel that cells teach; -1 all

  std::string unshown_genes = "teach";  ///< genes of cells that the spots do not show: teach, they shape the latents as
                                        ///< all do; follow: they are learned from latents that they do not move
  bool balance_extra_genes = true;      ///< with teach: cells count panel / (panel + extra) genes as much

  // Loss.
  double lambda = 0.1;                         ///< weight of the contrastive term
  std::string contrast = "exclude_positives";  ///< exclude_positives | global | r1 | r2
  double tau = 0.5;                            ///< temperature of the contrastive term
  double kl_weight = 0.7;                      ///< weight of the divergence from N(0, I) after the warm-up
  std::int64_t kl_warmup = 0;                  ///< epochs in which that weight grows from 0; 0: none
  std::string loss_scale = "mean";             ///< mean: both sides by all rows; sum: each by its own, as printed

  // Batches.
  std::int64_t batch_size = 256;  ///< anchors of a step
  std::string anchors = "both";   ///< both: a step with cells, then one with spots as anchors; cells: the first alone
  std::string similarity = "cosine";   ///< cosine | pearson, of z-scored profiles; raw_cosine | spearman, of counts
  std::int64_t epoch_iterations = 10;  ///< iterations of an epoch at least: small data are passed over again
  double kappa = 1;                    ///< sharpness of the draws of keys; 0: the batch size, the paper's sum
  std::int64_t k = 50;                 ///< partners that a row may be paired with
  bool k_scaled = true;                ///< times rows of the other side / rows of the smaller side
  std::int64_t k_cap = 500;            ///< most partners after scaling
  bool random_pairs = false;           ///< partners and keys drawn uniformly
  bool reshuffle = true;               ///< a new order of the anchors in every epoch
  std::string pairing = "aligned";     ///< aligned: partners of the anchors, keys for both; other_keys: those of
                                       ///< partners for a second draw; independent: all for batches of their own

  // Training.
  std::int64_t max_epochs = 40;   ///< upper limit
  std::int64_t patience = 10;     ///< epochs without a better score before training stops
  double validation_genes = 0.1;  ///< share of the measured genes that chooses the epoch; 0: the last epoch
  bool refit = true;              ///< train once more on all measured genes for the chosen epochs
  double learning_rate = 3e-3;    ///< step size of Adam
  double adam_eps = 1e-8;         ///< added to Adam's root
  double weight_decay = 1e-6;     ///< Adam's L2 term

  // Use of the trained model.
  std::int64_t posterior_samples = 50;  ///< samples of latents, and of counts for intervals
  std::string expectation = "mean";  ///< expected counts and P(zero): at the mean latent | samples: means over latents
  std::string keys = "all";          ///< what queries look at: all rows of the other side | sampled, as in training
  std::int64_t key_draws = 10;       ///< with sampled keys: draws that results are averaged over
  std::string align = "pairs";       ///< latents of cells: moved by the mean difference of mutual partners | none
  std::string log_scale = "expected";  ///< log-normalised output: expected | plug_in, ln(1 + expected counts, scaled)
  bool rounded = false;                ///< round counts that are not whole numbers instead of refusing them
  std::string label_column;            ///< obs column of the cells with their types; empty: none
  std::string spot_label_column;       ///< obs column of the spots with their types; empty: none

  // Positions.
  std::int64_t position_epochs = 100;    ///< epochs of the second stage
  double position_learning_rate = 0.01;  ///< its step size of Adam
  std::int64_t position_batch = 512;     ///< spots of one step
  bool position_noise = true;            ///< it is trained on samples of the latents, not on their means
  bool joint_positions = false;          ///< no second stage: places are a term of the loss
  double position_weight = 1;            ///< of that term, the mean over known spots of |dx| + |dy|

  /// Calls f(name, field, help) for every setting.
  template <class F>
  void visit(F&& f);
  /// The settings of a revision. `imputes`: for a model that imputes, not one that is scored on the panel alone:
  /// `sound` then learns all genes of the reference, as `paper` always does; the published code knows no others than
  /// the panel's.
  /// @throws ArgumentError for an unknown name.
  static Options of_revision(const std::string& name, bool imputes = false);
  /// @throws ArgumentError for a setting outside its range.
  void check() const;

  AdamOptions adam() const {
    return {.learning_rate = static_cast<float>(learning_rate),
            .eps = static_cast<float>(adam_eps),
            .weight_decay = static_cast<float>(weight_decay)};
  }
  /// Whether the cells' terms of the loss are multiplied by the panel's share of the genes.
  bool shrinks_cells() const { return balance_extra_genes && unshown_genes == "teach"; }
  /// Weight of the divergence in an epoch, counted from 0.
  double kl_weight_of(std::int64_t epoch) const {
    if (epoch >= kl_warmup) return kl_weight;
    return kl_weight * static_cast<double>(epoch) / static_cast<double>(kl_warmup);
  }
};

template <class F>
void Options::visit(F&& f) {
  f("revision", revision,
    "sound | paper | R1 | R2: sets all others, which may then be changed; what stands here is sound's");
  f("hidden", hidden, "width of encoders and attention");
  f("latent", latent, "width of the latent space");
  f("n_heads", n_heads, "attention heads; must divide hidden");
  f("dropout", dropout, "share dropped in encoders and in the shared block");
  f("norm", norm, "shared_batch: one batch norm in four places; batch | layer: a batch or layer norm each");
  f("attention", attention, "shared: one module for both directions; separate: one each");
  f("cross_attention", cross_attention, "false: each side attends to itself");
  f("dispersion", dispersion,
    "free: one of each gene and side; tied: space = cells + a learned offset; decoder: one of each "
    "entry, a third output of the decoder");
  f("library", library, "observed: log of the row's total; learned: a second encoder, whose spread intervals hold too");
  f("cell_depth", cell_depth, "power of a cell's total in its library; 0: all cells alike");
  f("mask_cell_encoder", mask_cell_encoder, "the cells' encoder sees the training genes alone");
  f("extra_genes", extra_genes,
    "variable genes of the reference outside the panel that cells teach; -1: all, as fit does "
    "with revision sound, and revision paper always");
  f("unshown_genes", unshown_genes,
    "genes of the cells that the spots do not show: teach, they shape the latents as all do; follow, "
    "as fit does with revision sound, they are learned from latents that they do not move");
  f("balance_extra_genes", balance_extra_genes,
    "with teach the cells' terms are multiplied by panel / (panel + extra) genes");
  f("lambda", lambda, "weight of the contrastive term");
  f("contrast", contrast, "exclude_positives | global | r1 | r2");
  f("tau", tau, "temperature of the contrastive term");
  f("kl_weight", kl_weight, "weight of the divergence from N(0, I) after the warm-up");
  f("kl_warmup", kl_warmup, "epochs in which that weight grows from 0; 0: none");
  f("loss_scale", loss_scale, "mean: both sides divided by all rows; sum: each by its own");
  f("batch_size", batch_size, "anchors of a step");
  f("anchors", anchors, "both: in turn a step with cells and one with spots as anchors; cells: the first alone");
  f("similarity", similarity, "cosine | pearson, of z-scored log profiles; raw_cosine | spearman, of counts");
  f("epoch_iterations", epoch_iterations, "iterations of an epoch at least: small data are passed over again");
  f("kappa", kappa, "sharpness of the draws of keys; 0: the batch size");
  f("k", k, "partners that a row may be paired with");
  f("k_scaled", k_scaled, "k times rows of the other side / rows of the smaller side");
  f("k_cap", k_cap, "most partners after scaling");
  f("random_pairs", random_pairs, "partners and keys drawn uniformly");
  f("reshuffle", reshuffle, "a new order of the anchors in every epoch");
  f("pairing", pairing,
    "aligned: partners of the anchors, keys for these rows; other_keys: keys of partners for other "
    "ones; independent: partners and keys for batches of anchors of their own");
  f("max_epochs", max_epochs, "upper limit of epochs");
  f("patience", patience, "epochs without a better score before training stops");
  f("validation_genes", validation_genes, "share of the measured genes that chooses the epoch; 0: the last epoch");
  f("refit", refit, "train once more on all measured genes for the chosen epochs");
  f("learning_rate", learning_rate, "step size of Adam");
  f("adam_eps", adam_eps, "added to Adam's root");
  f("weight_decay", weight_decay, "L2 term of Adam");
  f("posterior_samples", posterior_samples, "samples of latents, and of counts for intervals");
  f("expectation", expectation,
    "expected counts and P(zero): mean, at the posterior's mean; samples: means over its samples");
  f("keys", keys, "what queries look at in use: all rows of the other side | sampled, as in training");
  f("key_draws", key_draws, "with sampled keys: draws that results are averaged over; the published code: 1");
  f("align", align,
    "latents of cells in the shared space: pairs, moved by the mean difference of mutual partners | none");
  f("log_scale", log_scale, "log-normalised output: expected, its expectation | plug_in, that of expected counts");
  f("rounded", rounded, "round counts that are not whole numbers instead of refusing them");
  f("label_column", label_column, "obs column of the cells with their types; empty: none");
  f("spot_label_column", spot_label_column, "obs column of the spots with their types; empty: none");
  f("position_epochs", position_epochs, "positions: epochs");
  f("position_learning_rate", position_learning_rate, "positions: step size of Adam");
  f("position_batch", position_batch, "positions: spots of one step");
  f("position_noise", position_noise,
    "positions: trained on samples of the latents, as cells are placed; false: on means");
  f("joint_positions", joint_positions, "positions: a term of the loss instead of a second stage");
  f("position_weight", position_weight, "positions: weight of that term");
}

}  // namespace stx::dcavae
