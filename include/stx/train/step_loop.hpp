// Training as epochs of captured optimiser steps of any kind, with early stopping and a state that can be
// resumed bit for bit.
#pragma once

#include <chrono>
#include <cmath>
#include <span>

#include "stx/autograd/backward.hpp"
#include "stx/core/step_graph.hpp"
#include "stx/core/transfer.hpp"
#include "stx/optim/adam.hpp"
#include "stx/train/fit_state.hpp"
#include "stx/train/interrupt.hpp"

namespace stx {

/// What messages call a loss that was not finite.
struct BadLoss {
  std::string term;  ///< name of the term of the loss
  std::string row;   ///< such as "training row 5"
};

/// Runs epochs, each a sequence of steps that the caller chooses by step(); stops early; saves, resumes.
template <class T, class D>
class StepLoop {
 public:
  /// @param max_epochs  upper limit, at least 1
  /// @param patience    epochs without a better score before training stops, at least 1
  StepLoop(Context<D>& ctx, ParameterStore<T, D>& store, optim::Adam<T, D>& adam, std::int64_t max_epochs,
           std::int64_t patience)
      : ctx_(ctx), store_(store), adam_(adam), max_epochs_(max_epochs), graph_(ctx) {
    require(max_epochs >= 1 && patience >= 1, "StepLoop", "max_epochs and patience must be at least 1");
    loss_total_ = ctx.template make_persistent<T>(Shape{1});
    state_.stopping.patience = patience;
    StepState host = read_step_state();
    host.learning_rate = adam.options().learning_rate;
    host.first_bad = ~0ull;
    copy_to_device(ctx_, ctx_.step_state(), &host, sizeof host);
  }

  /// Continues from a saved state; everything else must be as it was.
  /// @throws DataError when the state is of another model.
  void resume(const FitState<T>& state) {
    const auto n = static_cast<std::size_t>(store_.size());
    for (const std::vector<T>* part : {&state.values, &state.means, &state.squares, &state.best})
      require<DataError>(part->size() == n || (part == &state.best && part->empty()), "Fit", "the saved state has ",
                         part->size(), " parameters, the model ", n, "; was it saved by a model of the same settings?");
    const auto n_buffers = static_cast<std::size_t>(store_.buffer_values().size());
    require<DataError>(
        state.buffers.size() == n_buffers && (state.best.empty() || state.best_buffers.size() == n_buffers), "Fit",
        "the saved state has ", state.buffers.size(), " buffered values, the model ", n_buffers,
        "; was it saved by a model of the same settings?");
    state_ = state;
    upload(ctx_, store_.values(), std::span<const T>(state.values));
    upload(ctx_, store_.buffer_values(), std::span<const T>(state.buffers));
    upload(ctx_, adam_.means(), std::span<const T>(state.means));
    upload(ctx_, adam_.squares(), std::span<const T>(state.squares));
    StepState device = read_step_state();
    device.step = state.step;
    adam_.set_first_step(state.first_step);
    copy_to_device(ctx_, ctx_.step_state(), &device, sizeof device);
  }

  /// One optimiser step, to be called by the `train` of run(): graph key `key` (see StepGraph) and
  /// `loss`, which returns an array of Var<T, D>, the terms whose sum is minimised.
  template <class Loss>
  void step(std::int64_t key, Loss&& loss) {
    graph_.run(key, [&] {
      begin_step(ctx_);
      store_.begin_step();
      const auto terms = loss();
      backward(ctx_, std::span<const Var<T, D>>(terms));
      adam_.step(ctx_);
      for (const Var<T, D>& term : terms) add_to(ctx_, loss_total_.data, term.value().data, 1);
    });
    ++n_steps_;
  }

  /// Epochs until early stopping, the limit, or an interrupt; then loads the best parameters and buffers.
  ///
  /// @param train     void(std::int64_t epoch): the steps of an epoch, by step(); what they do may depend
  ///                  on nothing but the epoch and what was saved
  /// @param score     double(): called after each epoch, larger is better
  /// @param on_epoch  void(): called after the score, for progress and checkpoints; may call save()
  /// @param name_bad  BadLoss(std::int64_t step of the epoch, std::size_t term, std::int64_t row): names a
  ///                  loss that is not finite
  /// @throws NumericError when a loss is not finite, naming epoch, step and row.
  template <class Train, class Score, class OnEpoch, class NameBad>
  FitEnd run(Train&& train, Score&& score, OnEpoch&& on_epoch, NameBad&& name_bad) {
    if (finished()) {
      load_best();
      return FitEnd::finished;
    }
    for (;;) {
      const auto epoch = static_cast<std::int64_t>(state_.epochs.size());
      EpochRecord record = train_epoch(epoch, train, name_bad);
      record.score = score();
      state_.epochs.push_back(record);
      if (state_.stopping.update(epoch, record.score)) {
        state_.best = to_host(ctx_, store_.values());
        state_.best_buffers = to_host(ctx_, store_.buffer_values());
      }
      on_epoch();
      if (finished()) break;
      if (InterruptScope::requested()) return FitEnd::interrupted;
    }
    load_best();
    return FitEnd::finished;
  }

  /// The state to save; waits for the device.
  FitState<T> save() {
    state_.values = to_host(ctx_, store_.values());
    state_.buffers = to_host(ctx_, store_.buffer_values());
    state_.means = to_host(ctx_, adam_.means());
    state_.squares = to_host(ctx_, adam_.squares());
    state_.step = read_step_state().step;
    state_.first_step = adam_.first_step();
    return state_;
  }

  const std::vector<EpochRecord>& epochs() const { return state_.epochs; }
  const EarlyStopping& stopping() const { return state_.stopping; }

 private:
  bool finished() const {
    return state_.stopping.should_stop() || static_cast<std::int64_t>(state_.epochs.size()) >= max_epochs_;
  }

  void load_best() {
    require<NumericError>(!state_.best.empty(), "Fit", "no epoch had a score that is a number");
    upload(ctx_, store_.values(), std::span<const T>(state_.best));
    upload(ctx_, store_.buffer_values(), std::span<const T>(state_.best_buffers));
  }

  StepState read_step_state() {
    StepState host;
    copy_to_host(ctx_, &host, ctx_.step_state(), sizeof host);
    return host;
  }

  template <class Train, class NameBad>
  EpochRecord train_epoch(std::int64_t epoch, Train& train, NameBad& name_bad) {
    const auto start = std::chrono::steady_clock::now();
    fill(ctx_, loss_total_.data, 1, T(0));
    n_steps_ = 0;
    train(epoch);
    const T total = to_host(ctx_, loss_total_)[0];
    check_finite(epoch, total, name_bad);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return {static_cast<double>(total) / static_cast<double>(n_steps_), 0.0, seconds};
  }

  template <class NameBad>
  void check_finite(std::int64_t epoch, T total, NameBad& name_bad) {
    const StepState host = read_step_state();
    if (host.first_bad == ~0ull) {
      require<NumericError>(std::isfinite(total), "Fit", "the loss of epoch ", epoch + 1, " is not finite");
      return;
    }
    const auto bad_step = static_cast<std::uint32_t>(host.first_bad >> 32);
    const BadLoss bad = name_bad(n_steps_ - 1 - static_cast<std::int64_t>(host.step - bad_step),
                                 static_cast<std::size_t>(host.first_bad >> 28 & 0xF),
                                 static_cast<std::int64_t>(host.first_bad & 0xFFFFFFFull));
    fail<NumericError>("Fit", "the term '", bad.term, "' of the loss is not finite at epoch ", epoch + 1, ", step ",
                       bad_step, ", first in ", bad.row, "; lower the learning rate, or look at that row's counts");
  }

  Context<D>& ctx_;
  ParameterStore<T, D>& store_;
  optim::Adam<T, D>& adam_;
  std::int64_t max_epochs_;
  StepGraph<D> graph_;
  Tensor<T, D> loss_total_;
  std::int64_t n_steps_ = 0;
  FitState<T> state_;
};

}  // namespace stx
