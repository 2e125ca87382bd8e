#include "examples/dcavae/top_lists.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <filesystem>

#include "stx/backend/top_k.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/data/fnv1a.hpp"
#include "stx/io/safetensors.hpp"

namespace stx::dcavae {

namespace {

void add_counts(Fnv1a64& hash, const CsrMatrix<float>& counts, const std::vector<std::int64_t>& genes,
                const std::vector<double>& totals) {
  const CsrMatrix<float> used = select_columns(counts, std::span<const std::int64_t>(genes));
  hash.add(used.rows).add(used.cols);
  for (const std::int64_t offset : used.indptr) hash.add(offset);
  for (const std::int32_t column : used.indices) hash.add(column);
  for (const float value : used.values) hash.add(std::bit_cast<std::uint32_t>(value));
  for (const double total : totals) hash.add(std::bit_cast<std::uint64_t>(total));
}

std::string hexadecimal(std::uint64_t key) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(key));
  return text;
}

SafeTensor tensor_of(const Matrix<std::int32_t>& m) { return {{m.rows, m.cols}, m.values}; }

/// The tensor as lists of numbers below n, or nothing.
std::optional<Matrix<std::int32_t>> lists_of(const TensorMap& tensors, const char* name, std::int64_t rows,
                                             std::int64_t cols, std::int64_t n) {
  const auto found = tensors.find(name);
  if (found == tensors.end() || found->second.shape != std::vector<std::int64_t>{rows, cols}) return {};
  const auto* values = std::get_if<std::vector<std::int32_t>>(&found->second.values);
  if (values == nullptr) return {};
  if (std::any_of(values->begin(), values->end(), [n](std::int32_t id) { return id < 0 || id >= n; })) return {};
  Matrix<std::int32_t> m;
  m.rows = rows;
  m.cols = cols;
  m.values = *values;
  return m;
}

}  // namespace

ListSizes list_sizes(std::int64_t n_cells, std::int64_t n_spots, const Options& o) {
  const std::int64_t fewer = std::min(n_cells, n_spots);
  require<DataError>(fewer >= 1, "dcavae", "pairs need at least one cell and one spot, got ", n_cells, " and ", n_spots);
  const auto size = [&](std::int64_t n_other, const char* rows, const char* others) {
    if (o.k_scaled)
      return std::min({o.k * n_other / fewer, o.k_cap, n_other});
    require(o.k <= n_other, "dcavae", "k = ", o.k, " ", others, " for each of the ", rows, " exceed the data: there are ",
            n_other, " ", others, "; lower k, or set k_scaled = true");
    return o.k;
  };
  const ListSizes sizes{size(n_spots, "cells", "spots"), size(n_cells, "spots", "cells")};
  require(std::max(sizes.of_cell, sizes.of_spot) <= top_k_limit, "dcavae", "lists of ",
          std::max(sizes.of_cell, sizes.of_spot), " partners are too long; k and k_cap may be at most ", top_k_limit);
  return sizes;
}

std::uint64_t lists_key(const Task& task, const ListSizes& sizes, Similarity similarity) {
  Fnv1a64 hash;
  hash.add("dcavae top lists 1").add(sizes.of_cell).add(sizes.of_spot).add(static_cast<int>(similarity));
  for (const std::int64_t g : task.split.train) hash.add(task.genes[g]).add_byte(0);
  add_counts(hash, task.cells, task.split.train, task.cell_totals);
  add_counts(hash, task.spots, task.split.train, task.spot_totals);
  return hash.value();
}

std::string lists_path(const std::string& folder, std::uint64_t key) {
  return (std::filesystem::path(folder) / ("top_lists_" + hexadecimal(key) + ".safetensors")).string();
}

std::optional<TopLists> load_lists(const std::string& path, std::uint64_t key, const Task& task,
                                   const ListSizes& sizes) {
  if (!std::filesystem::exists(path)) return {};
  try {
    const auto file = read_safetensors(path);
    const auto named = file.metadata.find("key");
    if (named == file.metadata.end() || named->second != hexadecimal(key)) return {};
    auto of_cells = lists_of(file.tensors, "of_cells", task.cells.rows, sizes.of_cell, task.spots.rows);
    auto of_spots = lists_of(file.tensors, "of_spots", task.spots.rows, sizes.of_spot, task.cells.rows);
    if (!of_cells || !of_spots) return {};
    return TopLists{*std::move(of_cells), *std::move(of_spots)};
  } catch (const DataError&) {
    return {};  // damaged: made again
  }
}

void save_lists(const std::string& path, std::uint64_t key, const TopLists& lists) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  write_safetensors(path, {{"of_cells", tensor_of(lists.of_cells)}, {"of_spots", tensor_of(lists.of_spots)}},
                    {{"key", hexadecimal(key)}}, true);
}

}  // namespace stx::dcavae
