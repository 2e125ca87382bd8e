// The best k of a stream of keys, for lists that see many: what passes the threshold is put aside, and from
// time to time the best k of it are kept.
#pragma once

#include <algorithm>
#include <limits>

#include "stx/core/arena.hpp"
#include "stx/math/nearest.hpp"

namespace stx::cpu {

template <class T>
struct Candidate {
  T key;
  std::int32_t id;

  friend bool operator<(const Candidate& a, const Candidate& b) { return math::nearer(a.key, a.id, b.key, b.id); }
};

/// n lists of k. What they hold in the end does not depend on the order of the offers, because keys with
/// their ids are in one strict order.
template <class T>
class Candidates {
 public:
  Candidates(Arena& arena, std::int64_t n, int k)
      : k_(k), capacity_(k + std::max(64, k / 4)), held_(arena.allocate<Candidate<T>>(n * capacity_)),
        counts_(arena.allocate<std::int32_t>(n)), limits_(arena.allocate<T>(n)), n_(n) {
    clear();
  }

  void clear() {
    std::fill_n(counts_, n_, 0);
    std::fill_n(limits_, n_, std::numeric_limits<T>::infinity());
  }

  /// Keys above limits()[list] cannot be among its best.
  const T* limits() const { return limits_; }

  /// For a key that is not above the limit.
  void offer(std::int64_t list, T key, std::int32_t id) {
    Candidate<T>* held = held_ + list * capacity_;
    held[counts_[list]++] = {key, id};
    if (counts_[list] < capacity_) return;
    std::nth_element(held, held + (k_ - 1), held + capacity_);
    counts_[list] = k_;
    limits_[list] = held[k_ - 1].key;
  }

  /// Best first; what is missing is -1 and NaN.
  void finish(std::int64_t list, KnnMetric metric, std::int32_t* ids, T* scores) {
    Candidate<T>* held = held_ + list * capacity_;
    std::sort(held, held + counts_[list]);
    for (int j = 0; j < k_; ++j) {
      const bool found = j < counts_[list];
      ids[j] = found ? held[j].id : -1;
      scores[j] = found ? math::nearest_score(metric, held[j].key) : std::numeric_limits<T>::quiet_NaN();
    }
  }

 private:
  std::int32_t k_, capacity_;
  Candidate<T>* held_;
  std::int32_t* counts_;
  T* limits_;
  std::int64_t n_;
};

}  // namespace stx::cpu
