// What one optimiser step of DCAVAE minimises: counts, divergences, contrast.
#pragma once

#include <array>

#include "examples/dcavae/model.hpp"
#include "stx/ops/contrastive.hpp"
#include "stx/ops/gated_residual.hpp"
#include "stx/ops/l1_loss.hpp"
#include "stx/ops/weighted_sum.hpp"

namespace stx::dcavae {

/// The form of the contrastive term by its name in the options.
inline Contrast contrast_of(const std::string& name) {
  if (name == "r2") return Contrast::dcavae_r2;
  if (name == "r1") return Contrast::dcavae_r1;
  if (name == "global") return Contrast::global;
  require(name == "exclude_positives", "dcavae", "no contrast is named '", name, "'");
  return Contrast::exclude_positives;
}

/// The rows of one side in a step.
template <class T, class D>
struct SideBatch {
  Var<T, D> inputs;            ///< (rows, inputs of the side): log1p counts
  Var<T, D> key_inputs;        ///< (n_keys, inputs of the other side); not used without cross-attention
  Counts<T, D> counts;         ///< (rows, genes)
  Var<T, D> library;           ///< (rows, 1): ln of the observed totals
  Tensor<T, D> observed;       ///< (genes) of 0 and 1, or empty: all
  Gaussian<T, D> log_totals;   ///< (1) each: mean and SD of the side's log totals, with library = learned
  Tensor<T, D> teachers = {};  ///< (genes) of 0 and 1, or empty: all; whose logits move the latents
};

/// The terms of the loss: the first five, then those that the settings ask for.
template <class T, class D>
struct Terms {
  /// By the number of a term in bad_key().
  static constexpr std::array<const char*, 8> names = {"counts of cells",  "latents of cells", "counts of spots",
                                                       "latents of spots", "contrast",         "library of cells",
                                                       "library of spots", "places of spots"};
  std::array<Var<T, D>, 8> values;
  std::size_t n = 5;

  const Var<T, D>* data() const { return values.data(); }
  std::size_t size() const { return n; }
  const Var<T, D>* begin() const { return data(); }
  const Var<T, D>* end() const { return data() + n; }
};

/// Where the terms get what the options alone do not say.
template <class T, class D>
struct StepInputs {
  SideBatch<T, D> cells, spots;
  Tensor<std::uint32_t, D> positives;  ///< (cells, ceil(spots / 32)): which belong together
  Tensor<T, D> distances = {};         ///< (cells, spots), with contrast = r1 alone: softplus of similarities
  Anchors anchors = Anchors::first;    ///< first: cells
  Tensor<T, D> kl_weight;              ///< (1), on the device
  double cell_weight = 1;              ///< of the cells' counts and latents
  Tensor<T, D> places = {};            ///< (spots, axes), with joint_positions alone; 0 where not shown
  Var<T, D> place_shown = {};          ///< (spots, axes) of 0 and 1
};

/// With n_c cells and n_s spots, every sum over the rows of its side:
///
///   (sum NLL_c + w KL_c + sum NLL_s + w KL_s) / (n_c + n_s) + lambda contrast        loss_scale = mean
///   (sum NLL_c + w KL_c) / n_c + (sum NLL_s + w KL_s) / n_s + lambda contrast        loss_scale = sum
///
/// and the cells' sums times cell_weight. Cells have a zero-inflated negative binomial over all genes, spots a negative
/// binomial over the observed ones; the contrast is between sampled latents. With joint_positions the absolute errors
/// of the places of the shown spots are added, times position_weight / n_s. Source: DCAVAE, section 4; table 8 for the
/// places.
template <class T, class D>
Terms<T, D> objective(Context<D>& ctx, const Network<T, D>& network, const StepInputs<T, D>& in, const Options& o) {
  const double n_cells = static_cast<double>(in.cells.inputs.shape()[0]);
  const double n_spots = static_cast<double>(in.spots.inputs.shape()[0]);
  Terms<T, D> terms;
  Var<T, D> z[2];
  for (const Modality m : {Modality::cells, Modality::spots}) {
    const std::uint32_t i = m == Modality::cells ? 0 : 1;
    const SideBatch<T, D>& side = i == 0 ? in.cells : in.spots;
    const double factor =
        (i == 0 ? in.cell_weight : 1.0) / (o.loss_scale == "sum" ? (i == 0 ? n_cells : n_spots) : n_cells + n_spots);
    const Var<T, D> embedded = network.embed(ctx, m, side.inputs);
    const Var<T, D> memory = o.cross_attention ? network.embed(ctx, other(m), side.key_inputs) : embedded;
    const Gaussian<T, D> q = network.latent(ctx, m, embedded, network.keys(ctx, m, memory));
    z[i] = network.sample(ctx, m, q);
    const auto mean_of = [&](Var<T, D> values, std::uint32_t term, const Tensor<T, D>& scale = {}) {
      return weighted_sum(ctx, values,
                          WeightedSumOptions<T, D>{.factor = factor, .weights = {}, .scale = scale, .term = term});
    };
    Var<T, D> library = side.library;
    if (o.library == "learned") {
      const Gaussian<T, D> total = network.library(ctx, m, side.inputs);
      library = network.sample_library(ctx, m, total);
      terms.values[terms.n++] = mean_of(gaussian_kl(ctx, total, side.log_totals), 5 + i, in.kl_weight);
    }
    terms.values[2 * i] =
        mean_of(count_decoder(ctx, side.counts, network.rate(ctx, z[i], side.teachers), library,
                              network.dispersion(ctx, m, z[i], side.teachers),
                              i == 0 ? network.zero(ctx, z[i], side.teachers) : Var<T, D>(), side.observed),
                2 * i);
    terms.values[2 * i + 1] = mean_of(gaussian_kl(ctx, q), 2 * i + 1, in.kl_weight);
  }
  terms.values[4] = contrastive(
      ctx, z[0], z[1], in.positives,
      {.temperature = o.tau, .form = contrast_of(o.contrast), .anchors = in.anchors, .weight = o.lambda, .term = 4},
      in.distances);
  if (o.joint_positions) {
    const Var<T, D> place = network.place(ctx, z[1]);
    const Tensor<T, D> none = ctx.template make_step<T>(place.shape());
    fill(ctx, none.data, none.size(), T(0));
    const Var<T, D> shown = gated_residual(ctx, constant(ctx, none), place, ColumnSlice<T, D>(in.place_shown), 1);
    terms.values[terms.n++] = l1_loss(ctx, shown, in.places, o.position_weight / n_spots, 7);
  }
  return terms;
}

}  // namespace stx::dcavae
