// The measuring of time_training.hpp for a device D.
#pragma once

#include <functional>

#include "bench/models/time_training.hpp"
#include "examples/common/clock.hpp"
#include "examples/dcavae/pairs.hpp"
#include "examples/dcavae/positions.hpp"
#include "examples/dcavae/train.hpp"
#include "stx/core/step_graph.hpp"

namespace stx::dcavae {

/// Seconds of `count` calls of `work`, after `warm` calls, each until the device has done it.
template <class D, class F>
Seconds seconds_of(Context<D>& ctx, std::int64_t warm, std::int64_t count, F&& work) {
  Seconds all;
  for (std::int64_t i = -warm; i < count; ++i) {
    ctx.synchronize();
    const auto start = std::chrono::steady_clock::now();
    work();
    ctx.synchronize();
    if (i >= 0) all.push_back(seconds_since(start));
  }
  return all;
}

/// A draw of another sampler, kept for ever.
template <class D>
class GivenPairs {
 public:
  GivenPairs(Context<D>& ctx, PairSampler<D>& sampler) : iterations_(sampler.iterations()) {
    sampler.begin_epoch(ctx, 0);
    for (const Anchors anchors : {Anchors::first, Anchors::second}) {
      begin_step(ctx);
      const Draw<D> drawn = sampler.draw(ctx, anchors);
      draws_[anchors == Anchors::first ? 0 : 1] = {kept(ctx, drawn.anchors),   kept(ctx, drawn.keys_of_anchors),
                                                   kept(ctx, drawn.partners),  kept(ctx, drawn.keys_of_partners),
                                                   kept(ctx, drawn.positives), kept(ctx, drawn.distances)};
    }
  }

  std::int64_t iterations() const { return iterations_; }
  void begin_epoch(Context<D>&, std::int64_t) {}
  const Draw<D>& draw(Context<D>&, Anchors anchors) const { return draws_[anchors == Anchors::first ? 0 : 1]; }

 private:
  template <class V>
  static Tensor<V, D> kept(Context<D>& ctx, const Tensor<V, D>& t) {
    if (!t) return {};
    return to_device(ctx, to_host(ctx, t), t.shape);
  }

  std::int64_t iterations_;
  Draw<D> draws_[2];
};

/// Seconds of `count` steps, with cells and spots as anchors in turn: each kind is captured in the calls that warm up.
template <class D, class F>
Seconds seconds_of_steps(Context<D>& ctx, std::int64_t count, F&& step) {
  StepGraph<D> graph(ctx);
  std::int64_t i = 0;
  return seconds_of(ctx, 4, count, [&] {
    const std::int64_t turn = i++ % 2;
    graph.run(turn, [&] {
      begin_step(ctx);
      step(turn == 0 ? Anchors::first : Anchors::second);
    });
  });
}

template <class D>
Seconds step_seconds(DcavaeModel<D>& model, PairSampler<D>& sampler, std::int64_t count) {
  Context<D>& ctx = model.context();
  GivenPairs<D> pairs(ctx, sampler);
  Trainer<D, GivenPairs<D>> trainer(model, pairs, 1, 1);
  return seconds_of_steps(ctx, count, [&](Anchors anchors) {
    model.store().begin_step();
    const auto terms = trainer.loss(anchors);
    backward(ctx, std::span<const Var<float, D>>(terms));
    trainer.adam().step(ctx);
  });
}

template <class D>
Seconds draw_seconds(Context<D>& ctx, PairSampler<D>& sampler, std::int64_t count) {
  return seconds_of_steps(ctx, count, [&](Anchors anchors) { sampler.draw(ctx, anchors); });
}

template <class D>
Seconds epoch_seconds(DcavaeModel<D>& model, PairSampler<D>& sampler, std::int64_t count) {
  Trainer<D, PairSampler<D>> trainer(model, sampler, count + 1, count + 1);
  double epoch = 0;
  trainer.run([&] { return ++epoch; }, [] {});
  Seconds all;
  for (const EpochRecord& record : trainer.epochs()) all.push_back(record.train_seconds);
  all.erase(all.begin());  // its memory is new
  return all;
}

template <class D>
Seconds position_seconds(DcavaeModel<D>& model, const Matrix<double>& coordinates, std::int64_t count) {
  PositionOptions options;
  options.epochs = count;
  options.samples = 0;
  const Latents spots = model.latents(Modality::spots);
  Seconds all;
  place_cells<D>(model.context().options(), {spots.mean, spots.sd}, coordinates, {spots.mean, spots.sd}, options,
                 [&](std::int64_t, const EpochRecord& record) { all.push_back(record.train_seconds); });
  return all;
}

/// `bytes_in_use`, double(): of the device's memory now; looked at wherever most of it can be in use.
template <class D>
Times time_parts(const ContextOptions& context, const Task& task, const Options& options, const TimeOptions& counts,
                 const std::function<double()>& bytes_in_use) {
  Times out;
  const double before = bytes_in_use();
  const auto look = [&] { out.peak_device_bytes = std::max(out.peak_device_bytes, bytes_in_use() - before); };
  DcavaeModel<D> model(context, task, options);
  Context<D>& ctx = model.context();
  const auto start = std::chrono::steady_clock::now();
  const Similarity similarity = similarity_of(options.similarity);
  const int threads = threads_or_all(context.threads);
  const Matrix<float> cells = unit_profiles(task, Modality::cells, similarity, threads);
  const Matrix<float> spots = unit_profiles(task, Modality::spots, similarity, threads);
  TopLists lists;
  {
    Context<D> own(context);  // its memory goes with it
    lists = make_lists(own, cells, spots, list_sizes(cells.rows, spots.rows, options));
    look();
  }
  PairSampler<D> sampler(ctx, cells, spots, lists, options);
  ctx.synchronize();
  out.lists = seconds_since(start);
  out.cells = cells.rows;
  out.spots = spots.rows;
  out.genes = task.n_genes();
  out.threads = threads;
  out.batch = options.batch_size;
  out.steps_per_epoch = 2 * sampler.iterations();
  out.steps = step_seconds(model, sampler, counts.steps);
  look();
  out.draws = draw_seconds(ctx, sampler, counts.steps);
  if (counts.epochs > 0) out.epochs = epoch_seconds(model, sampler, counts.epochs);
  look();
  if (counts.positions > 0) out.positions = position_seconds(model, task.coordinates, counts.positions);
  return out;
}

}  // namespace stx::dcavae
