#include "examples/common/pair_flags.hpp"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

#include "stx/data/preprocess.hpp"
#include "stx/data/zscore.hpp"
#include "stx/io/delimited.hpp"
#include "stx/io/npy.hpp"

namespace stx {

PairData load_pair(const DataFlags& flags, Progress& progress) {
  std::error_code no_file;
  require<DataError>(!std::filesystem::equivalent(flags.st, flags.sc, no_file), flags.sc,
                     "is named by --st and by --sc; expected spots in one file and single cells in another");
  NameTable table;
  if (!flags.gene_table.empty()) table = read_name_table(flags.gene_table);
  PairData pair = load_pair(flags.st, flags.sc,
                            {.st_layer = flags.st_layer,
                             .sc_layer = flags.sc_layer,
                             .fold_case = flags.fold_case,
                             .names = table.empty() ? nullptr : &table});
  for (const std::string& note : pair.notes) progress.note("note: " + note);
  return pair;
}

void keep_most_variable(PairData& pair, std::int64_t count) {
  if (count <= 0 || count >= pair.n_shared()) return;
  const GeneMoments moments = gene_moments(normalize_log1p(pair.sc.counts));
  std::vector<std::int64_t> order(static_cast<std::size_t>(pair.n_shared()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return moments.sd[pair.shared_sc[a]] > moments.sd[pair.shared_sc[b]];
  });
  order.resize(static_cast<std::size_t>(count));
  std::sort(order.begin(), order.end());
  PairData kept = pair;
  kept.shared_st.clear();
  kept.shared_sc.clear();
  kept.shared.clear();
  for (std::int64_t g : order) {
    kept.shared_st.push_back(pair.shared_st[g]);
    kept.shared_sc.push_back(pair.shared_sc[g]);
    kept.shared.push_back(pair.shared[g]);
  }
  kept.sc.counts = select_columns<float>(pair.sc.counts, kept.shared_sc);
  kept.sc.genes = kept.shared;
  std::iota(kept.shared_sc.begin(), kept.shared_sc.end(), std::int64_t{0});
  kept.notes.push_back(detail::concat("only the ", count, " of ", pair.n_shared(),
                                      " shared genes that vary most over the single cells are used"));
  pair = std::move(kept);
}

std::vector<std::int64_t> read_spots(const std::string& path, std::int64_t n_spots) {
  if (path.empty()) return {};
  const std::vector<std::int64_t> rows = read_npy_indices(path);
  for (std::int64_t row : rows)
    require<DataError>(row >= 0 && row < n_spots, path, "names spot ", row, ", but rows with counts are 0 to ",
                       n_spots - 1);
  require<DataError>(!rows.empty(), path, "names no spot");
  return rows;
}

void require_enough(const PairData& pair, int folds) {
  require<DataError>(pair.n_shared() >= folds, "evaluate", "there are ", pair.n_shared(), " shared genes, too few for ",
                     folds, " folds");
  require<DataError>(pair.st.counts.rows >= 10, "evaluate", "there are ", pair.st.counts.rows,
                     " spots with counts, too few to evaluate on (10 are needed)");
  require<DataError>(pair.sc.counts.rows >= 3, "evaluate", "there are ", pair.sc.counts.rows,
                     " cells with counts, too few to cluster (3 are needed)");
}

void require_inputs(const PairData& pair, const std::vector<std::vector<std::int64_t>>& folds, std::size_t least,
                    std::string_view who) {
  std::size_t held_out = 0;
  for (const auto& fold : folds) held_out = std::max(held_out, fold.size());
  const std::size_t left = pair.shared.size() - held_out;
  require<DataError>(left >= least, "evaluate", "holding out ", held_out, " of ", pair.n_shared(),
                     " shared genes leaves ", left, " to impute from, and ", who, " at least ", least,
                     "; give files that share more genes, or more folds; fit --folds 0 holds none out");
}

}  // namespace stx
