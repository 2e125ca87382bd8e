// The training loop: epochs of captured steps, early stopping, a state that can be resumed.
#pragma once

#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "stx/autograd/backward.hpp"
#include "stx/core/step_graph.hpp"
#include "stx/core/transfer.hpp"
#include "stx/optim/adam.hpp"
#include "stx/train/early_stopping.hpp"
#include "stx/train/interrupt.hpp"
#include "stx/train/progress.hpp"
#include "stx/train/shuffle.hpp"

namespace stx {

/// What messages call one term of the loss.
struct LossTerm {
  std::string name;
  bool of_training_rows = true;  ///< its rows are those of the batch; otherwise drawn by the model
};

struct FitOptions {
  std::int64_t batch_size = 1024;  ///< rows of a step; larger is faster an epoch, with fewer updates
  std::int64_t max_epochs = 500;   ///< upper limit
  std::int64_t patience = 10;      ///< epochs without a better score before training stops
  std::uint64_t seed = 0;          ///< key of the shuffles
  /// Optimiser steps between two looks at the score. 0: one pass over the rows. Otherwise shuffled
  /// passes follow one another, and an epoch goes on where the last one stopped.
  std::int64_t steps_per_epoch = 0;
  std::vector<LossTerm> terms = {{"loss"}};  ///< by the number that each has in bad_key()
};

struct EpochRecord {
  double loss = 0;           ///< mean of the batch losses
  double score = 0;          ///< what early stopping looks at; larger is better
  double train_seconds = 0;  ///< optimiser steps only
};

/// Everything that training needs to go on after a break, in host memory.
template <class T>
struct FitState {
  std::vector<EpochRecord> epochs;
  EarlyStopping stopping;
  std::uint32_t step = 0;         ///< StepState::step
  std::uint32_t first_step = 0;   ///< StepState::step before the first update
  std::vector<T> values;          ///< parameters now, flat
  std::vector<T> best;            ///< parameters of the best epoch
  std::vector<T> means, squares;  ///< Adam's moments
};

enum class FitEnd { finished, interrupted };

/// Trains the parameters of a store by minibatches of row numbers.
template <class T, class D>
class Fit {
 public:
  Fit(Context<D>& ctx, ParameterStore<T, D>& store, optim::Adam<T, D>& adam, const FitOptions& options,
      std::vector<std::int32_t> rows)
      : ctx_(ctx), store_(store), adam_(adam), options_(options), rows_(std::move(rows)), graph_(ctx) {
    require(options.batch_size >= 1 && options.max_epochs >= 1 && options.patience >= 1, "Fit",
            "batch_size, max_epochs and patience must be at least 1");
    require<DataError>(!rows_.empty(), "Fit", "there are no training rows");
    batch_ = ctx.template make_persistent<std::int32_t>(
        Shape{std::min<std::int64_t>(options.batch_size, static_cast<std::int64_t>(rows_.size()))});
    loss_total_ = ctx.template make_persistent<T>(Shape{1});
    state_.stopping.patience = options.patience;
    set_learning_rate(adam.options().learning_rate);
  }

  /// Continues from a saved state; the same rows and options must be given.
  /// @throws DataError when the state is of another model.
  void resume(const FitState<T>& state) {
    const auto n = static_cast<std::size_t>(store_.size());
    for (const std::vector<T>* part : {&state.values, &state.means, &state.squares, &state.best})
      require<DataError>(part->size() == n || (part == &state.best && part->empty()), "Fit",
                         "the saved state has ", part->size(), " parameters, the model ", n,
                         "; was it saved by a model of the same settings?");
    state_ = state;
    upload(ctx_, store_.values(), std::span<const T>(state.values));
    upload(ctx_, adam_.means(), std::span<const T>(state.means));
    upload(ctx_, adam_.squares(), std::span<const T>(state.squares));
    StepState device = read_step_state();
    device.step = state.step;
    adam_.set_first_step(state.first_step);
    copy_to_device(ctx_, ctx_.step_state(), &device, sizeof device);
  }

  /// Epochs until early stopping, the limit, or an interrupt; then loads the best parameters.
  ///
  /// @param loss      std::array<Var<T, D>, n>(const Tensor<int32, D>& rows): forward pass of one
  ///                  batch, returning the terms whose sum is minimised; must obey the rules of a
  ///                  captured step (see StepGraph)
  /// @param score     double(): called after each epoch, larger is better
  /// @param on_epoch  void(): called after the score, for progress and checkpoints; may
  ///                  call save()
  /// @throws NumericError when a loss is not finite, naming epoch, step and row.
  template <class Loss, class Score, class OnEpoch>
  FitEnd run(Loss&& loss, Score&& score, OnEpoch&& on_epoch) {
    if (finished()) {
      load_best();
      return FitEnd::finished;
    }
    for (;;) {
      const auto epoch = static_cast<std::int64_t>(state_.epochs.size());
      EpochRecord record = train_epoch(epoch, loss);
      record.score = score();
      state_.epochs.push_back(record);
      if (state_.stopping.update(epoch, record.score)) state_.best = to_host(ctx_, store_.values());
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
    return state_.stopping.should_stop() ||
           static_cast<std::int64_t>(state_.epochs.size()) >= options_.max_epochs;
  }

  void load_best() {
    require<NumericError>(!state_.best.empty(), "Fit", "no epoch had a score that is a number");
    upload(ctx_, store_.values(), std::span<const T>(state_.best));
  }

  StepState read_step_state() {
    StepState host;
    copy_to_host(ctx_, &host, ctx_.step_state(), sizeof host);
    return host;
  }

  void set_learning_rate(float rate) {
    StepState host = read_step_state();
    host.learning_rate = rate;
    host.first_bad = ~0ull;
    copy_to_device(ctx_, ctx_.step_state(), &host, sizeof host);
  }

  std::vector<std::int32_t> rows_of_epoch(std::int64_t epoch) const {
    if (options_.steps_per_epoch == 0) return shuffled(rows_, options_.seed, epoch);
    const auto n = static_cast<std::int64_t>(rows_.size());
    const std::int64_t wanted = options_.steps_per_epoch * batch_.size();
    std::vector<std::int32_t> order;
    for (std::int64_t at = epoch * wanted; at < (epoch + 1) * wanted;) {
      const std::vector<std::int32_t> pass = shuffled(rows_, options_.seed, at / n);
      const std::int64_t count = std::min(n - at % n, (epoch + 1) * wanted - at);
      order.insert(order.end(), pass.begin() + at % n, pass.begin() + at % n + count);
      at += count;
    }
    return order;
  }

  template <class Loss>
  EpochRecord train_epoch(std::int64_t epoch, Loss& loss) {
    const auto start = std::chrono::steady_clock::now();
    const std::vector<std::int32_t> order = rows_of_epoch(epoch);
    const auto n_rows = static_cast<std::int64_t>(order.size());
    fill(ctx_, loss_total_.data, 1, T(0));
    std::int64_t n_steps = 0;
    for (std::int64_t first = 0; first < n_rows; first += batch_.size(), ++n_steps) {
      const std::int64_t n = std::min(batch_.size(), n_rows - first);
      const Tensor<std::int32_t, D> batch{batch_.data, Shape{n}};
      upload(ctx_, batch, std::span<const std::int32_t>(order.data() + first, static_cast<std::size_t>(n)));
      graph_.run(n, [&] {
        begin_step(ctx_);
        store_.begin_step();
        const auto terms = loss(batch);
        backward(ctx_, std::span<const Var<T, D>>(terms));
        adam_.step(ctx_);
        for (const Var<T, D>& term : terms) add_to(ctx_, loss_total_.data, term.value().data, 1);
      });
    }
    const T total = to_host(ctx_, loss_total_)[0];
    check_finite(epoch, n_steps, order, total);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return {static_cast<double>(total) / static_cast<double>(n_steps), 0.0, seconds};
  }

  void check_finite(std::int64_t epoch, std::int64_t n_steps, const std::vector<std::int32_t>& order, T total) {
    const StepState host = read_step_state();
    if (host.first_bad == ~0ull) {
      require<NumericError>(std::isfinite(total), "Fit", "the loss of epoch ", epoch + 1, " is not finite");
      return;
    }
    const auto bad_step = static_cast<std::uint32_t>(host.first_bad >> 32);
    const auto term = static_cast<std::size_t>(host.first_bad >> 28 & 0xF);
    const auto bad_row = static_cast<std::int64_t>(host.first_bad & 0xFFFFFFFull);
    const std::int64_t in_epoch = n_steps - 1 - static_cast<std::int64_t>(host.step - bad_step);
    const auto position = static_cast<std::size_t>(in_epoch * batch_.size() + bad_row);
    const LossTerm& named = options_.terms.at(term);
    const std::string row = named.of_training_rows ? detail::concat("training row ", order.at(position))
                                                   : detail::concat("row ", bad_row, " of its batch");
    fail<NumericError>("Fit", "the term '", named.name, "' of the loss is not finite at epoch ", epoch + 1, ", step ",
                       bad_step, ", first in ", row, "; lower the learning rate, or look at that row's counts");
  }

  Context<D>& ctx_;
  ParameterStore<T, D>& store_;
  optim::Adam<T, D>& adam_;
  FitOptions options_;
  std::vector<std::int32_t> rows_;
  StepGraph<D> graph_;
  Tensor<std::int32_t, D> batch_;
  Tensor<T, D> loss_total_;
  FitState<T> state_;
};

}  // namespace stx
