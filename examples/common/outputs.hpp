// What an evaluation leaves: a table, a JSON object, a report.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "examples/common/evaluation.hpp"
#include "examples/common/pair_data.hpp"
#include "examples/common/report_data.hpp"

namespace stx {

/// Largest resident memory of the process so far, MiB. (getrusage would count the memory of the
/// process that started this one.)
double peak_rss_mb();

/// Facts of a run that do not depend on the protocol.
struct RunFacts {
  std::string model, command, st, sc, device, device_name;
  int threads = 1;
  std::uint64_t seed = 0;
  nlohmann::ordered_json config;
  double load_seconds = 0, prepare_seconds = 0, total_seconds = 0;
};

/// Median seconds of training per epoch over all trainings.
double seconds_per_epoch(const Evaluation& e);

/// What stands for the evaluation where there is none: the training of the model that is kept. It has no scores.
Evaluation unscored(const JobResult& training);

/// Facts of the run and, unless it is unscored(), its scores.
nlohmann::ordered_json evaluation_json(const Evaluation& e, const PairData& pair, const RunFacts& run);

/// The table of scores as text: one row a method, means over genes. Empty without scores.
std::string score_table(const Evaluation& e);

/// The same as a report, with maps of genes and the curves of the trainings.
Report evaluation_report(const Evaluation& e, const PairData& pair, const RunFacts& run);

/// Files that a command may ask for; empty names are not written.
struct EvaluationFiles {
  std::string json, report;
};

/// What a runner adds to what all of them say.
struct EvaluationExtras {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();  ///< merged into the object, level by level
  std::vector<std::string> lines;                                  ///< printed below the table
  ReportExtras report;
};

/// The table on standard output, and the files.
void write_evaluation(const EvaluationFiles& files, Evaluation& evaluation, PairData& pair, const RunFacts& facts,
                      const EvaluationExtras& extras = {});

}  // namespace stx
