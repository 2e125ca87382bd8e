// `casper fit` and `casper impute`.
#pragma once

#include "examples/casper/imputation.hpp"
#include "examples/casper/run_evaluate.hpp"
#include "examples/casper/saved_model.hpp"
#include "examples/common/impute_run.hpp"

namespace stx::casper {

/// Imputes with a trained network and writes the file. Returns the number of imputed genes.
template <class D>
std::int64_t write_imputed(GeneNetwork<D>& network, const SavedModel& model, const ImputationJob& job,
                           Progress& progress) {
  const std::vector<std::int64_t> genes = genes_to_impute(model.reference, job.measured, job.wanted, progress);
  Context<D>& ctx = network.context();
  const Csr<D> spots = to_device(ctx, job.st->counts);
  const GeneMoments moments = input_moments(job);
  const BatchLayout<float, D> layout = detail::plain_layout(ctx, spots, job.st_inputs, moments.mean, moments.sd);
  ImputationFile file(job, model, genes);
  constexpr std::int64_t at_once = 4096;  // their z-scores are held
  for (std::int64_t first = 0; first < job.st->counts.rows; first += at_once) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(std::min(at_once, job.st->counts.rows - first)));
    std::iota(rows.begin(), rows.end(), first);
    file.write(network.predict(spots, layout, rows, genes));
  }
  file.finish(progress);
  return static_cast<std::int64_t>(genes.size());
}

template <class D>
void run_fit(const FitCommand& command, const std::string& device_name) {
  PairRun run({"casper", "fit", D::name, device_name}, command.common);
  command.check();
  run.will_write({command.out, command.save, command.json, command.report});
  const Options options = read_options(command.common);
  run.load(command.data, options_json(options));
  PairData& pair = run.pair;
  require_enough(pair, command.folds);
  const WantedGenes wanted = WantedGenes::read(command.genes);
  check_wanted_genes(pair.sc.genes, wanted, "the genes of " + command.data.sc + " with counts");
  const int threads = run.facts.threads;
  run.begin(command.out, {{"folds", command.folds}});

  Evaluation evaluation;
  std::vector<double> cv_pcc(pair.shared.size(), std::numeric_limits<double>::quiet_NaN());
  if (command.folds > 0) {
    run.progress.note("cross-validation of the accuracy");
    EvaluateCommand evaluate;
    evaluate.common = command.common;
    evaluate.folds = command.folds;
    evaluation = evaluate_pair<D>(evaluate, options, run);
    const std::vector<GeneScores> scores = evaluation.methods.at("casper").mean();
    for (std::size_t g = 0; g < scores.size(); ++g) cv_pcc[g] = scores[g].pcc;
  }

  const Centroids tokens = gene_tokens(pair.sc, pair.shared_sc, options, threads);
  std::vector<std::int64_t> inputs(pair.shared.size());
  std::iota(inputs.begin(), inputs.end(), std::int64_t{0});
  const GeneTask task = gene_task(pair, tokens, inputs, options, command.common.seed);
  const GeneTaskScales scales = measure_scales(task);
  const std::vector<double> totals = row_totals(pair.st.counts, task.st_inputs);
  std::vector<std::int64_t> all_rows(static_cast<std::size_t>(pair.st.counts.rows));
  std::iota(all_rows.begin(), all_rows.end(), std::int64_t{0});
  std::vector<std::int64_t> rows;
  for (std::int64_t i : all_rows)
    if (totals[i] > 0) rows.push_back(i);
  JobResult result;
  const auto model = train_gene_model<D>(run.tools(), "fit", task, scales, rows, options,
                                         {.threads = threads, .seed = command.common.seed}, result);
  if (command.folds == 0) evaluation = unscored(result);

  SavedModel saved;
  saved.options = options;
  saved.inputs = pair.shared;
  saved.reference = pair.sc.genes;
  saved.tokens = tokens.names;
  saved.centroids = tokens.values;
  saved.embedding = model->network().embedding();
  saved.scale = predict_gene_scale(scales.cells, scales.st_target, task.sc_inputs);
  saved.expected_pcc = expected_accuracy(saved.embedding, task.sc_inputs, cv_pcc);
  saved.parameters = named_parameters(model->context(), model->store());
  std::vector<double> measured_pcc = unknown_pcc(pair.st);
  for (std::size_t j = 0; j < cv_pcc.size(); ++j) measured_pcc[pair.st.columns[task.st_inputs[j]]] = cv_pcc[j];
  run.finish([&] {
    write_imputed(model->network(), saved,
                  {.st = &pair.st,
                   .st_inputs = task.st_inputs,
                   .measured = {task.sc_inputs.begin(), task.sc_inputs.end()},
                   .wanted = wanted,
                   .out = command.out,
                   .measured_pcc = measured_pcc,
                   .provenance = provenance(run.facts)},
                  run.progress);
    if (!command.save.empty()) save_model(command.save, saved);
    run.facts.total_seconds = run.seconds();
    write_evaluation({command.json, command.report}, evaluation, pair, run.facts);
  });
}

template <class D>
void run_impute(const ImputeCommand& command, const std::string& device_name) {
  ImputeRun run({"casper", "impute", D::name, device_name}, command);
  const SavedModel saved = read_model(command.model);
  const WantedGenes wanted = WantedGenes::read(command.genes);
  check_wanted_genes(saved.reference, wanted, "the genes that " + command.model + " knows");
  run.read(saved.inputs, saved.reference);
  const ImputeInput& input = run.input;
  GeneNetwork<D> network({.threads = command.common.used_threads()}, static_cast<std::int64_t>(saved.inputs.size()),
                         saved.centroids, saved.embedding, saved.options, SingleCells::centroids);
  load_parameters(network.context(), network.store(), saved.parameters, command.model);
  const std::int64_t n_imputed = write_imputed(network, saved,
                                               {.st = &input.st,
                                                .st_inputs = input.st_inputs,
                                                .measured = input.measured,
                                                .wanted = wanted,
                                                .out = command.out,
                                                .measured_pcc = unknown_pcc(input.st),
                                                .provenance = run.provenance()},
                                               run.progress);
  run.finish(n_imputed, options_json(saved.options));
}

}  // namespace stx::casper
