// Latents of cells moved onto those of their partners among the spots.
#pragma once

#include <algorithm>
#include <vector>

#include "examples/dcavae/top_lists.hpp"

namespace stx::dcavae {

/// Mean over all mutual partners, a cell and a spot in each other's list, of the spot's latent minus the cell's; all 0
/// without such a pair.
///
/// The two sides share decoder and prior, and the contrastive term ranks cosines: nothing in the loss minds a constant
/// between them, and training leaves one of several standard deviations. Partners have the same types wherever types
/// are found on both sides, so that the mean over pairs, unlike the difference of the sides' means, does not take a
/// type that one side lacks for a shift. Mutual partners as anchors: Haghverdi et al. 2018.
///
/// @param cells, spots  (rows x latent) means of the posteriors
/// @param lists         of these rows, ascending
/// @return              (latent)
/// @throws ArgumentError when rows and lists, or widths, differ. Deterministic: yes.
inline std::vector<float> shift_of_cells(const TopLists& lists, const Matrix<float>& cells,
                                         const Matrix<float>& spots) {
  require(cells.rows == lists.of_cells.rows && spots.rows == lists.of_spots.rows && cells.cols == spots.cols,
          "shift_of_cells", "expected a list for each of ", cells.rows, " cells and ", spots.rows,
          " spots, and latents of one width, got ", lists.of_cells.rows, " and ", lists.of_spots.rows,
          " lists, widths ", cells.cols, " and ", spots.cols);
  std::vector<double> sum(static_cast<std::size_t>(cells.cols), 0.0);
  std::int64_t pairs = 0;
  for (std::int64_t i = 0; i < cells.rows; ++i)
    for (const std::int32_t j : lists.of_cells.row(i)) {
      const auto partners = lists.of_spots.row(j);
      if (!std::binary_search(partners.begin(), partners.end(), static_cast<std::int32_t>(i))) continue;
      ++pairs;
      for (std::int64_t d = 0; d < cells.cols; ++d)
        sum[static_cast<std::size_t>(d)] += double{spots(j, d)} - cells(i, d);
    }
  std::vector<float> shift(sum.size(), 0.0f);
  if (pairs == 0) return shift;
  std::transform(sum.begin(), sum.end(), shift.begin(),
                 [&](double s) { return static_cast<float>(s / static_cast<double>(pairs)); });
  return shift;
}

}  // namespace stx::dcavae
