#include "examples/casper/imputation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "examples/casper/gene_task.hpp"
#include "examples/common/imputed_file.hpp"
#include "stx/data/preprocess.hpp"
#include "stx/io/h5ad_write.hpp"

namespace stx::casper {

namespace {

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

}  // namespace stx::casper
