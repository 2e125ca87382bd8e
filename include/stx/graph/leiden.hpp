// Communities of a weighted graph by the Leiden method of igraph (link stx::leiden).
#pragma once

#include <igraph/igraph.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "stx/data/matrix.hpp"

namespace stx {

struct LeidenOptions {
  double resolution = 1.0;  ///< higher gives more and smaller clusters; > 0
  int n_iterations = 2;     ///< rounds of the method; negative: until nothing changes
  double beta = 0.01;       ///< randomness of the refinement; >= 0
  std::uint32_t seed = 0;   ///< seed of the private generator
};

struct LeidenResult {
  std::vector<std::int32_t> labels;  ///< cluster of each node; 0 is the largest, equal ones by first node
  std::int32_t n_clusters = 0;
  double modularity = 0;  ///< with the resolution asked for
};

namespace detail {

/// Throws for an igraph error code.
inline void check_igraph(igraph_error_t code, const char* where) {
  require<Error>(code == IGRAPH_SUCCESS, where, "igraph failed: ", igraph_strerror(code), " (code ",
                 static_cast<int>(code), ")");
}

/// While it lives, igraph returns its errors instead of aborting, stays silent, and draws from a
/// generator of our own; afterwards everything is as before.
class IgraphScope {
 public:
  explicit IgraphScope(std::uint32_t seed)
      : error_handler_(igraph_set_error_handler(igraph_error_handler_ignore)),
        warning_handler_(igraph_set_warning_handler(igraph_warning_handler_ignore)) {
    const igraph_error_t code = igraph_rng_init(&random_, &igraph_rngtype_mt19937);
    if (code != IGRAPH_SUCCESS) restore_handlers();
    check_igraph(code, "leiden");
    igraph_rng_seed(&random_, seed);
    saved_ = *igraph_rng_default();
    *igraph_rng_default() = random_;
  }
  ~IgraphScope() {
    random_ = *igraph_rng_default();
    *igraph_rng_default() = saved_;
    igraph_rng_destroy(&random_);
    restore_handlers();
  }
  IgraphScope(const IgraphScope&) = delete;
  IgraphScope& operator=(const IgraphScope&) = delete;

 private:
  void restore_handlers() {
    igraph_set_error_handler(error_handler_);
    igraph_set_warning_handler(warning_handler_);
  }
  igraph_error_handler_t* error_handler_;
  igraph_warning_handler_t* warning_handler_;
  igraph_rng_t random_{};
  igraph_rng_t saved_{};
};

/// Owners of igraph's objects.
struct IgraphVector {
  igraph_vector_t raw;
  explicit IgraphVector(std::int64_t n) { check_igraph(igraph_vector_init(&raw, n), "leiden"); }
  ~IgraphVector() { igraph_vector_destroy(&raw); }
  IgraphVector(const IgraphVector&) = delete;
  IgraphVector& operator=(const IgraphVector&) = delete;
};
struct IgraphIntVector {
  igraph_vector_int_t raw;
  explicit IgraphIntVector(std::int64_t n) { check_igraph(igraph_vector_int_init(&raw, n), "leiden"); }
  ~IgraphIntVector() { igraph_vector_int_destroy(&raw); }
  IgraphIntVector(const IgraphIntVector&) = delete;
  IgraphIntVector& operator=(const IgraphIntVector&) = delete;
};
struct IgraphGraph {
  igraph_t raw;
  IgraphGraph(const IgraphIntVector& edges, std::int64_t n) {
    check_igraph(igraph_create(&raw, &edges.raw, n, IGRAPH_UNDIRECTED), "leiden");
  }
  ~IgraphGraph() { igraph_destroy(&raw); }
  IgraphGraph(const IgraphGraph&) = delete;
  IgraphGraph& operator=(const IgraphGraph&) = delete;
};

/// Numbers clusters by descending size, equal sizes by their first node.
inline std::vector<std::int32_t> labels_by_size(const igraph_vector_int_t& membership, std::int64_t n_clusters) {
  const std::int64_t n = igraph_vector_int_size(&membership);
  std::vector<std::int64_t> size(static_cast<std::size_t>(n_clusters), 0), first(size), order(size);
  for (std::int64_t i = n - 1; i >= 0; --i) {
    ++size[VECTOR(membership)[i]];
    first[VECTOR(membership)[i]] = i;
  }
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return size[a] != size[b] ? size[a] > size[b] : first[a] < first[b];
  });
  std::vector<std::int32_t> rank(order.size()), labels(static_cast<std::size_t>(n));
  for (std::size_t r = 0; r < order.size(); ++r) rank[order[r]] = static_cast<std::int32_t>(r);
  for (std::int64_t i = 0; i < n; ++i) labels[i] = rank[VECTOR(membership)[i]];
  return labels;
}

}  // namespace detail

/// Clusters the nodes of a symmetric weighted graph (n x n, weights >= 0; the lower triangle and
/// the diagonal are not read) by modularity.
///
/// Modularity as in python-igraph and scanpy's flavour "igraph": node weights are the strengths,
/// and the resolution is divided by their sum 2m. Deterministic for a seed. igraph keeps its
/// generator and error handler in one place: do not call igraph from another thread meanwhile.
/// \throws ArgumentError for a bad matrix, weights or options; Error when igraph fails.
inline LeidenResult leiden(const CsrMatrix<float>& graph, const LeidenOptions& options = {}) {
  require(graph.rows == graph.cols, "leiden", "expected a square matrix of connectivities, got ", graph.rows, " x ",
          graph.cols);
  require(options.resolution > 0 && options.beta >= 0, "leiden", "expected resolution > 0 and beta >= 0, got ",
          options.resolution, " and ", options.beta);
  std::int64_t n_edges = 0;
  for (std::int64_t i = 0; i < graph.rows; ++i) {
    for (std::int64_t j = graph.indptr[i]; j < graph.indptr[i + 1]; ++j) {
      require(graph.values[j] >= 0, "leiden", "edge weights must be at least 0, got ", graph.values[j],
              " between nodes ", i, " and ", graph.indices[j]);
      n_edges += graph.indices[j] > i && graph.values[j] > 0;
    }
  }
  const detail::IgraphScope scope(options.seed);
  detail::IgraphIntVector edges(2 * n_edges), membership(graph.rows);
  detail::IgraphVector weights(n_edges), strengths(graph.rows);
  double total = 0;
  for (std::int64_t i = 0, e = 0; i < graph.rows; ++i) {
    for (std::int64_t j = graph.indptr[i]; j < graph.indptr[i + 1]; ++j) {
      const std::int32_t other = graph.indices[j];
      if (other <= i || graph.values[j] == 0) continue;
      VECTOR(edges.raw)[2 * e] = i;
      VECTOR(edges.raw)[2 * e + 1] = other;
      VECTOR(weights.raw)[e++] = graph.values[j];
      VECTOR(strengths.raw)[i] += graph.values[j];
      VECTOR(strengths.raw)[other] += graph.values[j];
      total += 2.0 * graph.values[j];
    }
  }
  LeidenResult out;
  if (n_edges == 0) {  // modularity is undefined: every node stands alone
    out.labels.resize(static_cast<std::size_t>(graph.rows));
    std::iota(out.labels.begin(), out.labels.end(), 0);
    out.n_clusters = static_cast<std::int32_t>(graph.rows);
    return out;
  }
  const detail::IgraphGraph undirected(edges, graph.rows);
  igraph_integer_t n_clusters = 0;
  detail::check_igraph(
      igraph_community_leiden(&undirected.raw, &weights.raw, &strengths.raw, options.resolution / total, options.beta,
                              false, options.n_iterations, &membership.raw, &n_clusters, &out.modularity),
      "leiden");
  out.n_clusters = static_cast<std::int32_t>(n_clusters);
  out.labels = detail::labels_by_size(membership.raw, n_clusters);
  return out;
}

}  // namespace stx
