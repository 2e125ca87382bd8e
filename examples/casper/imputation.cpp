#include "examples/casper/imputation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <utility>

#include "examples/casper/gene_task.hpp"
#include "examples/common/imputed_file.hpp"
#include "stx/data/preprocess.hpp"
#include "stx/io/delimited.hpp"
#include "stx/io/h5ad_write.hpp"

namespace stx::casper {

namespace {

/// Gene names of a text file, one per line.
std::vector<std::string> read_gene_list(const std::string& path) {
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

/// z-scores on the scale of counts: expm1 of log-normalised expression times the spot's depth.
Matrix<float> expected_counts(Matrix<float> z, const std::vector<std::int64_t>& genes, const GeneScale& scale,
                              const std::vector<double>& totals) {
  to_space_scale(z, genes, scale);
  for (std::int64_t i = 0; i < z.rows; ++i)
    for (float& v : z.row(i)) v = std::expm1(std::max(v, 0.0f)) * static_cast<float>(totals[i] / 1e4);
  return z;
}

}  // namespace

std::vector<float> expected_accuracy(const Matrix<float>& embedding, const std::vector<std::int64_t>& measured,
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

std::vector<std::int64_t> genes_to_impute(const std::vector<std::string>& reference,
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

std::vector<double> unknown_pcc(const CountData& st) {
  return std::vector<double>(static_cast<std::size_t>(st.var.rows()), std::numeric_limits<double>::quiet_NaN());
}

GeneMoments input_moments(const ImputationJob& job) {
  return gene_moments(log1p_counts(select_columns<float>(job.st->counts, job.st_inputs)));
}

void write_imputation(const ImputationJob& job, const SavedModel& model, const std::vector<std::int64_t>& genes,
                      Matrix<float> z, Progress& progress) {
  const std::vector<double> totals = row_totals(select_columns<float>(job.st->counts, job.st_inputs));
  Imputation imputation;
  imputation.counts = expected_counts(std::move(z), genes, model.scale, totals);
  for (std::int64_t g : genes) {
    imputation.genes.push_back(model.reference[g]);
    imputation.expected_pcc.push_back(model.expected_pcc[g]);
  }
  imputation.measured_pcc = job.measured_pcc;
  imputation.provenance = job.provenance;
  imputation.provenance["scale"] =
      "imputed columns of X are expected counts: expm1 of log-normalised expression times the spot's total over the "
      "input genes / 1e4";
  write_h5ad(job.out, imputed_anndata(*job.st, imputation));
  progress.note(fmt::format("wrote {}: {} spots, {} measured and {} imputed genes", job.out, job.st->file.n_obs(),
                            job.st->var.rows(), genes.size()));
}

ImputeInput read_impute_input(const ImputeCommand& command, const SavedModel& model, Progress& progress) {
  std::vector<std::string> notes;
  ImputeInput input;
  input.st = load_counts(command.data.st, command.data.st_layer, notes);
  NameTable table;
  if (!command.data.gene_table.empty()) table = read_name_table(command.data.gene_table);
  const GeneMatch match = match_genes(model.inputs, input.st.genes,
                                      {.fold_case = command.data.fold_case, .table = table.empty() ? nullptr : &table});
  for (const std::string& note : notes) progress.note("note: " + note);
  if (match.size() < static_cast<std::int64_t>(model.inputs.size())) {
    std::vector<char> present(model.inputs.size(), 0);
    for (std::int64_t g : match.index_a) present[g] = 1;
    std::string missing;
    for (std::size_t g = 0; g < present.size(); ++g)
      if (!present[g]) missing += (missing.empty() ? "" : ", ") + model.inputs[g];
    fail<DataError>(command.data.st, "lacks ", model.inputs.size() - static_cast<std::size_t>(match.size()), " of the ",
                    model.inputs.size(), " genes that the model ", command.model, " takes as input: ", missing);
  }
  std::map<std::string, std::int64_t> place;
  for (std::size_t g = 0; g < model.reference.size(); ++g) place.emplace(model.reference[g], static_cast<std::int64_t>(g));
  for (const std::string& name : model.inputs) input.measured.insert(place.at(name));
  for (const std::string& name : input.st.genes)
    if (place.count(name) != 0) input.measured.insert(place.at(name));
  input.st_inputs = match.index_b;
  return input;
}

}  // namespace stx::casper
