#include "examples/dcavae/top_lists.hpp"

#include <algorithm>
#include <bit>

#include "stx/backend/top_k.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/data/fnv1a.hpp"

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

}  // namespace

ListSizes list_sizes(std::int64_t n_cells, std::int64_t n_spots, const Options& o) {
  const std::int64_t fewer = std::min(n_cells, n_spots);
  require<DataError>(fewer >= 1, "dcavae", "pairs need at least one cell and one spot, got ", n_cells, " and ",
                     n_spots);
  const auto size = [&](std::int64_t n_other, const char* rows, const char* others) {
    if (o.k_scaled) return std::min({o.k * n_other / fewer, o.k_cap, n_other});
    require(o.k <= n_other, "dcavae", "k = ", o.k, " ", others, " for each of the ", rows,
            " exceed the data: there are ", n_other, " ", others, "; lower k, or set k_scaled = true");
    return o.k;
  };
  const ListSizes sizes{size(n_spots, "cells", "spots"), size(n_cells, "spots", "cells")};
  require(std::max(sizes.of_cell, sizes.of_spot) <= top_k_limit, "dcavae", "lists of ",
          std::max(sizes.of_cell, sizes.of_spot), " partners are too long; k and k_cap may be at most ", top_k_limit);
  return sizes;
}

std::string list_note(std::int64_t n_cells, std::int64_t n_spots, const Options& o) {
  const std::int64_t fewer = std::min(n_cells, n_spots);
  if (!o.k_scaled || o.k <= fewer) return {};
  const ListSizes sizes = list_sizes(n_cells, n_spots, o);
  return stx::detail::concat("k = ", o.k, " is more than the ", fewer, n_cells <= n_spots ? " cells" : " spots",
                             "; a cell has ", sizes.of_cell, " of the ", n_spots, " spots as partners, a spot ",
                             sizes.of_spot, " of the ", n_cells, " cells");
}

std::uint64_t lists_key(const Task& task, const ListSizes& sizes, Similarity similarity) {
  Fnv1a64 hash;
  hash.add("dcavae top lists 1").add(sizes.of_cell).add(sizes.of_spot).add(static_cast<int>(similarity));
  for (const std::int64_t g : task.split.train) hash.add(task.genes[g]).add_byte(0);
  add_counts(hash, task.cells, task.split.train, task.cell_totals);
  add_counts(hash, task.spots, task.split.train, task.spot_totals);
  return hash.value();
}

}  // namespace stx::dcavae
