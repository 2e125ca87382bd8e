#include "examples/common/pair_data.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "stx/data/preprocess.hpp"
#include "stx/io/counts.hpp"
#include "stx/io/read_any.hpp"

namespace stx {

CountData load_counts(const std::string& path, const std::string& layer, std::vector<std::string>& notes) {
  CountData data;
  data.file = read_any(path, {.probe = true});
  for (const std::string& note : data.file.skipped) notes.push_back(path + ": " + note);
  const MatrixChoice choice = choose_matrix(data.file, layer, path);
  CountMatrix read = counts(*choice.matrix, path);
  for (const std::string& warning : read.warnings) notes.push_back(warning);
  data.var = *choice.var;
  require<DataError>(read.matrix.nnz() > 0, path, "holds no count at all");
  FilteredCounts kept = filter_counts(read.matrix);
  if (kept.counts.rows < read.matrix.rows)
    notes.push_back(detail::concat(path, ": ", read.matrix.rows - kept.counts.rows, " of ", read.matrix.rows,
                                   " rows have no counts: they take no part in training"));
  if (kept.counts.cols < read.matrix.cols)
    notes.push_back(detail::concat(path, ": ", read.matrix.cols - kept.counts.cols, " of ", read.matrix.cols,
                                   " genes have no counts: they take no part in training"));
  data.counts = std::move(kept.counts);
  data.rows = std::move(kept.rows);
  data.columns = std::move(kept.genes);
  for (std::int64_t row : data.rows) data.names.push_back(data.file.obs.index[static_cast<std::size_t>(row)]);
  for (std::int64_t gene : data.columns) data.genes.push_back(data.var.index[static_cast<std::size_t>(gene)]);
  data.file.x.reset();
  data.file.layers.clear();
  data.file.raw.reset();
  data.file.obsp.clear();
  return data;
}

GeneMatch match_files(const NamedGenes& a, const NamedGenes& b, const GeneMatchOptions& options) {
  const auto matched = [&](bool fold_case, auto of_a, auto of_b) -> std::optional<GeneMatch> {
    try {
      return match_genes(of_a, of_b, {.fold_case = fold_case, .table = options.table});
    } catch (const DataError&) {  // none is shared
      return std::nullopt;
    }
  };
  if (auto match = matched(options.fold_case, a.genes, b.genes)) return std::move(*match);
  std::string help;
  const auto turned = [](const NamedGenes& file) {
    return "The rows of " + file.path + " are named like genes: turn it, so that spots or cells are rows";
  };
  if (matched(true, a.genes, b.rows)) {
    help = turned(b);
  } else if (matched(true, a.rows, b.genes)) {
    help = turned(a);
  } else if (const auto match = matched(true, a.genes, b.genes)) {
    help = detail::concat("With --ignore-case they share ", match->size());
  } else if (options.table != nullptr) {
    help = "The two columns of --gene-table must hold names of these files and what they are commonly called";
  } else {
    help = detail::concat(options.fold_case ? "They" : "--ignore-case would not help; they",
                          " must name genes in the same way, or --gene-table FILE must translate: two columns, name "
                          "in the file and common name (for example Ensembl id and symbol)");
  }
  fail<DataError>(b.path, "shares no gene with ", a.path, ". It has ", detail::examples(b.genes), "; ", a.path, " has ",
                  detail::examples(a.genes), ". ", help);
}

PairData load_pair(const std::string& st_path, const std::string& sc_path, const PairOptions& options) {
  PairData pair;
  pair.st = load_counts(st_path, options.st_layer, pair.notes);
  pair.sc = load_counts(sc_path, options.sc_layer, pair.notes);
  const GeneMatch match = match_files({sc_path, pair.sc.genes, pair.sc.names}, {st_path, pair.st.genes, pair.st.names},
                                      {.fold_case = options.fold_case, .table = options.names});
  for (std::string note : match.notes) {  // its lists A and B are these files
    if (note.starts_with("list A")) note.replace(0, 6, sc_path);
    if (note.starts_with("list B")) note.replace(0, 6, st_path);
    pair.notes.push_back(std::move(note));
  }
  pair.shared_sc = match.index_a;
  pair.shared_st = match.index_b;
  for (std::int64_t g : match.index_a) pair.shared.push_back(pair.sc.genes[static_cast<std::size_t>(g)]);
  const auto found = pair.st.file.obsm.find("spatial");
  if (found != pair.st.file.obsm.end()) {
    const Matrix<double>& all = found->second;
    pair.coordinates = Matrix<double>(static_cast<std::int64_t>(pair.st.rows.size()), all.cols);
    for (std::int64_t i = 0; i < pair.coordinates.rows; ++i)
      std::copy_n(all.row(pair.st.rows[i]).begin(), all.cols, pair.coordinates.row(i).begin());
  }
  return pair;
}

}  // namespace stx
