#include "examples/dcavae/other_methods.hpp"

#include <algorithm>

#include "examples/common/baselines_cell_nearest.hpp"
#include "stx/data/folds.hpp"
#include "stx/data/preprocess.hpp"

namespace stx::dcavae {

std::set<std::string> methods_of(const std::string& list) {
  const std::vector<std::string>& known = method_names();
  if (list == "all") return {known.begin(), known.end()};
  std::set<std::string> chosen;
  if (list == "none") return chosen;
  std::string names;
  for (const std::string& name : known) names += name + ", ";
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    const std::string name = list.substr(at, end - at);
    require(std::find(known.begin(), known.end(), name) != known.end(), "--methods", "unknown method '", name,
            "'; known are ", names, "all and none");
    chosen.insert(name);
    at = end + 1;
  }
  return chosen;
}

OtherMethods prepare_methods(const PairData& pair, const std::set<std::string>& methods, int threads) {
  OtherMethods prepared;
  if (methods.empty()) return prepared;
  if (methods.count("casper") != 0)
    prepared.tokens = casper::gene_tokens(pair.sc, pair.shared_sc, prepared.options, threads);
  prepared.log_cells = casper::log1p_counts(pair.sc.counts);
  prepared.log_spots = casper::log1p_counts(pair.st.counts);
  return prepared;
}

MethodFold method_fold(const PairData& pair, const OtherMethods& prepared, const std::vector<std::int64_t>& test,
                       std::uint64_t seed) {
  MethodFold fold;
  fold.task = casper::gene_task(pair, prepared.tokens, complement(pair.n_shared(), test), prepared.options, seed);
  fold.scales = casper::measure_scales(fold.task);
  fold.scale = casper::predict_gene_scale(fold.scales.cells, fold.scales.st_target, fold.task.sc_inputs);
  for (const std::int64_t g : test) fold.sc_targets.push_back(pair.shared_sc[g]);
  return fold;
}

std::vector<std::pair<std::string, Matrix<float>>> predict_plain(const OtherMethods& prepared, const MethodFold& fold,
                                                                 const std::set<std::string>& methods,
                                                                 const std::vector<std::int64_t>& rows, int threads) {
  std::vector<std::pair<std::string, Matrix<float>>> predictions;
  const auto add = [&](const char* name, Matrix<float> z) {
    if (methods.count(name) == 0) return;
    casper::to_space_scale(z, fold.sc_targets, fold.scale);
    predictions.emplace_back(name, std::move(z));
  };
  const casper::CellSpace space =
      casper::cell_space(prepared.log_cells, prepared.log_spots, fold.task, fold.sc_targets, rows);
  if (methods.count("ridge") + methods.count("knn") > 0) {
    casper::GeneBaselines both = casper::gene_baselines(space, fold.scales, fold.sc_targets, threads);
    add("ridge", std::move(both.ridge));
    add("knn", std::move(both.knn));
  }
  if (methods.count("naive") != 0) {
    CellNearest naive({.threads = threads});
    naive.fit(space.cell_x, space.cell_y);
    add("naive", casper::cell_scale_to_z(naive.predict(space.spot_x), fold.scales, fold.sc_targets));
  }
  add("mean",
      Matrix<float>(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(fold.sc_targets.size()), 0.0f));
  return predictions;
}

}  // namespace stx::dcavae
