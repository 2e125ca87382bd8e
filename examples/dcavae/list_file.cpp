#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "examples/dcavae/top_lists.hpp"
#include "stx/io/safetensors.hpp"

namespace stx::dcavae {

namespace {

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
