// What held-out genes of a cross-validation teach about intervals.
#pragma once

#include <string>
#include <vector>

#include "examples/dcavae/conformal.hpp"

namespace stx::dcavae {

/// The held-out genes of one fold, (rows, test genes).
struct HeldOutFold {
  Predictive predictive;
  Matrix<float> truth;
};

/// Taught by the genes of every fold but number `left_out`, whose truth nothing reads; folds.size() leaves out none.
inline ConformalCorrections taught_without(const std::vector<HeldOutFold>& folds, std::size_t left_out,
                                           const std::vector<double>& levels, std::uint64_t seed) {
  ConformalCorrections taught(levels, seed);
  for (std::size_t f = 0; f < folds.size(); ++f)
    if (f != left_out) taught.add(folds[f].predictive, folds[f].truth);
  return taught;
}

/// Why what is held out in `n_rows` rows cannot correct the intervals of every fold by the other folds; empty where it
/// can. It needs no training to know this.
inline std::string why_not_corrected(const std::vector<std::vector<std::int64_t>>& folds, std::int64_t n_rows,
                                     const std::vector<double>& levels) {
  if (folds.size() < 2) return "there is no other fold to learn from";
  std::int64_t genes = 0, largest = 0, least = 0;
  for (const auto& fold : folds) {
    genes += std::ssize(fold);
    largest = std::max(largest, std::ssize(fold));
  }
  for (const double level : levels) least = std::max(least, ConformalCorrections::least_entries(level));
  if ((genes - largest) * n_rows >= least) return {};
  return stx::detail::concat("it takes ", least, " held-out entries, and ", n_rows, " spots of the ", genes - largest,
                             " genes that are held out in other folds are ", (genes - largest) * n_rows);
}

}  // namespace stx::dcavae
