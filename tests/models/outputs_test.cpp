// What every runner says of its trainings in JSON and in the report.
#include "examples/common/outputs.hpp"

#include <doctest/doctest.h>

#include "examples/common/report.hpp"

namespace {

/// A training of `n` epochs of which the model has the first `best`.
stx::JobResult training(std::size_t n, std::int64_t best) {
  stx::JobResult job;
  job.epochs.resize(n);
  for (stx::EpochRecord& epoch : job.epochs) epoch.loss = 2;
  job.best_epoch = best - 1;
  return job;
}

}  // namespace

TEST_CASE("JSON: epochs that ran, patience included, and those that the model was trained for, by seed and fold") {
  using Json = nlohmann::ordered_json;
  stx::Evaluation evaluation("genes");
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}}) {
    evaluation.add_training(seed, seed, 0, training(12, 2));
    evaluation.add_training(seed, seed, 1, training(5, seed == 0 ? 5 : 1));
  }
  const Json json = evaluation_json(evaluation, {}, {});
  CHECK(json["epochs_run"] == Json::array({12, 5, 12, 5}));
  CHECK(json["best_epochs"] == Json::array({2, 5, 2, 1}));
  const Json fit = evaluation_json(stx::unscored(training(7, 4)), {}, {});
  CHECK((fit["epochs_run"] == Json::array({7}) && fit["best_epochs"] == Json::array({4})));
}

TEST_CASE("a report without scores: the training and facts of the run") {
  stx::RunFacts run;
  run.model = "name";
  run.command = "fit";
  const std::string html = stx::render_report(evaluation_report(stx::unscored(training(7, 4)), {}, run));
  for (const char* part : {"<title>name: fit</title>", "no gene was held out", "<section id=\"training\">",
                           "epoch 4 of 7", "<section id=\"run\">"})
    CHECK_MESSAGE(html.find(part) != std::string::npos, part);
  for (const char* part : {"id=\"scores\"", "id=\"genes\"", "id=\"maps\""})
    CHECK_MESSAGE(html.find(part) == std::string::npos, part);
}
