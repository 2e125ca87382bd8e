// Held-out genes reach nothing that predicts them: not the network, not the methods beside it.
#include "examples/dcavae/evaluate_genes.hpp"

#include <doctest/doctest.h>

#include "models/dcavae_pair.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "support/compare.hpp"

namespace {

using stx::Cpu;
using stx::JobResult;
using stx::PairData;
using stx::dcavae::Options;
using stx::test::same_bits;
using Genes = std::vector<std::int64_t>;

Options quick(const std::string& revision) {
  Options o = Options::of_revision(revision);
  o.hidden = 12;
  o.latent = 5;
  o.batch_size = 24;
  o.k = 8;
  o.max_epochs = 3;
  o.epoch_iterations = 2;
  o.posterior_samples = 6;
  return o;
}

constexpr std::uint64_t seed = 5;

JobResult predict(const PairData& pair, const Genes& test, const Options& options) {
  stx::RunState state("", {});
  stx::Progress progress(true);
  stx::RunTools run{state, progress, ""};
  stx::dcavae::ListStore lists;
  Genes rows(static_cast<std::size_t>(pair.st.counts.rows));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  return stx::dcavae::predict_fold<Cpu>({run, lists}, "job", pair, test, rows, options, {.threads = 1, .seed = seed},
                                        true);
}

std::vector<double> losses(const JobResult& job) {
  std::vector<double> values;
  for (const stx::EpochRecord& e : job.epochs) values.push_back(e.loss);
  return values;
}

std::vector<double> scores(const JobResult& job) {
  std::vector<double> values;
  for (const stx::EpochRecord& e : job.epochs) values.push_back(e.score);
  return values;
}

/// Everything that a job says of its test genes, and all latents.
bool same_prediction(const JobResult& a, const JobResult& b) {
  bool same = same_bits(a.prediction.values, b.prediction.values) && a.more.size() == b.more.size();
  for (const auto& [name, matrix] : a.more) same = same && same_bits(matrix.values, b.more.at(name).values);
  return same;
}

}  // namespace

TEST_CASE("spatial counts of test genes change no bit of a fold's predictions, losses or choice of the epoch") {
  const PairData pair = dcavae_pair::small_pair();
  const Genes test = {1, 6, 7, 12};
  for (const char* revision : {"sound", "paper", "R1", "R2"}) {
    INFO(std::string(revision));
    const Options o = quick(revision);
    const JobResult as_it_is = predict(pair, test, o);
    REQUIRE((as_it_is.prediction.rows == 90 && as_it_is.prediction.cols == 4 && as_it_is.more.size() >= 14));
    const JobResult other = predict(dcavae_pair::with_other_counts(pair, test), test, o);
    CHECK(same_prediction(other, as_it_is));
    CHECK(same_bits(losses(other), losses(as_it_is)));
    CHECK(same_bits(scores(other), scores(as_it_is)));
    CHECK(other.best_epoch == as_it_is.best_epoch);
    // The comparison sees what does enter.
    CHECK_FALSE(same_prediction(predict(dcavae_pair::with_other_counts(pair, {0, 2, 3}), test, o), as_it_is));
  }
}

TEST_CASE("validation genes choose the epoch; the first pass trains without them, the second with them") {
  const PairData pair = dcavae_pair::small_pair();
  const Genes test = {1, 6, 7, 12};
  Options o = quick("sound");
  o.validation_genes = 0.2;
  const Genes validation = stx::dcavae::split_genes(18, test, o, seed).validation;
  REQUIRE(validation.size() == 3);
  const PairData changed = dcavae_pair::with_other_counts(pair, validation);
  o.refit = false;
  {
    const JobResult a = predict(pair, test, o), b = predict(changed, test, o);
    REQUIRE(a.epochs.size() == 3);
    CHECK(same_bits(losses(b), losses(a)));
    CHECK_FALSE(same_bits(scores(b), scores(a)));
  }
  o.max_epochs = 1;  // nothing to choose
  CHECK(same_prediction(predict(changed, test, o), predict(pair, test, o)));
  o.refit = true;
  CHECK_FALSE(same_prediction(predict(changed, test, o), predict(pair, test, o)));
}

TEST_CASE("evaluate: no method's prediction of a fold knows the spatial counts of its genes, on either scale") {
  const PairData pair = dcavae_pair::small_pair();
  auto plan = stx::dcavae::plan_of(pair, "genes", 3, quick("sound"), {});
  plan.seeds = {0};
  plan.methods = {"ridge", "knn", "naive", "mean"};
  const auto evaluate = [&](const PairData& data) {
    stx::RunState state("", {});
    stx::Progress progress(true);
    stx::RunTools run{state, progress, ""};
    return stx::dcavae::evaluate_genes<Cpu>(data, plan, {.threads = 1, .seed = 0}, run);
  };
  const auto columns = [](const stx::Matrix<float>& m, const Genes& genes) {
    std::vector<float> values;
    for (const std::int64_t g : genes)
      for (std::int64_t i = 0; i < m.rows; ++i) values.push_back(m(i, g));
    return values;
  };
  const auto as_it_is = evaluate(pair), other = evaluate(dcavae_pair::with_other_counts(pair, plan.folds[1]));
  for (const char* method : {"dcavae", "ridge", "knn", "naive", "mean"}) {
    INFO(std::string(method));
    for (const auto scale : {&stx::dcavae::GenesEvaluation::log, &stx::dcavae::GenesEvaluation::counts}) {
      const auto &a = (as_it_is.*scale).methods.at(method).prediction,
                 &b = (other.*scale).methods.at(method).prediction;
      CHECK(same_bits(columns(b, plan.folds[1]), columns(a, plan.folds[1])));
      CHECK_FALSE(same_bits(columns(b, plan.folds[0]), columns(a, plan.folds[0])));  // they were shown there
    }
    CHECK_FALSE(same_bits(columns(other.log.truth, plan.folds[1]), columns(as_it_is.log.truth, plan.folds[1])));
  }
}
