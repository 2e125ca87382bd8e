// A simulated tissue with known truth: layers, gradients, cell types, two platforms.
#pragma once

#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "stx/core/parallel_for.hpp"
#include "stx/data/matrix.hpp"
#include "stx/data/simulation_model.hpp"

namespace stx {

/// Everything a run on simulated data needs, in memory. For tissues too large for that, use
/// TissueSimulator block by block.
struct SimulatedTissue {
  std::vector<std::string> gene_names;    ///< n_genes
  std::vector<std::int64_t> measured;     ///< genes of the spatial panel, ascending
  CsrMatrix<float> spots;                 ///< n_spots x n_measured counts
  Matrix<double> coordinates;             ///< n_spots x 2, micrometres
  std::vector<std::int32_t> spot_types;   ///< most frequent cell type of each spot
  std::vector<std::int32_t> spot_layers;  ///< tissue layer of each spot
  CsrMatrix<float> cells;                 ///< n_cells x n_genes counts
  std::vector<std::int32_t> cell_types;   ///< type of each cell
};

/// Makes rows of a simulated tissue. Every draw is keyed by (seed, purpose, row, gene): any row can
/// be made alone, in any order, on any number of threads, and is the same; memory is what is asked
/// for plus a few tables of n_types x n_genes.
class TissueSimulator : public SimulationModel {
 public:
  using SimulationModel::SimulationModel;

  /// Counts of the spots [begin, end) for the genes `genes` (columns in that order).
  CsrMatrix<float> spot_counts(std::int64_t begin, std::int64_t end, std::span<const std::int64_t> genes,
                               int threads = available_threads()) const {
    check_range(begin, end, options().n_spots, "spot_counts");
    return counts(
        begin, end, genes, threads, [&](std::int64_t i) { return spot(i); }, Platform::spatial);
  }

  /// Counts of the cells [begin, end) for all genes.
  CsrMatrix<float> cell_counts(std::int64_t begin, std::int64_t end, int threads = available_threads()) const {
    check_range(begin, end, options().n_cells, "cell_counts");
    std::vector<std::int64_t> all(static_cast<std::size_t>(options().n_genes));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    return counts(
        begin, end, all, threads, [&](std::int64_t i) { return cell(i); }, Platform::single_cell);
  }

 private:
  static void check_range(std::int64_t begin, std::int64_t end, std::int64_t n, const char* where) {
    require(begin >= 0 && begin <= end && end <= n, where, "rows [", begin, ", ", end, ") are outside [0, ", n, ")");
  }

  template <class MakeRow>
  CsrMatrix<float> counts(std::int64_t begin, std::int64_t end, std::span<const std::int64_t> genes, int threads,
                          const MakeRow& make_row, Platform platform) const {
    for (const std::int64_t g : genes) {
      require(g >= 0 && g < options().n_genes, "simulate", "gene ", g, " is outside [0, ", options().n_genes, ")");
    }
    CsrMatrix<float> out;
    out.rows = end - begin;
    out.cols = static_cast<std::int64_t>(genes.size());
    out.indptr.reserve(static_cast<std::size_t>(out.rows + 1));
    constexpr std::int64_t block = 4096;  // rows that are dense at a time
    Matrix<float> dense(std::min(block, out.rows), out.cols);
    for (std::int64_t first = begin; first < end; first += block) {
      const std::int64_t n = std::min(block, end - first);
      parallel_for(threads, n, [&](std::int64_t i) {
        const SimulatedRow row = make_row(first + i);
        for (std::int64_t c = 0; c < out.cols; ++c) {
          dense(i, c) = static_cast<float>(draw_count(first + i, row, genes[c], platform));
        }
      });
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t c = 0; c < out.cols; ++c) {
          if (dense(i, c) == 0) continue;
          out.indices.push_back(static_cast<std::int32_t>(c));
          out.values.push_back(dense(i, c));
        }
        out.indptr.push_back(static_cast<std::int64_t>(out.values.size()));
      }
    }
    return out;
  }
};

/// Makes the whole tissue.
inline SimulatedTissue simulate_tissue(const SimulationOptions& options = {}, int threads = available_threads()) {
  const TissueSimulator simulator(options);
  SimulatedTissue out;
  out.gene_names = simulator.gene_names();
  out.measured = simulator.measured_genes();
  out.spots = simulator.spot_counts(0, options.n_spots, out.measured, threads);
  out.cells = simulator.cell_counts(0, options.n_cells, threads);
  out.coordinates = Matrix<double>(options.n_spots, 2);
  for (std::int64_t i = 0; i < options.n_spots; ++i) {
    const SimulatedRow spot = simulator.spot(i);
    out.coordinates(i, 0) = spot.x;
    out.coordinates(i, 1) = spot.y;
    out.spot_types.push_back(spot.type);
    out.spot_layers.push_back(spot.layer);
  }
  for (std::int64_t i = 0; i < options.n_cells; ++i) out.cell_types.push_back(simulator.cell(i).type);
  return out;
}

}  // namespace stx
