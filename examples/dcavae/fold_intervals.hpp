// What held-out genes of a cross-validation teach about intervals.
#pragma once

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

}  // namespace stx::dcavae
