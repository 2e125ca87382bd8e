// `dcavae fit`.
#pragma once

#include "examples/dcavae/latent_scores.hpp"
#include "examples/dcavae/placement.hpp"
#include "examples/dcavae/position_report.hpp"
#include "examples/dcavae/run_evaluate.hpp"
#include "examples/dcavae/saved_model.hpp"
#include "examples/dcavae/write_spots.hpp"
#include "stx/io/h5ad_write.hpp"

namespace stx::dcavae {

inline Matrix<float> transposed(const Matrix<float>& m) {
  Matrix<float> out(m.cols, m.rows);
  for (std::int64_t i = 0; i < m.rows; ++i)
    for (std::int64_t j = 0; j < m.cols; ++j) out(j, i) = m(i, j);
  return out;
}

/// What is kept of a trained model.
template <class D>
SavedModel saved_model(DcavaeModel<D>& model, const Task& task, const Options& options,
                       const GenesEvaluation& evaluation, const std::vector<double>& cv_pcc) {
  SavedModel saved;
  saved.options = options;
  saved.options.joint_positions = false;  // `impute` places nothing
  saved.genes = task.genes;
  saved.n_shared = task.n_shared;
  for (const std::int64_t g : task.split.train) saved.inputs.push_back(task.genes[g]);
  saved.n_cell_inputs = static_cast<std::int64_t>(task.cell_inputs.size());
  saved.corrections = evaluation.corrections.empty() ? uncorrected(usual_levels()) : evaluation.corrections;
  if (options.cross_attention) {
    saved.keys = model.keys(Modality::spots);
    if (options.keys == "sampled") saved.cell_profiles = model.profiles(Modality::cells);
  }
  if (!task.cell_labels.empty()) {
    saved.cell_latents = model.latents(Modality::cells).mean;
    saved.cell_labels = task.cell_labels;
  }
  saved.parameters = named_parameters(model.context(), model.store());
  std::erase_if(saved.parameters, [](const auto& p) { return p.first.starts_with("position."); });
  // Genes whose decoder weights point in similar directions are expected to come out similarly well.
  std::vector<std::int64_t> panel(static_cast<std::size_t>(task.n_shared));
  std::iota(panel.begin(), panel.end(), std::int64_t{0});
  for (const auto& [name, weights] : saved.parameters)
    if (name == "decoder.rate.weight") saved.expected_pcc = expected_accuracy(transposed(weights), panel, cv_pcc);
  for (std::size_t g = 0; g < cv_pcc.size(); ++g) saved.expected_pcc[g] = static_cast<float>(cv_pcc[g]);
  return saved;
}

/// Looks at --genes before anything is trained: the list must be of genes that the model will learn.
inline void check_wanted(const WantedGenes& wanted, const std::string& sc, const PairData& pair,
                         const Options& options) {
  check_wanted_genes(pair.sc.genes, wanted, "the genes of " + sc + " with counts");
  if (wanted.all()) return;
  std::vector<std::string> learned;
  for (const std::int64_t g : decoder_genes(pair, options)) learned.push_back(pair.sc.genes[g]);
  check_wanted_genes(learned, wanted,
                     stx::detail::concat("the genes that are learned with extra_genes = ", options.extra_genes,
                                         options.extra_genes < 0 ? "" : " (--extra-genes -1 learns all)"));
}

template <class D>
void run_fit(const FitCommand& command, const std::string& device_name) {
  PairRun run({"dcavae", "fit", D::name, device_name}, command.common);
  command.check(true);
  if (!command.out_cells.empty()) check_h5ad_name("fit", "--out-cells", command.out_cells);
  run.will_write({command.out, command.out_cells, command.save, command.json, command.report});
  Options options = options_of(command);
  load_data(run, command, options);
  PairData& pair = run.pair;
  require_enough(pair, command.folds);
  const WantedGenes wanted = WantedGenes::read(command.genes);
  check_wanted(wanted, command.data.sc, pair, options);
  if (options.extra_genes == 0 && pair.sc.genes.size() > pair.shared.size())
    run.progress.note(
        "note: extra_genes = 0: genes outside the panel are neither learned nor imputed; --extra-genes -1 "
        "takes all of them");
  const int threads = run.facts.threads;
  run.begin(command.out, {{"folds", command.folds}});

  GenesEvaluation evaluation;
  std::vector<double> cv_pcc(pair.shared.size(), std::numeric_limits<double>::quiet_NaN());
  if (command.folds > 0) {
    run.progress.note("cross-validation of the accuracy");
    EvaluateCommand evaluate;
    evaluate.common = command.common;
    evaluate.folds = command.folds;
    evaluate.cache = command.cache;
    evaluate.methods = "ridge,knn,naive,mean";
    evaluation = evaluate_pair<D>(evaluate, options, run);
    const std::vector<GeneScores> scores = evaluation.log.methods.at("dcavae").mean();
    for (std::size_t g = 0; g < scores.size(); ++g) cv_pcc[g] = scores[g].pcc;
  }

  JobResult result;
  const GeneSplit split = split_genes(pair.n_shared(), {}, options, command.common.seed);
  ListStore lists(command.cache);
  const ContextOptions context{.threads = threads, .seed = command.common.seed};
  Trained<D> trained = train_dcavae<D>({run.tools(), lists}, "fit", pair, split, options, context, result);
  align_cells(trained);
  DcavaeModel<D>& model = *trained.model;
  if (command.folds == 0) evaluation.log = unscored(result);
  const SavedModel saved = saved_model(model, trained.task, options, evaluation, cv_pcc);
  std::vector<std::int64_t> known(saved.genes.size(), -1);
  std::vector<double> measured_pcc = unknown_pcc(pair.st);
  for (std::size_t g = 0; g < pair.shared.size(); ++g) {
    known[g] = pair.st.columns[pair.shared_st[g]];
    measured_pcc[known[g]] = cv_pcc[g];
  }
  AnnData cells;
  if (!command.out_cells.empty() || (command.folds == 0 && !command.report.empty())) {
    const Latents of_cells = model.latents(Modality::cells);
    cells = cells_anndata(pair.sc, of_cells, provenance(run.facts));
    if (command.folds == 0)
      evaluation.space = latent_space(pair, options, of_cells.mean, model.latents(Modality::spots).mean);
    if (const auto placement = place_rows_of(model, pair.coordinates, context, run.tools())) {
      const Placed& placed = placement->cells;
      add_places(cells, pair.sc, {placed.position, placed.spread, placed.radius});
      FoldPlaces& places = evaluation.places["dcavae"];  // in place of a fold's
      places = {placed.position, placement->spots.position, placement->errors};
      cells.uns["stx"]["positions"] = positions_json(places, pair.coordinates, {}, threads);
    }
  }
  run.finish([&] {
    write_spots(command, wanted, model, saved, known,
                {.st = &pair.st, .genes = {.measured_pcc = measured_pcc}, .provenance = provenance(run.facts)},
                run.progress);
    if (!command.out_cells.empty()) write_h5ad(command.out_cells, cells);
    if (!command.save.empty()) save_model(command.save, saved);
    run.facts.total_seconds = run.seconds();
    write_evaluation({command.json, command.report}, evaluation.log, pair, run.facts,
                     command.folds > 0 ? evaluation_extras(evaluation, pair.coordinates, threads)
                                       : unscored_extras(evaluation, pair.coordinates, threads));
  });
}

}  // namespace stx::dcavae
