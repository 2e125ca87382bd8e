// A task for DCAVAE's training that needs no file.
#pragma once

#include <numeric>

#include "examples/dcavae/task.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/data/preprocess.hpp"
#include "stx/data/simulate.hpp"

namespace stx::dcavae {

/// Cells and spots of a simulated tissue that have counts, on all genes of which training shows every one.
inline Task simulated_task(SimulationOptions simulation, int threads) {
  simulation.n_measured = simulation.n_genes;
  const SimulatedTissue tissue = simulate_tissue(simulation, threads);
  const auto with_counts = [](const CsrMatrix<float>& counts) {
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < counts.rows; ++i)
      if (!counts.row_values(i).empty()) rows.push_back(i);
    return rows;
  };
  Task task;
  task.cells = select_rows<float>(tissue.cells, with_counts(tissue.cells));
  const std::vector<std::int64_t> spots = with_counts(tissue.spots);
  task.spots = select_rows<float>(tissue.spots, spots);
  task.genes = tissue.gene_names;
  task.n_shared = task.n_genes();
  task.reference.resize(task.genes.size());
  std::iota(task.reference.begin(), task.reference.end(), std::int64_t{0});
  task.split.train = task.cell_inputs = task.reference;
  task.cell_totals = row_totals(task.cells);
  task.spot_totals = row_totals(task.spots);
  task.coordinates = Matrix<double>(task.spots.rows, 2);
  for (std::int64_t i = 0; i < task.spots.rows; ++i)
    for (std::int64_t d = 0; d < 2; ++d)
      task.coordinates(i, d) = tissue.coordinates(spots[static_cast<std::size_t>(i)], d);
  return task;
}

}  // namespace stx::dcavae
