// Finds the two triangles of a graph.
#include <stx/graph/leiden.hpp>

#include <cstdio>

int main() {
  stx::CsrMatrix<float> graph;  // symmetric: 0-1-2 and 3-4-5, with a weak edge 2-3
  graph.rows = graph.cols = 6;
  graph.indptr = {0, 2, 4, 7, 10, 12, 14};
  graph.indices = {1, 2, 0, 2, 0, 1, 3, 2, 4, 5, 3, 5, 3, 4};
  graph.values = {1, 1, 1, 1, 1, 1, 0.1f, 0.1f, 1, 1, 1, 1, 1, 1};
  std::printf("clusters: %d\n", static_cast<int>(stx::leiden(graph).n_clusters));  // 2
}
