// `casper fit` and `casper impute`.
#pragma once

#include <set>

#include "examples/casper/run_evaluate.hpp"
#include "examples/casper/saved_model.hpp"
#include "examples/common/imputed_file.hpp"

namespace stx::casper {

/// Expected accuracy of every reference gene: the mean cross-validated r of the measured genes whose
/// embeddings point in the most similar directions, weighted by how similar they are.
inline std::vector<float> expected_accuracy(const Matrix<float>& embedding, const std::vector<std::int64_t>& measured,
                                            const std::vector<double>& pcc) {
  constexpr std::size_t n_near = 10;
  std::vector<double> norm(static_cast<std::size_t>(embedding.cols), 0);
  for (std::int64_t k = 0; k < embedding.rows; ++k)
    for (std::int64_t g = 0; g < embedding.cols; ++g) norm[g] += double{embedding(k, g)} * embedding(k, g);
  std::vector<float> expected;
  for (std::int64_t g = 0; g < embedding.cols; ++g) {
    std::vector<std::pair<double, double>> near;  // similarity, accuracy
    for (std::size_t j = 0; j < measured.size(); ++j) {
      double dot = 0;
      for (std::int64_t k = 0; k < embedding.rows; ++k) dot += double{embedding(k, g)} * embedding(k, measured[j]);
      near.emplace_back(dot / std::sqrt(norm[g] * norm[measured[j]] + 1e-30), pcc[j]);
    }
    std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    near.resize(std::min(near.size(), n_near));
    double sum = 0, weights = 0;
    for (const auto& [similarity, accuracy] : near) {
      const double weight = std::max(similarity, 1e-3);
      sum += weight * accuracy;
      weights += weight;
    }
    expected.push_back(weights > 0 ? static_cast<float>(sum / weights) : std::numeric_limits<float>::quiet_NaN());
  }
  return expected;
}

/// Gene names of a text file, one per line.
inline std::vector<std::string> read_gene_list(const std::string& path) {
  std::ifstream in(path);
  require<DataError>(in.good(), path, "cannot be opened for reading");
  std::vector<std::string> genes;
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) genes.push_back(line);
  }
  require<DataError>(!genes.empty(), path, "holds no gene name");
  return genes;
}

/// Reference genes to impute: all that are not measured, or those of a list.
inline std::vector<std::int64_t> genes_to_impute(const std::vector<std::string>& reference,
                                                 const std::set<std::int64_t>& measured, const std::string& choice,
                                                 Progress& progress) {
  std::vector<std::int64_t> genes;
  if (choice == "all") {
    for (std::int64_t g = 0; g < static_cast<std::int64_t>(reference.size()); ++g)
      if (measured.count(g) == 0) genes.push_back(g);
    if (genes.empty()) progress.note("note: every gene of the reference is measured; nothing is imputed");
    return genes;
  }
  std::map<std::string, std::int64_t> place;
  for (std::size_t g = 0; g < reference.size(); ++g) place.emplace(reference[g], static_cast<std::int64_t>(g));
  for (const std::string& name : read_gene_list(choice)) {
    const auto found = place.find(name);
    require<DataError>(found != place.end(), choice, "gene '", name, "' is not in the reference (it has ",
                       reference.front(), ", ...)");
    if (measured.count(found->second) != 0) {
      progress.note("note: " + name + " is measured and stays as it is");
    } else {
      genes.push_back(found->second);
    }
  }
  return genes;
}

/// z-scores on the scale of counts: expm1 of log-normalised expression times the spot's depth.
inline Matrix<float> expected_counts(Matrix<float> z, const std::vector<std::int64_t>& genes, const GeneScale& scale,
                                     const std::vector<double>& totals) {
  to_space_scale(z, genes, scale);
  for (std::int64_t i = 0; i < z.rows; ++i)
    for (float& v : z.row(i)) v = std::expm1(std::max(v, 0.0f)) * static_cast<float>(totals[i] / 1e4);
  return z;
}

/// Imputes with a trained network and writes the file.
template <class D>
void write_imputed(GeneNetwork<D>& network, const SavedModel& model, const CountData& st,
                   const std::vector<std::int64_t>& st_inputs, const std::set<std::int64_t>& measured,
                   const std::string& choice, const std::string& out, std::vector<double> measured_pcc,
                   nlohmann::json provenance, Progress& progress) {
  const std::vector<std::int64_t> genes = genes_to_impute(model.reference, measured, choice, progress);
  const CsrMatrix<float> inputs = select_columns<float>(st.counts, st_inputs);
  const GeneMoments moments = gene_moments(log1p_counts(inputs));
  Context<D>& ctx = network.context();
  const Csr<D> spots = to_device(ctx, st.counts);
  const BatchLayout<float, D> layout = detail::plain_layout(ctx, spots, st_inputs, moments.mean, moments.sd);
  std::vector<std::int64_t> rows(static_cast<std::size_t>(st.counts.rows));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  Imputation imputation;
  imputation.counts =
      expected_counts(network.predict(spots, layout, rows, genes), genes, model.scale, row_totals(inputs));
  for (std::int64_t g : genes) {
    imputation.genes.push_back(model.reference[g]);
    imputation.expected_pcc.push_back(model.expected_pcc[g]);
  }
  imputation.measured_pcc = std::move(measured_pcc);
  imputation.provenance = std::move(provenance);
  imputation.provenance["scale"] =
      "imputed columns of X are expected counts: expm1 of log-normalised expression times the spot's total over the "
      "input genes / 1e4";
  write_h5ad(out, imputed_anndata(st, imputation));
  progress.note(fmt::format("wrote {}: {} spots, {} measured and {} imputed genes", out, st.file.n_obs(),
                            st.var.rows(), genes.size()));
}

template <class D>
void run_fit(const FitCommand& command, const std::string& device_name) {
  const auto start = std::chrono::steady_clock::now();
  require(command.folds != 1, "fit", "--folds must be 0 or at least 2, got 1");
  require(command.folds > 0 || (command.json.empty() && command.report.empty()), "fit",
          "--json and --report show the cross-validation, which --folds 0 leaves out");
  for (const std::string* path : {&command.out, &command.save, &command.json, &command.report})
    if (!path->empty()) AtomicFile probe(*path);  // refuses what could not be written later
  const Options options = command.common.settings<Options>();
  const int threads = command.common.used_threads();
  Progress progress(command.common.quiet);
  PairData pair = load_pair(command.data, progress);
  require_enough(pair, command.folds);
  RunFacts facts{"casper", "fit", command.data.st, command.data.sc, D::name, device_name, threads,
                 command.common.seed, settings_to_json(options)};
  facts.load_seconds = seconds_since(start);
  RunState state = open_state(command.common, command.out + ".checkpoint",
                              {{"model", "casper"}, {"command", "fit"}, {"folds", command.folds},
                               {"seed", command.common.seed}, {"config", facts.config},
                               {"n_spots", pair.st.counts.rows}, {"n_shared", pair.n_shared()}, {"device", D::name}});
  RunTools tools{state, progress, "Continue with the same command and --resume " + state.path()};
  const InterruptScope interrupts;

  EvaluateCommand evaluate;
  evaluate.common = command.common;
  evaluate.folds = command.folds;
  evaluate.json = command.json;
  evaluate.report = command.report;
  Evaluation evaluation;
  std::vector<double> cv_pcc(pair.shared.size(), std::numeric_limits<double>::quiet_NaN());
  if (command.folds > 0) {
    progress.note("cross-validation of the accuracy");
    evaluation = evaluate_pair<D>(evaluate, pair, options, tools, facts);
    facts.total_seconds = seconds_since(start);
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
  const auto model = train_gene_model<D>(tools, "fit", task, scales, rows, options,
                                         {.threads = threads, .seed = command.common.seed}, result);

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
  std::vector<double> measured_pcc(static_cast<std::size_t>(pair.st.var.rows()),
                                   std::numeric_limits<double>::quiet_NaN());
  for (std::size_t j = 0; j < cv_pcc.size(); ++j) measured_pcc[pair.st.columns[task.st_inputs[j]]] = cv_pcc[j];
  const nlohmann::json provenance = {{"version", version_string}, {"model", "casper"}, {"command", "fit"},
                                     {"st", command.data.st}, {"sc", command.data.sc}, {"seed", command.common.seed},
                                     {"device", D::name}, {"config", nlohmann::json(settings_to_json(options))}};
  write_results(tools, [&] {
    write_imputed(model->network(), saved, pair.st, task.st_inputs, {task.sc_inputs.begin(), task.sc_inputs.end()},
                  command.genes, command.out, measured_pcc, provenance, progress);
    if (!command.save.empty()) save_model(command.save, saved);
    if (command.folds > 0) write_evaluation(evaluate, evaluation, pair, facts);
  });
  state.remove_file();
}

template <class D>
void run_impute(const ImputeCommand& command, const std::string&) {
  { AtomicFile probe(command.out); }
  Progress progress(command.common.quiet);
  const SavedModel saved = read_model(command.model);
  std::vector<std::string> notes;
  const CountData st = load_counts(command.data.st, command.data.st_layer, notes);
  NameTable table;
  if (!command.data.gene_table.empty()) table = read_name_table(command.data.gene_table);
  const GeneMatch match = match_genes(saved.inputs, st.genes,
                                      {.fold_case = command.data.fold_case, .table = table.empty() ? nullptr : &table});
  for (const std::string& note : notes) progress.note("note: " + note);
  if (match.size() < static_cast<std::int64_t>(saved.inputs.size())) {
    std::vector<char> present(saved.inputs.size(), 0);
    for (std::int64_t g : match.index_a) present[g] = 1;
    std::string missing;
    for (std::size_t g = 0; g < present.size(); ++g)
      if (!present[g]) missing += (missing.empty() ? "" : ", ") + saved.inputs[g];
    fail<DataError>(command.data.st, "lacks ", saved.inputs.size() - static_cast<std::size_t>(match.size()), " of the ",
                    saved.inputs.size(), " genes that the model ", command.model, " takes as input: ", missing);
  }
  std::set<std::int64_t> measured;
  std::map<std::string, std::int64_t> place;
  for (std::size_t g = 0; g < saved.reference.size(); ++g) place.emplace(saved.reference[g], static_cast<std::int64_t>(g));
  for (const std::string& name : saved.inputs) measured.insert(place.at(name));
  for (const std::string& name : st.genes)
    if (place.count(name) != 0) measured.insert(place.at(name));

  GeneNetwork<D> network({.threads = command.common.used_threads()}, static_cast<std::int64_t>(saved.inputs.size()),
                         saved.centroids, saved.embedding, saved.options, SingleCells::centroids);
  load_parameters(network.context(), network.store(), saved, command.model);
  const nlohmann::json provenance = {{"version", version_string}, {"model", "casper"}, {"command", "impute"},
                                     {"st", command.data.st}, {"weights", command.model}, {"device", D::name}};
  write_imputed(network, saved, st, match.index_b, measured, command.genes, command.out,
                std::vector<double>(static_cast<std::size_t>(st.var.rows()), std::numeric_limits<double>::quiet_NaN()),
                provenance, progress);
}

}  // namespace stx::casper
