// The trained gene-agnostic model as a safetensors file.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "examples/casper/gene_embedding.hpp"
#include "examples/casper/gene_network.hpp"

namespace stx::casper {

/// All that imputation needs; nothing of the single cells but averages and axes.
struct SavedModel {
  Options options;
  std::vector<std::string> inputs;     ///< names of the measured genes, in the order of the network
  std::vector<std::string> reference;  ///< names of the genes that can be imputed
  std::vector<std::string> tokens;     ///< names of the attention's columns
  Matrix<float> centroids;             ///< tokens x token genes
  Matrix<float> embedding;             ///< embedding x reference genes
  GeneScale scale;                     ///< level and spread in space, per reference gene
  std::vector<float> expected_pcc;     ///< per reference gene, from the cross-validation; NaN unknown
  std::vector<std::pair<std::string, Matrix<float>>> parameters;
};

/// Parameters of a store by name; vectors become one row.
template <class D>
std::vector<std::pair<std::string, Matrix<float>>> named_parameters(Context<D>& ctx, ParameterStore<float, D>& store) {
  std::vector<std::pair<std::string, Matrix<float>>> named;
  for (const auto& e : store.entries()) named.emplace_back(e.name, to_matrix(ctx, e.state.value));
  return named;
}

/// Takes the parameters of a model read from `path`.
/// @throws DataError when one is missing or has another size.
template <class D>
void load_parameters(Context<D>& ctx, ParameterStore<float, D>& store, const SavedModel& model,
                     const std::string& path) {
  for (const auto& e : store.entries()) {
    const auto found = std::find_if(model.parameters.begin(), model.parameters.end(),
                                    [&](const auto& p) { return p.first == e.name; });
    require<DataError>(found != model.parameters.end(), path, "has no parameter '", e.name, "'");
    require<DataError>(static_cast<std::int64_t>(found->second.values.size()) == e.shape.size(), path,
                       "parameter '", e.name, "' has ", found->second.values.size(), " values, expected ",
                       e.shape.size());
    upload(ctx, e.state.value, std::span<const float>(found->second.values));
  }
}

void save_model(const std::string& path, const SavedModel& model);

SavedModel read_model(const std::string& path);

}  // namespace stx::casper
