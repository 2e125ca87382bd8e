#include "examples/casper/imputation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "examples/casper/gene_task.hpp"
#include "stx/data/preprocess.hpp"

namespace stx::casper {

namespace {

ImputedGenes genes_of(const ImputationJob& job, const SavedModel& model, const std::vector<std::int64_t>& genes) {
  ImputedGenes out{.measured_pcc = job.measured_pcc};
  for (const std::int64_t g : genes) {
    out.names.push_back(model.reference[g]);
    out.expected_pcc.push_back(model.expected_pcc[g]);
  }
  return out;
}

}  // namespace

GeneMoments input_moments(const ImputationJob& job) {
  return gene_moments(log1p_counts(select_columns<float>(job.st->counts, job.st_inputs)));
}

ImputationFile::ImputationFile(const ImputationJob& job, const SavedModel& model, std::vector<std::int64_t> genes)
    : job_(job), model_(model), genes_(std::move(genes)),
      totals_(row_totals(select_columns<float>(job.st->counts, job.st_inputs))),
      file_(job.out, *job.st, genes_of(job, model, genes_)) {
  nlohmann::json& about = file_.tables().uns["stx"] = job.provenance;
  about["scale"] =
      "imputed columns of X are expected counts: expm1 of log-normalised expression times the spot's total over the "
      "input genes / 1e4";
}

void ImputationFile::write(Matrix<float> z) {
  to_space_scale(z, genes_, model_.scale);
  const auto n_measured = static_cast<std::size_t>(job_.st->var.rows());
  const std::int64_t first = file_.n_written();
  file_.write(z.rows, [&](std::span<float> row, std::int64_t i) {
    const auto depth = static_cast<float>(totals_[static_cast<std::size_t>(first + i)] / 1e4);
    for (std::int64_t g = 0; g < z.cols; ++g)
      row[n_measured + static_cast<std::size_t>(g)] = std::expm1(std::max(z(i, g), 0.0f)) * depth;
  });
}

void ImputationFile::finish(Progress& progress) {
  file_.finish();
  progress.note(fmt::format("wrote {}: {} spots, {} measured and {} imputed genes", job_.out, job_.st->file.n_obs(),
                            job_.st->var.rows(), genes_.size()));
}

}  // namespace stx::casper
