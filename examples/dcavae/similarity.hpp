// Profiles of cells and spots whose inner products are their similarities.
#pragma once

#include <span>

#include "examples/dcavae/task.hpp"
#include "stx/core/parallel_for.hpp"

namespace stx::dcavae {

enum class Similarity : unsigned char { cosine, pearson, raw_cosine, spearman };

/// By its name in the options.
Similarity similarity_of(const std::string& name);

/// Rows of length 1 (rows x genes), whose inner products are similarities:
///   cosine      of counts scaled to the median total of the rows that have any, log1p, each gene z-scored over the
///               rows (SD with n - 1, 1 where it is 0)
///   pearson     of the same: the mean of a row is taken off before
///   raw_cosine  of the counts as they are
///   spearman    Pearson's of the ranks of a row's counts, ties with their mean rank
/// Each row is divided by its length + 1e-8.
///
/// @param counts  rows x any genes
/// @param genes   columns to use
/// @param totals  of each row, over whatever genes, for cosine and pearson; a row without counts keeps its zeros
/// @param threads  the result does not depend on it
/// Source: DCAVAE, section 2, "Similarity matrix"; section 9, "similarity", for raw_cosine.
Matrix<float> unit_profiles(const CsrMatrix<float>& counts, std::span<const std::int64_t> genes,
                            std::span<const double> totals, Similarity similarity, int threads = available_threads());

/// Profiles of one side of a task over its training genes.
Matrix<float> unit_profiles(const Task& task, Modality m, Similarity similarity, int threads = available_threads());

}  // namespace stx::dcavae
