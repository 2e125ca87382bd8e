// Splits of rows and folds of genes, reproducible across NumPy, scikit-learn and stx.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "stx/core/error.hpp"

namespace stx {

/// Generator of NumPy's legacy `RandomState(seed)`: MT19937 with bounded draws by masked rejection.
class NumpyRandomState {
 public:
  explicit NumpyRandomState(std::uint32_t seed) : engine_(seed) {}

  /// Uniform integer in [0, max], `max` below 2^32, as `random_interval` draws it.
  std::uint32_t interval(std::uint32_t max) {
    if (max == 0) return 0;
    std::uint32_t mask = max;
    for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    for (;;) {
      const std::uint32_t value = static_cast<std::uint32_t>(engine_()) & mask;
      if (value <= max) return value;
    }
  }

  /// `RandomState.permutation(n)`: Fisher-Yates from the last element down.
  std::vector<std::int64_t> permutation(std::int64_t n) {
    require(n >= 0 && n <= 0xffffffffLL, "permutation", "n must lie in [0, 2^32), got ", n);
    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    for (std::int64_t i = n - 1; i > 0; --i) {
      std::swap(order[i], order[interval(static_cast<std::uint32_t>(i))]);
    }
    return order;
  }

 private:
  std::mt19937 engine_;
};

/// Row numbers of the two sides of a split.
struct TrainTest {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test;
};

/// `sklearn.model_selection.train_test_split(arange(n), test_size, random_state = seed)`, element
/// for element: the first ceil(test_fraction * n) entries of the permutation are the test rows.
/// Exact copies of a row may land on both sides: use it only to repeat a published split.
/// \throws ArgumentError unless both sides get at least one row.
inline TrainTest train_test_split(std::int64_t n, double test_fraction = 0.2, std::uint32_t seed = 42) {
  require(test_fraction > 0 && test_fraction < 1, "train_test_split", "test_fraction must lie in (0, 1), got ",
          test_fraction);
  const auto n_test = static_cast<std::int64_t>(std::ceil(test_fraction * static_cast<double>(n)));
  require(n_test > 0 && n_test < n, "train_test_split", "needs at least 2 rows, got ", n);
  const std::vector<std::int64_t> order = NumpyRandomState(seed).permutation(n);
  return {{order.begin() + n_test, order.end()}, {order.begin(), order.begin() + n_test}};
}

/// The first floor(train_fraction * n) entries of NumPy's `RandomState(seed).permutation(n)` are the
/// training items, the rest the test items, both in the order of the permutation: the single gene split
/// of DCAVAE's script (section 8 of its specification). Its baselines' five consecutive chunks of the
/// same permutation are k_folds(n, 5, seed).
/// \throws ArgumentError unless both sides get at least one item.
inline TrainTest leading_split(std::int64_t n, double train_fraction = 0.8, std::uint32_t seed = 0) {
  require(train_fraction > 0 && train_fraction < 1, "leading_split", "train_fraction must lie in (0, 1), got ",
          train_fraction);
  const auto n_train = static_cast<std::int64_t>(std::floor(train_fraction * static_cast<double>(n)));
  require(n_train > 0 && n_train < n, "leading_split", "needs at least ",
          static_cast<std::int64_t>(std::ceil(1 / train_fraction)), " items, got ", n);
  const std::vector<std::int64_t> order = NumpyRandomState(seed).permutation(n);
  return {{order.begin(), order.begin() + n_train}, {order.begin() + n_train, order.end()}};
}

/// `sklearn.model_selection.KFold(n_folds, shuffle = True, random_state = seed)`: the items held
/// out in each fold, ascending within a fold; the first n mod n_folds folds hold one item more.
/// \throws ArgumentError unless 2 <= n_folds <= n.
inline std::vector<std::vector<std::int64_t>> k_folds(std::int64_t n, int n_folds = 5, std::uint32_t seed = 0) {
  require(n_folds >= 2 && n_folds <= n, "k_folds", "needs 2 <= n_folds <= n, got n_folds = ", n_folds, " for n = ", n,
          "; ask for fewer folds");
  const std::vector<std::int64_t> order = NumpyRandomState(seed).permutation(n);
  std::vector<std::vector<std::int64_t>> folds(static_cast<std::size_t>(n_folds));
  std::int64_t begin = 0;
  for (int fold = 0; fold < n_folds; ++fold) {
    const std::int64_t end = begin + n / n_folds + (fold < n % n_folds ? 1 : 0);
    folds[fold].assign(order.begin() + begin, order.begin() + end);
    std::sort(folds[fold].begin(), folds[fold].end());
    begin = end;
  }
  return folds;
}

/// The items of [0, n) that `held_out` (ascending) does not list, ascending.
inline std::vector<std::int64_t> complement(std::int64_t n, const std::vector<std::int64_t>& held_out) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(n)), rest;
  std::iota(all.begin(), all.end(), std::int64_t{0});
  std::set_difference(all.begin(), all.end(), held_out.begin(), held_out.end(), std::back_inserter(rest));
  return rest;
}

}  // namespace stx
