// Profiles of cells and spots whose inner products are their similarities.
#pragma once

#include <span>

#include "examples/dcavae/task.hpp"
#include "stx/core/parallel_for.hpp"

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
/// @param threads  the result does not depend on it
/// Source: DCAVAE, section 2, "Similarity matrix".
Matrix<float> unit_profiles(const CsrMatrix<float>& counts, std::span<const std::int64_t> genes,
                            std::span<const double> totals, Similarity similarity, int threads = available_threads());

/// Profiles of one side of a task over its training genes.
Matrix<float> unit_profiles(const Task& task, Modality m, Similarity similarity, int threads = available_threads());

}  // namespace stx::dcavae
