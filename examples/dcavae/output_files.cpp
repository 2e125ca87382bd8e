#include "examples/dcavae/output_files.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace stx::dcavae {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Kept rows of `part` at their places in a file of `n` rows; the others hold `elsewhere`.
Matrix<double> placed(const Matrix<float>& part, const std::vector<std::int64_t>& rows, std::int64_t n,
                      double elsewhere) {
  Matrix<double> out(n, part.cols, elsewhere);
  for (std::int64_t i = 0; i < part.rows; ++i)
    std::copy(part.row(i).begin(), part.row(i).end(), out.row(rows[i]).begin());
  return out;
}

void add_latents(AnnData& file, const Latents& latents, const std::vector<std::int64_t>& rows) {
  file.obsm["latent"] = placed(latents.mean, rows, file.n_obs(), 0.0);
  file.obsm["latent_sd"] = placed(latents.sd, rows, file.n_obs(), 1.0);
}

/// Columns of the file: measured genes keep theirs, imputed ones follow in their order.
std::vector<std::int64_t> file_columns(const SpotsFile& from) {
  std::vector<std::int64_t> columns = from.measured_columns;
  std::int64_t next = from.st->var.rows();
  for (std::int64_t& column : columns)
    if (column < 0) column = next++;
  return columns;
}

}  // namespace

SpotsWriter::SpotsWriter(const std::string& path, const SpotsFile& from)
    : st_(*from.st), column_of_(file_columns(from)),
      file_(path, st_, from.genes, {"expected", "log1p", "p_zero", "lower", "upper"}) {
  file_.tables().uns["stx"] = from.provenance;
}

void SpotsWriter::write(const SpotBlock& block) {
  // Row i of `values` in the columns from `begin` on; -1: `without_counts`.
  const auto put = [this](const Matrix<float>& values, std::int64_t i, float without_counts, std::int64_t begin,
                          std::span<float> row) {
    for (std::size_t j = 0; j < column_of_.size(); ++j)
      if (column_of_[j] >= begin)
        row[static_cast<std::size_t>(column_of_[j])] = i < 0 ? without_counts : values(i, static_cast<std::int64_t>(j));
  };
  const auto layer = [&put](const Matrix<float>* values, float without_counts) {
    return [&put, values, without_counts](std::span<float> row, std::int64_t i) {
      std::fill(row.begin(), row.end(), std::numeric_limits<float>::quiet_NaN());
      put(*values, i, without_counts, 0, row);
    };
  };
  const auto imputed = [&](std::span<float> row, std::int64_t i) {
    put(block.expected.mean, i, 0, st_.var.rows(), row);
  };
  file_.write(block.expected.mean.rows, imputed,
              {{"expected", layer(&block.expected.mean, 0)},
               {"log1p", layer(&block.logs, 0)},
               {"p_zero", layer(&block.expected.p_zero, 1)},
               {"lower", layer(&block.lower, 0)},
               {"upper", layer(&block.upper, 0)}});
}

AnnData& SpotsWriter::tables(const SpotSummary& summary) {
  AnnData& out = file_.tables();
  // Genes that the model does not know have none; spots without counts are certain to stay without.
  const auto n_var = static_cast<std::size_t>(out.n_var()), n_obs = static_cast<std::size_t>(out.n_obs());
  std::vector<double> relative(n_var, nan), gene_sd(n_var, nan), spot_sd(n_obs, 0.0), spot_width(n_obs, 0.0);
  for (std::size_t j = 0; j < column_of_.size(); ++j) {
    relative[static_cast<std::size_t>(column_of_[j])] = summary.uncertainty.genes[j].relative;
    gene_sd[static_cast<std::size_t>(column_of_[j])] = summary.uncertainty.genes[j].sd;
  }
  for (std::size_t i = 0; i < st_.rows.size(); ++i) {
    spot_sd[static_cast<std::size_t>(st_.rows[i])] = summary.uncertainty.rows[i].sd;
    spot_width[static_cast<std::size_t>(st_.rows[i])] = summary.uncertainty.rows[i].width;
  }
  out.var.set("uncertainty", relative);
  out.var.set("predictive_sd", gene_sd);
  out.obs.set("predictive_sd", spot_sd);
  out.obs.set("interval_width", spot_width);
  add_latents(out, summary.latents, st_.rows);
  out.uns["stx"]["interval_level"] = summary.level;
  out.uns["stx"]["interval_corrected"] = summary.corrected;
  out.uns["stx"]["scale"] =
      "imputed columns of X and the layer 'expected' are expected counts at the spot's depth; 'log1p' is the "
      "expected log-normalised expression, ln(1 + 1e4 count / counts of the genes shown to the model)";
  return out;
}

void add_transferred_labels(AnnData& spots, const CountData& st, const Matrix<float>& cell_latents,
                            const std::vector<std::string>& cell_labels, const Matrix<float>& latents, int threads) {
  if (cell_labels.empty()) return;
  const LabelCodes codes = encode_labels(cell_labels);
  const TransferredLabels transferred =
      transfer_labels(cell_latents, codes.cells, static_cast<std::int64_t>(codes.names.size()), latents,
                      {.k = voting_cells(codes.cells), .threads = threads});
  Categorical types{std::vector<std::int32_t>(static_cast<std::size_t>(spots.n_obs()), -1), codes.names};
  std::vector<double> share(types.codes.size(), 0.0);
  for (std::size_t i = 0; i < st.rows.size(); ++i) {
    types.codes[static_cast<std::size_t>(st.rows[i])] = transferred.label[i];
    share[static_cast<std::size_t>(st.rows[i])] = transferred.confidence[i];
  }
  spots.obs.set("transferred_type", types);
  spots.obs.set("transferred_type_share", share);
}

void add_places(AnnData& file, const CountData& rows, const Places& places) {
  Matrix<double> position(file.n_obs(), places.position.cols, nan), spread(file.n_obs(), 1, nan), radius = spread;
  std::vector<std::uint8_t> placed(static_cast<std::size_t>(file.n_obs()), 0);
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    const std::int64_t row = rows.rows[i];
    placed[static_cast<std::size_t>(row)] = 1;
    std::copy_n(places.position.row(static_cast<std::int64_t>(i)).begin(), position.cols, position.row(row).begin());
    spread(row, 0) = places.spread[i];
    radius(row, 0) = places.radius[i];
  }
  file.obs.set("placed", placed);
  file.obsm["position"] = std::move(position);
  file.obsm["position_sd"] = std::move(spread);
  file.obsm["position_radius"] = std::move(radius);
}

AnnData cells_anndata(const CountData& sc, const Latents& latents, const nlohmann::json& provenance) {
  AnnData out;
  out.obs = sc.file.obs;
  std::vector<std::uint8_t> without(static_cast<std::size_t>(out.n_obs()), 1);
  for (const std::int64_t row : sc.rows) without[static_cast<std::size_t>(row)] = 0;
  out.obs.set("without_counts", without);
  add_latents(out, latents, sc.rows);
  out.uns["stx"] = provenance;
  return out;
}

}  // namespace stx::dcavae
