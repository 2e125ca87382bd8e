// The most similar rows of the other side, for every cell and every spot, and the file that keeps them.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "examples/dcavae/similarity.hpp"
#include "stx/core/transfer.hpp"
#include "stx/ops/cross_top_k.hpp"

namespace stx::dcavae {

struct ListSizes {
  std::int64_t of_cell = 0;  ///< spots in the list of a cell
  std::int64_t of_spot = 0;  ///< cells in the list of a spot
};

/// options.k, or with k_scaled floor(k n_other / min(n_cells, n_spots)), at most k_cap and at most all others.
/// @throws ArgumentError when k exceeds the data without k_scaled, or a list would be longer than 1024.
ListSizes list_sizes(std::int64_t n_cells, std::int64_t n_spots, const Options& options);

/// What a person should hear where options.k is more than the rows of a side and k_scaled shortens the lists;
/// empty elsewhere.
std::string list_note(std::int64_t n_cells, std::int64_t n_spots, const Options& options);

/// Row numbers of the other side, ascending within a list.
struct TopLists {
  Matrix<std::int32_t> of_cells;  ///< cells x sizes.of_cell
  Matrix<std::int32_t> of_spots;  ///< spots x sizes.of_spot
};

/// A number that changes with anything the lists depend on: counts of training genes and their names, totals,
/// sizes and similarity.
std::uint64_t lists_key(const Task& task, const ListSizes& sizes, Similarity similarity);

/// Path of the file for this key.
std::string lists_path(const std::string& folder, std::uint64_t key);

/// The lists of the file, or nothing when it is missing, damaged or of another key or size.
std::optional<TopLists> load_lists(const std::string& path, std::uint64_t key, const Task& task,
                                   const ListSizes& sizes);
/// Replaces the file at once or not at all.
void save_lists(const std::string& path, std::uint64_t key, const TopLists& lists);

/// Sorts every list.
inline Matrix<std::int32_t> ascending(Matrix<std::int32_t> lists) {
  for (std::int64_t i = 0; i < lists.rows; ++i) std::sort(lists.row(i).begin(), lists.row(i).end());
  return lists;
}

/// Lists by exact search over profiles that lie on the device, both directions from one pass over the
/// similarities; nothing of size cells x spots exists. Ties go to the lower number. What it needs stays in `ctx`.
template <class D>
TopLists make_lists(Context<D>& ctx, const Matrix<float>& cells, const Matrix<float>& spots, const ListSizes& sizes) {
  const auto found = cross_top_k(ctx, to_device(ctx, cells), to_device(ctx, spots), static_cast<int>(sizes.of_cell),
                                 static_cast<int>(sizes.of_spot));
  return {ascending(to_matrix(ctx, found.of_first.ids)), ascending(to_matrix(ctx, found.of_second.ids))};
}

/// The same in a context of its own, whose memory goes with it.
template <class D>
TopLists make_lists(const ContextOptions& options, const Matrix<float>& cells, const Matrix<float>& spots,
                    const ListSizes& sizes) {
  Context<D> ctx(options);
  return make_lists(ctx, cells, spots, sizes);
}

}  // namespace stx::dcavae
