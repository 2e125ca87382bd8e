// Split-conformal corrections of prediction intervals, learned where the truth is known but was not
// shown.
#pragma once

#include <numeric>

#include "examples/dcavae/intervals.hpp"
#include "stx/math/philox.hpp"
#include "stx/metrics/summary.hpp"

namespace stx::dcavae {

/// Learns corrections from held-out entries: validation genes, or the test genes of other folds.
///
/// For each level, with the uncorrected ends l and h of an entry, the place of its truth is
/// t = (x + u - l) / (h - l), u from U(0, 1). The corrected interval runs from the floor((n + 1) a
/// / 2)-th to the ceil((n + 1) (1 - a / 2))-th smallest place of the n entries, a = 1 - level:
/// conformalised quantile regression (Romano, Patterson and Candes 2019) with a threshold for each
/// end and the width as the unit (Sesia and Candes 2020), made exact for counts by randomising them
/// (x + u). A further entry that is exchangeable with these is then covered with probability level
/// (randomised coverage), whatever the model. The rounding of the closed interval is the ceil((n +
/// 1) level)-th smallest that the entries ask for, at most 1/2; there the interval holds every
/// count that the smooth one touches.
///
/// What is exchangeable here is genes, not entries: the entries of a gene share its errors. Over
/// many genes the mean coverage meets the level; one gene's may lie far off, and with few held-out
/// genes so may the mean over the next few. gene_coverage() tells how far. So add the held-out genes
/// of all other folds rather than one fold's few validation genes.
class ConformalCorrections {
 public:
  explicit ConformalCorrections(std::vector<double> levels, std::uint64_t seed = 0)
      : levels_(std::move(levels)), random_(seed, RandomPurpose::sample), entries_(levels_.size()) {}

  /// Adds held-out genes; may be called for several folds.
  /// @param truth  (rows x genes) true counts; NaN is an entry that is not used
  /// @throws ArgumentError for other shapes or levels, DataError for a truth that is no count.
  void add(const Predictive& predictive, const Matrix<float>& truth) {
    require(truth.rows == predictive.rows() && truth.cols == predictive.genes(), "ConformalCorrections",
            "truth and predictions must have the same shape, got ", truth.rows, " x ", truth.cols, " and ",
            predictive.rows(), " x ", predictive.genes());
    require(predictive.levels == levels_, "ConformalCorrections", "the predictions have other levels");
    for (std::int64_t g = 0; g < truth.cols; ++g) {
      for (std::int64_t i = 0; i < truth.rows; ++i) {
        const float x = truth(i, g);
        if (std::isnan(x)) continue;
        require<DataError>(x >= 0 && x == std::floor(x), "ConformalCorrections", "the truth of gene ", g, " at row ", i,
                           " is ", x, "; it must be a count");
        const double u = random_.uniform();
        for (std::size_t l = 0; l < levels_.size(); ++l) {
          const double lower = predictive.lower[l](i, g), width = predictive.upper[l](i, g) - lower;
          require<DataError>(width > 0, "ConformalCorrections", "the interval of gene ", g, " at row ", i,
                             " has no width");
          entries_[l].push_back(
              {x, static_cast<float>(lower), static_cast<float>(width), static_cast<float>((x + u - lower) / width)});
        }
      }
      gene_end_.push_back(static_cast<std::int64_t>(entries_[0].size()));
    }
  }

  /// Held-out entries that a correction at `level` takes: 2 / (1 - level) - 1, as a whole number.
  static std::int64_t least_entries(double level) {
    return static_cast<std::int64_t>(std::ceil(2 / (1 - level) - 1 - 1e-9));
  }

  std::int64_t genes() const { return static_cast<std::int64_t>(gene_end_.size()); }
  std::int64_t entries() const { return gene_end_.empty() ? 0 : gene_end_.back(); }

  /// One correction a level.
  /// @throws DataError when there are fewer than least_entries().
  std::vector<Correction> learn() const {
    std::vector<Correction> all;
    for (std::size_t l = 0; l < levels_.size(); ++l) {
      std::vector<float> places;
      for (const Entry& e : entries_[l]) places.push_back(e.place);
      std::sort(places.begin(), places.end());
      const Ranks r = ranks(l, entries());
      Correction c{.level = levels_[l], .from = places[r.low], .to = places[r.high]};
      std::vector<double> roundings;
      for (const Entry& e : entries_[l]) roundings.push_back(interval(e, c).rounding_for(e.truth));
      const auto at = roundings.begin() + static_cast<std::ptrdiff_t>(r.middle);
      std::nth_element(roundings.begin(), at, roundings.end());
      c.rounding = std::clamp(*at, -1e6, 0.5);
      all.push_back(c);
    }
    return all;
  }

  /// Randomised coverage of every held-out gene at level number l under corrections learned from
  /// the others: its mean is near the level, its spread is what to expect of a new gene. Needs two
  /// genes.
  std::vector<double> gene_coverage(std::size_t l) const {
    require(l < levels_.size(), "ConformalCorrections", "there is no level number ", l);
    require<DataError>(genes() >= 2, "ConformalCorrections", "gene_coverage needs at least 2 genes, got ", genes());
    const std::vector<Entry>& all = entries_[l];
    std::vector<std::int64_t> order(all.size()), place_of(all.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return all[a].place < all[b].place; });
    for (std::size_t p = 0; p < order.size(); ++p) place_of[order[p]] = static_cast<std::int64_t>(p);
    std::vector<double> coverage;
    std::int64_t begin = 0;
    for (const std::int64_t end : gene_end_) {
      std::vector<std::int64_t> own(place_of.begin() + begin, place_of.begin() + end);
      std::sort(own.begin(), own.end());
      const auto without_own = [&](std::int64_t rank) {  // the rank-th smallest of the other genes
        for (const std::int64_t p : own) rank += p <= rank;
        return all[order[rank]].place;
      };
      const Ranks r = ranks(l, entries() - (end - begin));
      const Correction c{.level = levels_[l], .from = without_own(r.low), .to = without_own(r.high)};
      double sum = 0;
      for (std::int64_t e = begin; e < end; ++e) sum += interval(all[e], c).weight(all[e].truth);
      coverage.push_back(sum / static_cast<double>(end - begin));  // NaN for a gene without entries
      begin = end;
    }
    return coverage;
  }

 private:
  struct Entry {
    float truth, lower, width, place;
  };
  struct Ranks {
    std::int64_t low, high, middle;  ///< from 0
  };

  static SmoothInterval interval(const Entry& e, const Correction& c) {
    return {e.lower, double{e.lower} + e.width, c};
  }

  Ranks ranks(std::size_t l, std::int64_t n) const {
    const auto next = static_cast<double>(n + 1);
    const double tail = 0.5 * (1 - levels_[l]),
                 slack = 1e-9 * next;  // products such as 20 * 0.95 are whole
    const Ranks r{static_cast<std::int64_t>(std::floor(next * tail + slack)) - 1,
                  static_cast<std::int64_t>(std::ceil(next * (1 - tail) - slack)) - 1,
                  static_cast<std::int64_t>(std::ceil(next * levels_[l] - slack)) - 1};
    require<DataError>(r.low >= 0 && r.high < n, "ConformalCorrections", "level ", levels_[l], " needs at least ",
                       least_entries(levels_[l]), " held-out entries, got ", n);
    return r;
  }

  std::vector<double> levels_;
  PhiloxStream random_;
  std::vector<std::vector<Entry>> entries_;  // per level, gene by gene
  std::vector<std::int64_t> gene_end_;
};

}  // namespace stx::dcavae
