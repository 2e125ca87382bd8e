// Training of DCAVAE: two captured optimiser steps an iteration, one with cells as anchors, one with spots;
// with anchors = cells the first alone.
#pragma once

#include "examples/dcavae/objective.hpp"
#include "examples/dcavae/posterior.hpp"
#include "stx/train/step_loop.hpp"

namespace stx::dcavae {

/// Trains a model with the pairs of a sampler, which has
///   std::int64_t iterations() const                    of an epoch
///   void begin_epoch(Context<D>&, std::int64_t epoch)  before its steps; the pairs may depend on nothing else
///   draw(Context<D>&, Anchors)                         inside a captured step: rows of anchors, keys_of_anchors,
///                                                      partners and keys_of_partners (int32), and positives, a
///                                                      bit for every cell (row) and spot (column); distances of
///                                                      these pairs (float), with contrast = r1 alone
template <class D, class Sampler>
class Trainer {
 public:
  Trainer(DcavaeModel<D>& model, Sampler& sampler, std::int64_t max_epochs, std::int64_t patience)
      : model_(model), sampler_(sampler), adam_(model.context(), model.store(), model.options().adam()),
        loop_(model.context(), model.store(), adam_, max_epochs, patience) {
    Context<D>& ctx = model.context();
    kl_weight_ = to_device(ctx, std::vector<float>{static_cast<float>(model.options().kl_weight_of(0))}, Shape{1});
    for (const Modality m : {Modality::cells, Modality::spots}) {
      const auto of = log_total_moments(m);
      log_totals_[m == Modality::cells ? 0 : 1] = {to_device(ctx, std::vector<float>{of.first}, Shape{1}),
                                                   to_device(ctx, std::vector<float>{of.second}, Shape{1})};
    }
  }

  /// The terms of the loss of one step: pairs are drawn, both sides go forward.
  Terms<float, D> loss(Anchors anchors) {
    Context<D>& ctx = model_.context();
    const auto draw = sampler_.draw(ctx, anchors);
    const bool by_cells = anchors == Anchors::first;
    StepInputs<float, D> in{.cells = batch(Modality::cells, by_cells ? draw.anchors : draw.partners,
                                           by_cells ? draw.keys_of_anchors : draw.keys_of_partners),
                            .spots = batch(Modality::spots, by_cells ? draw.partners : draw.anchors,
                                           by_cells ? draw.keys_of_partners : draw.keys_of_anchors),
                            .positives = draw.positives,
                            .distances = draw.distances,
                            .anchors = anchors,
                            .kl_weight = kl_weight_,
                            .cell_weight = model_.options().shrinks_cells() ? model_.panel_share() : 1.0,
                            .places = {},
                            .place_shown = {}};
    if (model_.options().joint_positions) {
      const auto& spots = by_cells ? draw.partners : draw.anchors;
      in.places = model_.places(spots);
      in.place_shown = model_.place_shown(spots);
    }
    return objective(ctx, model_.network(), in, model_.options());
  }

  /// Epochs until early stopping by `score`, double(), the limit or an interrupt; then the model holds the
  /// best parameters. `on_epoch`, void(), may save().
  /// @throws NumericError when a loss is not finite.
  template <class Score, class OnEpoch>
  FitEnd run(Score&& score, OnEpoch&& on_epoch) {
    const auto train = [&](std::int64_t epoch) {
      const std::vector<float> weight{static_cast<float>(model_.options().kl_weight_of(epoch))};
      upload(model_.context(), kl_weight_, std::span<const float>(weight));
      sampler_.begin_epoch(model_.context(), epoch);
      for (std::int64_t i = 0; i < sampler_.iterations(); ++i) {
        loop_.step(0, [&] { return loss(Anchors::first); });
        if (model_.options().anchors == "both") loop_.step(1, [&] { return loss(Anchors::second); });
      }
    };
    const auto name_bad = [](std::int64_t step, std::size_t term, std::int64_t row) {
      return BadLoss{Terms<float, D>::names.at(term),
                     stx::detail::concat("row ", row, " of the batch of step ", step + 1, " of the epoch")};
    };
    const auto scored = [&] {
      model_.forget_keys();
      return score();
    };
    const FitEnd end = loop_.run(train, scored, on_epoch, name_bad);
    model_.forget_keys();
    return end;
  }

  void resume(const FitState<float>& state) { loop_.resume(state); }
  FitState<float> save() { return loop_.save(); }
  const std::vector<EpochRecord>& epochs() const { return loop_.epochs(); }
  const EarlyStopping& stopping() const { return loop_.stopping(); }
  optim::Adam<float, D>& adam() { return adam_; }

 private:
  SideBatch<float, D> batch(Modality m, const Tensor<std::int32_t, D>& rows, const Tensor<std::int32_t, D>& keys) {
    Context<D>& ctx = model_.context();
    const DeviceSide<D>& side = model_.side(m);
    SideBatch<float, D> out{side.inputs(ctx, rows), {}, side.counts(rows), side.library(ctx, rows),
                            side.observed(),        {}, side.teachers()};
    if (model_.options().cross_attention) out.key_inputs = model_.side(other(m)).inputs(ctx, keys);
    if (model_.options().library == "learned") {
      const auto& [mean, sd] = log_totals_[m == Modality::cells ? 0 : 1];
      out.log_totals = {constant(ctx, mean), constant(ctx, sd), Spread::deviation};
    }
    return out;
  }

  /// Mean and SD of the log totals of rows that have counts.
  std::pair<float, float> log_total_moments(Modality m) const {
    double n = 0, sum = 0, square = 0;
    for (std::int64_t i = 0; i < model_.n_rows(m); ++i) {
      if (!(model_.total(m, i) > 0)) continue;
      const double l = std::log(model_.total(m, i));
      n += 1;
      sum += l;
      square += l * l;
    }
    if (n == 0) return {0.0f, 1.0f};
    const double mean = sum / n;
    return {static_cast<float>(mean), static_cast<float>(std::sqrt(std::max(square / n - mean * mean, 1e-6)))};
  }

  DcavaeModel<D>& model_;
  Sampler& sampler_;
  optim::Adam<float, D> adam_;
  StepLoop<float, D> loop_;
  Tensor<float, D> kl_weight_;
  std::pair<Tensor<float, D>, Tensor<float, D>> log_totals_[2];
};

}  // namespace stx::dcavae
