// Training: what is saved and resumed, threads, early stopping, losses that are not finite.
#include "stx/train/fit.hpp"

#include <limits>

#include "io/golden.hpp"
#include "models/toy_model.hpp"
#include "support/compare.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::FitEnd;
using stx::FitOptions;
using stx::FitState;
using stx::Tensor;

namespace {

std::vector<std::int32_t> all_rows() {
  std::vector<std::int32_t> rows;
  for (std::int32_t i = 0; i < n_rows; ++i) rows.push_back(i);
  return rows;
}

struct Outcome {
  std::vector<float> values;
  std::vector<double> losses;
  FitState<float> middle;  ///< after the third epoch
};

/// Trains a Toy; the score prefers an epoch in the middle, so that the best is not the last.
Outcome train(const FitOptions& options, const ToyOptions& toy = {}, const FitState<float>* from = nullptr) {
  Toy model(toy);
  stx::Fit<float, Cpu> fit(model.context(), model.store(), model.adam(), options, all_rows());
  if (from != nullptr) fit.resume(*from);
  Outcome out;
  fit.run([&](const auto& rows) { return model.loss(rows); },
          [&] {
            const auto epoch = static_cast<double>(fit.epochs().size());
            return -std::abs(epoch - 5);  // epochs before this one
          },
          [&] {
            if (fit.epochs().size() == 3) out.middle = fit.save();
          });
  out.values = model.values();
  for (const auto& e : fit.epochs()) out.losses.push_back(e.loss);
  return out;
}

}  // namespace

TEST_CASE("a resumed training equals an uninterrupted one bit for bit") {
  for (const std::int64_t steps : {0, 3}) {          // passes over the rows; a stream of steps
    for (const std::uint32_t before : {0u, 100u}) {  // Adam's first step is not always 0
      INFO(steps, " steps an epoch, ", before, " steps before");
      FitOptions options = toy_fit();
      options.steps_per_epoch = steps;
      const ToyOptions toy{.steps_before = before};
      const Outcome whole = train(options, toy);
      CHECK(whole.losses.size() == 9);
      CHECK(whole.losses.back() < 0.8 * whole.losses.front());
      CHECK(whole.middle.first_step == before);
      // The new model starts from step 0, as after a restart of the program.
      const Outcome resumed = train(options, {}, &whole.middle);
      CHECK(same_bits(resumed.losses, whole.losses));
      CHECK(same_bits(resumed.values, whole.values));
      CHECK_FALSE(same_bits(whole.values, train(options, {.steps_before = 1}).values));  // dropout differs
    }
  }
}

TEST_CASE("the same bits for any number of threads") {
  const Outcome one = train(toy_fit()), three = train(toy_fit(), {.threads = 3});
  CHECK(same_bits(one.values, three.values));
  CHECK(same_bits(one.losses, three.losses));
}

TEST_CASE("training stops after `patience` epochs without a better score and loads the best") {
  FitOptions options = toy_fit();
  options.patience = 2;
  const Outcome stopped = train(options);
  CHECK(stopped.losses.size() == 8);  // the sixth is the best
  options.max_epochs = 6;
  CHECK(same_bits(train(options).values, stopped.values));

  stx::EarlyStopping stopping{.patience = 2};
  CHECK(stopping.update(0, 1.0));
  CHECK_FALSE(stopping.update(1, 1.0));  // strictly better only
  CHECK_FALSE(stopping.should_stop());
  CHECK_FALSE(stopping.update(2, std::numeric_limits<double>::quiet_NaN()));
  CHECK(stopping.should_stop());
  CHECK(stopping.best_epoch == 0);
}

TEST_CASE("no score that is a number is an error") {
  Toy model;
  FitOptions options = toy_fit();
  options.max_epochs = 2;
  stx::Fit<float, Cpu> fit(model.context(), model.store(), model.adam(), options, all_rows());
  CHECK_THROWS_WITH_AS(fit.run([&](const auto& rows) { return model.loss(rows); },
                               [] { return std::numeric_limits<double>::quiet_NaN(); }, [] {}),
                       "[Fit] no epoch had a score that is a number", stx::NumericError);
}

TEST_CASE("steps_per_epoch visits the rows in one stream of shuffled passes") {
  FitOptions options = toy_fit();
  options.batch_size = 20;  // does not divide 70
  options.steps_per_epoch = 4;
  options.max_epochs = 7;  // 560 rows: 8 passes
  Toy model;
  stx::Fit<float, Cpu> fit(model.context(), model.store(), model.adam(), options, all_rows());
  std::vector<std::int32_t> seen;
  fit.run(
      [&](const Tensor<std::int32_t, Cpu>& rows) {
        CHECK(rows.size() == 20);
        seen.insert(seen.end(), rows.data, rows.data + rows.size());
        return model.loss(rows);
      },
      [] { return 0.0; }, [] {});
  REQUIRE(seen.size() == 560);
  for (std::size_t pass = 0; pass < 8; ++pass) {
    std::vector<std::int32_t> rows(seen.begin() + 70 * pass, seen.begin() + 70 * (pass + 1));
    CHECK(rows == stx::shuffled(all_rows(), options.seed, static_cast<std::int64_t>(pass)));
    CHECK(rows != all_rows());
    std::sort(rows.begin(), rows.end());
    CHECK(rows == all_rows());
  }
}

TEST_CASE("a loss that is not finite stops training and names epoch, step, term and row") {
  const auto message = [](const ToyOptions& toy) { return golden::message([&] { train(toy_fit(), toy); }); };
  constexpr std::int64_t bad = 41;
  const std::vector<std::int32_t> order = stx::shuffled(all_rows(), toy_fit().seed, 0);
  const auto place = std::find(order.begin(), order.end(), bad) - order.begin();
  CHECK(message({.bad_row = bad}) ==
        "[Fit] the term 'spots' of the loss is not finite at epoch 1, step " + std::to_string(place / 16 + 1) +
            ", first in training row 41; lower the learning rate, or look at that row's counts");
  CHECK(message({.bad_cells = true}) ==
        "[Fit] the term 'cells' of the loss is not finite at epoch 1, step 1, first in row 0 of "
        "its batch; lower "
        "the learning rate, or look at that row's counts");
}

TEST_CASE("wrong calls") {
  const auto make = [](const FitOptions& options, std::vector<std::int32_t> rows) {
    return golden::message([&] {
      Toy model;
      stx::Fit<float, Cpu> fit(model.context(), model.store(), model.adam(), options, std::move(rows));
    });
  };
  CHECK(make(toy_fit(), {}) == "[Fit] there are no training rows");
  FitOptions options = toy_fit();
  options.batch_size = 0;
  CHECK(make(options, all_rows()) == "[Fit] batch_size, max_epochs and patience must be at least 1");
  const FitState<float> other = small_state(2);
  const std::string text = golden::message([&] { train(toy_fit(), {}, &other); });
  CHECK(text.starts_with("[Fit] the saved state has 2 parameters, the model "));
  CHECK(text.ends_with("; was it saved by a model of the same settings?"));
}
