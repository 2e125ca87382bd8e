// Profiles of cells and spots whose inner products are their similarities.
#pragma once

#include <span>

#include "examples/dcavae/task.hpp"

namespace stx::dcavae {

enum class Similarity : unsigned char { cosine, pearson };

/// By its name in the options.
Similarity similarity_of(const std::string& name);

/// Rows of length 1 (rows x genes): counts scaled to the median total of the rows that have any, log1p, each
/// gene z-scored over the rows (SD with n - 1, 1 where it is 0), each row divided by its length + 1e-8. With
/// pearson the mean of a row is taken off before, so that inner products are correlations.
///
/// @param counts  rows x any genes
/// @param genes   columns to use
/// @param totals  of each row, over whatever genes; a row without counts keeps its zeros
/// Source: DCAVAE, section 2, "Similarity matrix".
Matrix<float> unit_profiles(const CsrMatrix<float>& counts, std::span<const std::int64_t> genes,
                            std::span<const double> totals, Similarity similarity);

/// Profiles of one side of a task over its training genes.
Matrix<float> unit_profiles(const Task& task, Modality m, Similarity similarity);

}  // namespace stx::dcavae
