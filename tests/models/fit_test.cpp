// Training: what is saved and resumed, threads, early stopping, losses that are not finite, Ctrl-C.
#include "stx/train/fit.hpp"

#include <csignal>
#include <functional>
#include <limits>

#include "examples/casper/model.hpp"
#include "examples/common/train_job.hpp"
#include "io/golden.hpp"
#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/io/safetensors.hpp"
#include "stx/ops/draw_rows.hpp"
#include "stx/ops/gather_log1p.hpp"
#include "stx/ops/mse.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::FitEnd;
using stx::FitOptions;
using stx::FitState;
using stx::Shape;
using stx::Tensor;

namespace {

constexpr std::int64_t n_rows = 70, n_genes = 9, n_inputs = 6, n_targets = 3, n_clusters = 4;

/// Counts whose last genes follow from the first.
stx::CsrMatrix<float> toy_counts() {
  stx::CsrMatrix<float> m;
  m.rows = n_rows;
  m.cols = n_genes;
  m.indptr = {0};
  const auto draws = random_values(n_rows * n_inputs, 3, 0, 9);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    for (std::int64_t g = 0; g < n_genes; ++g) {
      const std::int64_t source = g < n_inputs ? g : g - n_inputs;
      m.indices.push_back(static_cast<std::int32_t>(g));
      m.values.push_back(static_cast<float>(std::floor(draws[i * n_inputs + source])));
    }
    m.indptr.push_back(static_cast<std::int64_t>(m.indices.size()));
  }
  return m;
}

struct ToyOptions {
  int threads = 1;
  std::int64_t bad_row = -1;       ///< row whose target is NaN
  bool bad_cells = false;          ///< the second term of the loss is NaN from the first step on
  std::uint32_t steps_before = 0;  ///< steps of the context before training
};

/// A small CASPER with dropout, with the interface that train_job wants.
class Toy {
 public:
  explicit Toy(const ToyOptions& o = {})
      : ctx_({.threads = o.threads, .seed = 5}),
        trunk_(ctx_, store_,
               {.n_inputs = n_inputs,
                .n_token_genes = n_genes,
                .hidden = 16,
                .width = 8,
                .dropout = 0.2f}),
        head_(ctx_, store_, 8, n_targets),
        adam_(prepare(o), store_, {.learning_rate = 0.01f, .weight_decay = 1e-4f}),
        site_(ctx_.next_random_site()),
        counts_(to_device(ctx_, toy_counts())),
        centroids_(to_device(ctx_, convert<float>(random_values(n_clusters * n_genes, 9, 0, 3)),
                             Shape{n_clusters, n_genes})) {
    inputs_ = layout(0, n_inputs);
    targets_ = layout(n_inputs, n_targets);
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    stx::CsrMatrix<float> spots = toy_counts(), cells = toy_counts();
    if (o.bad_row >= 0) spots.values[o.bad_row * n_genes + n_inputs] = nan;
    if (o.bad_cells) std::fill(cells.values.begin(), cells.values.end(), nan);
    spot_truth_ = to_device(ctx_, spots);
    cell_truth_ = to_device(ctx_, cells);
  }

  std::array<stx::Var<float, Cpu>, 2> loss(const Tensor<std::int32_t, Cpu>& rows) {
    const auto clusters = trunk_.encode_clusters(ctx_, constant(ctx_, centroids_));
    const auto drawn = draw_rows(ctx_, 8, n_rows, site_);
    return {error_of(rows, spot_truth_, clusters, 1.0, 0),
            error_of(drawn, cell_truth_, clusters, 0.5, 1)};
  }

  stx::Context<Cpu>& context() { return ctx_; }
  stx::ParameterStore<float, Cpu>& store() { return store_; }
  stx::optim::Adam<float, Cpu>& adam() { return adam_; }
  std::vector<float> values() { return to_host(ctx_, store_.values()); }

 private:
  stx::Context<Cpu>& prepare(const ToyOptions& o) {
    store_.allocate(ctx_, 17);
    ctx_.step_state()->step = o.steps_before;
    return ctx_;
  }
  stx::BatchLayout<float, Cpu> layout(std::int64_t first, std::int64_t n) {
    std::vector<std::int32_t> column_of(n_genes, -1);
    for (std::int64_t c = 0; c < n; ++c) column_of[first + c] = static_cast<std::int32_t>(c);
    return {.column_of = to_device(ctx_, column_of, Shape{n_genes}),
            .n_columns = n,
            .totals = to_device(ctx_, std::vector<float>(n_rows, 50.0f), Shape{n_rows}),
            .target_sum = 50.0f,
            .shift = {},
            .scale = {}};
  }
  stx::Var<float, Cpu> error_of(const Tensor<std::int32_t, Cpu>& rows, const stx::Csr<Cpu>& truth,
                                stx::Var<float, Cpu> clusters, double weight, std::uint32_t term) {
    const auto x = constant(ctx_, gather_log1p(ctx_, counts_, rows, inputs_));
    return mse(ctx_, head_(ctx_, trunk_(ctx_, x, clusters).fused),
               gather_log1p(ctx_, truth, rows, targets_), {}, weight, term);
  }

  stx::Context<Cpu> ctx_;
  stx::ParameterStore<float, Cpu> store_;
  stx::casper::Trunk<float, Cpu> trunk_;
  stx::casper::PanelHead<float, Cpu> head_;
  stx::optim::Adam<float, Cpu> adam_;
  std::uint32_t site_;
  stx::Csr<Cpu> counts_, spot_truth_, cell_truth_;
  Tensor<float, Cpu> centroids_;
  stx::BatchLayout<float, Cpu> inputs_, targets_;
};

FitOptions toy_fit() {
  return {.batch_size = 16,
          .max_epochs = 9,
          .patience = 9,
          .seed = 2,
          .steps_per_epoch = 0,
          .terms = {{"spots"}, {"cells", false}}};
}

/// A state of a model with `n` parameters.
FitState<float> small_state(std::size_t n) {
  FitState<float> state;
  state.values = state.means = state.squares = std::vector<float>(n, 0.5f);
  return state;
}

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
Outcome train(const FitOptions& options, const ToyOptions& toy = {},
              const FitState<float>* from = nullptr) {
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
      CHECK_FALSE(
          same_bits(whole.values, train(options, {.steps_before = 1}).values));  // dropout differs
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
  const auto message = [](const ToyOptions& toy) {
    return golden::message([&] { train(toy_fit(), toy); });
  };
  constexpr std::int64_t bad = 41;
  const std::vector<std::int32_t> order = stx::shuffled(all_rows(), toy_fit().seed, 0);
  const auto place = std::find(order.begin(), order.end(), bad) - order.begin();
  CHECK(message({.bad_row = bad}) ==
        "[Fit] the term 'spots' of the loss is not finite at epoch 1, step " +
            std::to_string(place / 16 + 1) +
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
      stx::Fit<float, Cpu> fit(model.context(), model.store(), model.adam(), options,
                               std::move(rows));
    });
  };
  CHECK(make(toy_fit(), {}) == "[Fit] there are no training rows");
  FitOptions options = toy_fit();
  options.batch_size = 0;
  CHECK(make(options, all_rows()) ==
        "[Fit] batch_size, max_epochs and patience must be at least 1");
  const FitState<float> other = small_state(2);
  const std::string text = golden::message([&] { train(toy_fit(), {}, &other); });
  CHECK(text.starts_with("[Fit] the saved state has 2 parameters, the model "));
  CHECK(text.ends_with("; was it saved by a model of the same settings?"));
}

namespace {

const nlohmann::ordered_json settings = {{"model", "toy"}, {"seed", 3}};

/// Two jobs of one run; `interrupt` is called after each epoch of the second.
std::vector<float> run_jobs(stx::RunState& state,
                            const std::function<void(std::size_t)>& interrupt) {
  const stx::InterruptScope scope;
  stx::Progress progress(true);
  stx::RunTools tools{state, progress, "Continue with --resume."};
  std::vector<std::int64_t> rows(n_rows);
  for (std::int64_t i = 0; i < n_rows; ++i) rows[i] = i;
  if (state.finished("first job") == nullptr) {
    Toy model;
    stx::JobResult r =
        stx::train_job<Cpu>(tools, "first job", model, rows, toy_fit(), [] { return 0.0; });
    r.prediction = stx::Matrix<float>(2, 3, 0.25f);
    state.finish("first job", std::move(r));
  }
  Toy model;
  std::size_t epoch =
      state.active("second job") != nullptr ? state.active("second job")->epochs.size() : 0;
  stx::train_job<Cpu>(tools, "second job", model, rows, toy_fit(), [&] {
    interrupt(++epoch);
    return static_cast<double>(epoch);
  });
  return model.values();
}

}  // namespace

TEST_CASE("Ctrl-C leaves a checkpoint, and the resumed run equals an uninterrupted one") {
  const golden::Folder folder;
  stx::RunState uninterrupted(folder / "none", settings);
  const std::vector<float> want = run_jobs(uninterrupted, [](std::size_t) {});
  CHECK(folder.n_files() == 0);

  const std::string path = folder / "run.checkpoint";
  stx::RunState first(path, settings);
  const auto press = [](std::size_t epoch) {
    if (epoch == 4) std::raise(SIGINT);
  };
  CHECK_THROWS_WITH_AS(
      run_jobs(first, press),
      ("[second job] stopped after 4 epochs; saved to " + path + ". Continue with --resume.")
          .c_str(),
      stx::Interrupted);
  CHECK(folder.n_files() == 1);

  stx::RunState second(path, settings);
  second.resume(path);
  const stx::JobResult* done = second.finished("first job");
  REQUIRE(done != nullptr);
  const stx::JobResult& kept = *first.finished("first job");
  CHECK(done->prediction.values == kept.prediction.values);
  CHECK((done->prediction.rows == 2 && done->prediction.cols == 3));
  CHECK(done->attention.values.empty());
  CHECK(done->best_epoch == kept.best_epoch);
  CHECK(done->epochs.size() == kept.epochs.size());
  CHECK(done->epochs.back().loss == kept.epochs.back().loss);
  REQUIRE(second.active("second job") != nullptr);
  CHECK(second.active("second job")->epochs.size() == 4);
  CHECK(second.active("first job") == nullptr);
  CHECK(same_bits(run_jobs(second, [](std::size_t) {}), want));
  second.remove_file();
  CHECK(folder.n_files() == 0);
}

TEST_CASE("a run never takes or removes the checkpoint of another") {
  const golden::Folder folder;
  const std::string path = folder / "run.checkpoint";
  golden::spit(path, "of somebody else");
  const std::string own = stx::free_checkpoint_path(path);
  CHECK(own == folder / "run-2.checkpoint");
  stx::RunState state(own, settings);
  state.save("job", {});
  CHECK(stx::free_checkpoint_path(path) == folder / "run-3.checkpoint");
  state.remove_file();
  CHECK(golden::slurp(path) == "of somebody else");
  CHECK(folder.n_files() == 1);
}

TEST_CASE("checkpoints that cannot be resumed") {
  const golden::Folder folder;
  const std::string path = folder / "run.checkpoint";
  stx::RunState state(path, settings);
  state.save("job", small_state(3));
  const auto resume = [&](const nlohmann::ordered_json& own) {
    return golden::message([&] { stx::RunState(folder / "x", own).resume(path); });
  };
  CHECK(resume(settings) == "");
  CHECK(resume({{"model", "toy"}, {"seed", 4}}) ==
        "[" + path + "] belongs to a run with other settings: 'seed' was 3, now it is 4");
  CHECK(resume({{"model", "toy"}, {"seed", 3}, {"folds", 5}}) ==
        "[" + path + "] belongs to a run with other settings: 'folds' was not set, now it is 5");
  const std::string whole = golden::slurp(path);
  golden::spit(path, whole.substr(0, whole.size() - 9));
  CHECK(resume(settings).ends_with("; the file is truncated or damaged"));
  golden::spit(path, whole.substr(0, 40));
  CHECK(resume(settings).ends_with("; it is truncated or damaged"));
  golden::spit(path, "no checkpoint");
  CHECK(resume(settings).ends_with("Is it a safetensors file?"));
  std::filesystem::remove(path);
  stx::write_safetensors(path, {}, {{"model", "casper"}});
  CHECK(resume(settings) == "[" + path + "] is not a checkpoint of a run");
  std::filesystem::remove(path);
  stx::write_safetensors(path, {}, {{"run", settings.dump()}, {"active", "job"}});
  CHECK(resume(settings) == "[" + path + "] has no tensor 'active/values'");
  std::filesystem::remove(path);
  CHECK(resume(settings) == "[" + path + "] no such file (or not a regular one)");
}
