// The training loop over minibatches of row numbers.
#pragma once

#include <algorithm>

#include "stx/train/progress.hpp"
#include "stx/train/shuffle.hpp"
#include "stx/train/step_loop.hpp"

namespace stx {

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

/// Trains the parameters of a store by minibatches of row numbers.
template <class T, class D>
class Fit {
 public:
  Fit(Context<D>& ctx, ParameterStore<T, D>& store, optim::Adam<T, D>& adam, const FitOptions& options,
      std::vector<std::int32_t> rows)
      : ctx_(ctx), options_(checked(options)), rows_(std::move(rows)),
        loop_(ctx, store, adam, options.max_epochs, options.patience) {
    require<DataError>(!rows_.empty(), "Fit", "there are no training rows");
    batch_ = ctx.template make_persistent<std::int32_t>(
        Shape{std::min<std::int64_t>(options.batch_size, static_cast<std::int64_t>(rows_.size()))});
  }

  /// Continues from a saved state; the same rows and options must be given.
  /// @throws DataError when the state is of another model.
  void resume(const FitState<T>& state) { loop_.resume(state); }

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
    std::vector<std::int32_t> order;
    const auto train = [&](std::int64_t epoch) {
      order = rows_of_epoch(epoch);
      const auto n_rows = static_cast<std::int64_t>(order.size());
      for (std::int64_t first = 0; first < n_rows; first += batch_.size()) {
        const std::int64_t n = std::min(batch_.size(), n_rows - first);
        const Tensor<std::int32_t, D> batch{batch_.data, Shape{n}};
        upload(ctx_, batch, std::span<const std::int32_t>(order.data() + first, static_cast<std::size_t>(n)));
        loop_.step(n, [&] { return loss(batch); });
      }
    };
    const auto name_bad = [&](std::int64_t step, std::size_t term, std::int64_t row) {
      const LossTerm& named = options_.terms.at(term);
      return BadLoss{named.name, named.of_training_rows
                                     ? detail::concat("training row ",
                                                      order.at(static_cast<std::size_t>(step * batch_.size() + row)))
                                     : detail::concat("row ", row, " of its batch")};
    };
    return loop_.run(train, score, on_epoch, name_bad);
  }

  /// The state to save; waits for the device.
  FitState<T> save() { return loop_.save(); }

  const std::vector<EpochRecord>& epochs() const { return loop_.epochs(); }
  const EarlyStopping& stopping() const { return loop_.stopping(); }

 private:
  static const FitOptions& checked(const FitOptions& options) {
    require(options.batch_size >= 1 && options.max_epochs >= 1 && options.patience >= 1, "Fit",
            "batch_size, max_epochs and patience must be at least 1");
    return options;
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

  Context<D>& ctx_;
  FitOptions options_;
  std::vector<std::int32_t> rows_;
  StepLoop<T, D> loop_;
  Tensor<std::int32_t, D> batch_;
};

}  // namespace stx
