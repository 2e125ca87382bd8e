// The parameters of a network as matrices with names.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "stx/core/transfer.hpp"
#include "stx/nn/parameter_store.hpp"

namespace stx {

using NamedParameters = std::vector<std::pair<std::string, Matrix<float>>>;

/// Parameters and buffers of a store by name; vectors become one row.
template <class D>
NamedParameters named_parameters(Context<D>& ctx, ParameterStore<float, D>& store) {
  NamedParameters named;
  for (const auto* list : {&store.entries(), &store.buffers()})
    for (const auto& e : *list) named.emplace_back(e.name, to_matrix(ctx, e.state.value));
  return named;
}

/// Takes the parameters and buffers of a model read from `path`.
/// @throws DataError when one is missing or has another size.
template <class D>
void load_parameters(Context<D>& ctx, ParameterStore<float, D>& store, const NamedParameters& parameters,
                     const std::string& path) {
  for (const auto* list : {&store.entries(), &store.buffers()})
    for (const auto& e : *list) {
      const auto found =
          std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.first == e.name; });
      require<DataError>(found != parameters.end(), path, "has no parameter '", e.name, "'");
      require<DataError>(static_cast<std::int64_t>(found->second.values.size()) == e.shape.size(), path, "parameter '",
                         e.name, "' has ", found->second.values.size(), " values, expected ", e.shape.size());
      upload(ctx, e.state.value, std::span<const float>(found->second.values));
    }
}

}  // namespace stx
