// The methods that stand beside the model in an evaluation: same folds, same spots, nothing of the held-out
// genes. No device here.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "examples/casper/gene_task.hpp"
#include "examples/common/pair_data.hpp"

namespace stx::dcavae {

/// Names that --methods knows.
inline const std::vector<std::string>& method_names() {
  static const std::vector<std::string> names = {"casper", "ridge", "knn", "naive", "mean"};
  return names;
}

/// The names in a comma-separated list; "none" is the empty list, "all" every method.
/// @throws ArgumentError for an unknown name.
std::set<std::string> methods_of(const std::string& list);

/// What CASPER's gene protocol prepares once for a pair: tokens, settings and log1p counts.
struct OtherMethods {
  casper::Options options;
  Centroids tokens;  ///< empty without the method casper
  CsrMatrix<float> log_cells, log_spots;
};

OtherMethods prepare_methods(const PairData& pair, const std::set<std::string>& methods, int threads);

/// One fold as the single-cell methods see it: the genes that are not `test` are measured.
struct MethodFold {
  casper::GeneTask task;
  casper::GeneTaskScales scales;
  casper::GeneScale scale;               ///< expected level and spread of every reference gene in space
  std::vector<std::int64_t> sc_targets;  ///< reference genes to impute
};

MethodFold method_fold(const PairData& pair, const OtherMethods& prepared, const std::vector<std::int64_t>& test,
                       std::uint64_t seed);

/// Log-normalised predictions (rows, test genes) of the methods that train no network and are asked for.
std::vector<std::pair<std::string, Matrix<float>>> predict_plain(const OtherMethods& prepared, const MethodFold& fold,
                                                                 const std::set<std::string>& methods,
                                                                 const std::vector<std::int64_t>& rows, int threads);

}  // namespace stx::dcavae
