#include "examples/common/demo.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "stx/data/simulate.hpp"
#include "stx/io/h5ad_write.hpp"

namespace stx {

void write_simulated_pair(const std::string& folder, const SimulationOptions& options, int threads) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  require<DataError>(!failed, folder, "cannot be made: ", failed.message(), "; choose another --folder");
  const SimulatedTissue tissue = simulate_tissue(options, threads);
  const auto labels = [](const char* prefix, const std::vector<std::int32_t>& codes) {
    Categorical c;
    std::int32_t largest = -1;
    for (std::int32_t code : codes) largest = std::max(largest, code);
    for (std::int32_t k = 0; k <= largest; ++k) c.categories.push_back(prefix + std::to_string(k));
    c.codes.assign(codes.begin(), codes.end());
    return c;
  };
  const auto names = [](const char* prefix, std::int64_t n) {
    std::vector<std::string> v;
    for (std::int64_t i = 0; i < n; ++i) v.push_back(prefix + std::to_string(i));
    return v;
  };
  AnnData st;
  st.x = tissue.spots;
  st.obs.index = names("spot", tissue.spots.rows);
  st.obs.set("cell_type", labels("type", tissue.spot_types));
  st.obs.set("layer", labels("layer", tissue.spot_layers));
  for (std::int64_t g : tissue.measured) st.var.index.push_back(tissue.gene_names[g]);
  st.obsm["spatial"] = tissue.coordinates;
  AnnData sc;
  sc.x = tissue.cells;
  sc.obs.index = names("cell", tissue.cells.rows);
  sc.obs.set("cell_type", labels("type", tissue.cell_types));
  sc.var.index = tissue.gene_names;
  write_h5ad(folder + "/st.h5ad", st, {.overwrite = true});
  write_h5ad(folder + "/sc.h5ad", sc, {.overwrite = true});
}

FitFlags prepare_demo(const DemoFlags& demo) {
  SimulationOptions simulation;
  simulation.n_spots = demo.n_spots;
  simulation.n_cells = demo.n_cells;
  simulation.n_genes = demo.n_genes;
  simulation.n_measured = demo.n_measured;
  simulation.seed = demo.common.seed;
  std::printf("simulating a tissue of %lld spots and %lld cells in %s\n", static_cast<long long>(demo.n_spots),
              static_cast<long long>(demo.n_cells), demo.folder.c_str());
  std::fflush(stdout);
  write_simulated_pair(demo.folder, simulation, demo.common.used_threads());
  FitFlags fit;
  fit.common = demo.common;
  fit.data.st = demo.folder + "/st.h5ad";
  fit.data.sc = demo.folder + "/sc.h5ad";
  fit.out = demo.folder + "/imputed.h5ad";
  fit.save = demo.folder + "/model.safetensors";
  fit.folds = demo.folds;
  fit.json = demo.folder + "/scores.json";
  fit.report = demo.folder + "/report.html";
  for (const std::string& path : {fit.out, fit.save, fit.json, fit.report}) std::filesystem::remove(path);
  if (fit.folds == 0) fit.report.clear();  // it would show the cross-validation
  return fit;
}

}  // namespace stx
