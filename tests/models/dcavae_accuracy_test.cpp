// Accuracy of DCAVAE on simulated tissues, whose truth is known for every gene: do imputed columns look like the genes
// whose names they bear?
#include <doctest/doctest.h>

#include <algorithm>

#include "models/dcavae_program.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/io/h5ad_read.hpp"
#include "stx/metrics/correlation.hpp"

namespace {

using program::operator+;
using Flags = std::vector<std::string>;

struct Outcome {
  double cross_validated = 0;  ///< mean PCC of held-out genes of the panel, as the program says
  double own = 0;              ///< mean PCC of imputed genes outside the panel with the counts under their names
  double others = 0;           ///< the same with the counts of all other imputed genes
};

std::vector<float> column(const stx::Matrix<float>& m, std::int64_t c) {
  std::vector<float> v;
  for (std::int64_t i = 0; i < m.rows; ++i) v.push_back(m(i, c));
  return v;
}

/// Fits a tissue of 60 genes of which 40 are measured in space; the columns of the two files are in different orders.
Outcome fit(std::uint64_t seed) {
  stx::SimulationOptions options{.n_spots = 300,
                                 .n_cells = 250,
                                 .n_genes = 60,
                                 .n_measured = 40,
                                 .n_types = 5,
                                 .spot_depth = 5,
                                 .cell_depth = 6,
                                 .theta = 8,
                                 .cell_dropout = 0.1,
                                 .seed = seed};
  const stx::TissueSimulator tissue(options);
  std::vector<std::int64_t> panel = tissue.measured_genes();
  std::reverse(panel.begin(), panel.end());
  program::Pair pair;
  pair.st.x = tissue.spot_counts(0, options.n_spots, panel, 1);
  pair.st.obs.index = program::numbered("spot", options.n_spots);
  for (const std::int64_t g : panel) pair.st.var.index.push_back(tissue.gene_names()[g]);
  pair.sc.x = tissue.cell_counts(0, options.n_cells, 1);
  pair.sc.obs.index = program::numbered("cell", options.n_cells);
  pair.sc.var.index = tissue.gene_names();
  const golden::Folder folder;
  program::write_pair(pair, folder);
  const program::Program dcavae{STX_DCAVAE_PROGRAM, folder.path()};
  Flags command = {"fit",    "--st",     "st.h5ad", "--sc", "sc.h5ad",   "--out", "out.h5ad",
                   "--json", "fit.json", "--folds", "2",    "--threads", "1",     "--quiet"};
  for (const char* setting :
       {"hidden=32", "latent=10", "max_epochs=15", "batch_size=64", "posterior_samples=10", "k=20"})
    command = command + Flags{"--set", setting};
  const program::Result run = dcavae(command);
  INFO(run.err);
  REQUIRE(run.status == 0);

  Outcome outcome;
  outcome.cross_validated =
      nlohmann::json::parse(golden::slurp(folder / "fit.json"))["metrics"]["pcc"]["mean"].get<double>();
  const stx::AnnData out = stx::read_h5ad(folder / "out.h5ad");
  const auto& imputed = std::get<stx::Matrix<float>>(out.layers.at("log1p"));
  std::vector<std::int64_t> genes, columns;
  for (std::int64_t c = 40; c < out.n_var(); ++c) {
    const auto& names = tissue.gene_names();
    genes.push_back(std::find(names.begin(), names.end(), out.var.index[static_cast<std::size_t>(c)]) - names.begin());
    columns.push_back(c);
  }
  REQUIRE(genes.size() == 20);
  stx::Matrix<float> truth = stx::to_dense(tissue.spot_counts(0, options.n_spots, genes, 1));
  const auto depth = stx::to_dense(std::get<stx::CsrMatrix<float>>(*pair.st.x));
  for (std::int64_t i = 0; i < truth.rows; ++i) {
    double total = 0;
    for (const float v : depth.row(i)) total += v;
    for (float& v : truth.row(i)) v = static_cast<float>(std::log1p(1e4 * v / total));
  }
  for (std::size_t a = 0; a < genes.size(); ++a)
    for (std::size_t b = 0; b < genes.size(); ++b) {
      const double r = stx::pearson(column(imputed, columns[a]), column(truth, static_cast<std::int64_t>(b)));
      (a == b ? outcome.own : outcome.others) += r / (a == b ? 20.0 : 380.0);
    }
  return outcome;
}

}  // namespace

// Of 8 seeds: own 0.30 to 0.45 (SD 0.05), others 0.03 to 0.14 (SD 0.04), cross-validated 0.17 to 0.37 (SD 0.06).
TEST_CASE("imputed genes resemble the genes whose names they bear, and no others") {
  Outcome mean;
  for (const std::uint64_t seed : {1, 4, 7}) {
    const Outcome o = fit(seed);
    INFO("seed ", seed, ": cross-validated ", o.cross_validated, ", own ", o.own, ", others ", o.others);
    CHECK(o.own > o.others + 0.12);
    CHECK(o.cross_validated > 0.1);
    mean.own += o.own / 3;
    mean.others += o.others / 3;
    mean.cross_validated += o.cross_validated / 3;
  }
  CHECK(mean.own > 0.3);
  CHECK(mean.others < 0.15);
  CHECK(mean.cross_validated > 0.2);
}
