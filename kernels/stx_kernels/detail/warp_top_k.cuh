// A sorted list of the k smallest (key, index) seen so far, which a warp keeps in shared memory.
#pragma once

#include <limits>

#include "stx/math/nearest.hpp"
#include "stx_kernels/detail/row_group.cuh"

namespace stx::kernels {

/// All lanes call every function together. A candidate that does not come before the last entry
/// costs one vote; an entry takes k / 32 steps.
template <class T>
struct WarpTopK {
  T* keys;
  std::int32_t* ids;
  int k;

  __device__ void clear(int lane) const {
    for (int i = lane; i < k; i += warp_lanes) {
      keys[i] = std::numeric_limits<T>::infinity();
      ids[i] = math::no_point;
    }
    __syncwarp();
  }

  /// One candidate of each lane; index no_point is none.
  __device__ void offer(T key, std::int32_t id, int lane) const {
    bool waits = id != math::no_point && math::nearer(key, id, keys[k - 1], ids[k - 1]);
    unsigned waiting = __ballot_sync(full_warp, waits);
    while (waiting != 0) {
      const int source = __ffs(static_cast<int>(waiting)) - 1;
      insert(__shfl_sync(full_warp, key, source), __shfl_sync(full_warp, id, source), lane);
      waits = waits && lane != source && math::nearer(key, id, keys[k - 1], ids[k - 1]);
      waiting = __ballot_sync(full_warp, waits);
    }
  }

 private:
  __device__ void insert(T key, std::int32_t id, int lane) const {
    int place = 0;  // entries that stay before it
    for (int base = 0; base < k; base += warp_lanes) {
      const int i = base + lane;
      const bool before = i < k && !math::nearer(key, id, keys[i], ids[i]);
      place += __popc(__ballot_sync(full_warp, before));
    }
    for (int base = (k - 1) / warp_lanes * warp_lanes; base + warp_lanes > place; base -= warp_lanes) {
      const int i = base + lane;
      const bool moves = i > place && i < k;
      const T moved_key = moves ? keys[i - 1] : T(0);
      const std::int32_t moved_id = moves ? ids[i - 1] : 0;
      __syncwarp();
      if (moves) {
        keys[i] = moved_key;
        ids[i] = moved_id;
      }
      __syncwarp();
      if (base == 0) break;
    }
    if (lane == 0) {
      keys[place] = key;
      ids[place] = id;
    }
    __syncwarp();
  }
};

/// Writes the list as ids and scores of a query; missing entries are -1 and NaN.
template <class T>
__device__ inline void store_nearest(const WarpTopK<T>& list, KnnMetric metric, std::int32_t* ids, T* scores,
                                     int lane) {
  for (int i = lane; i < list.k; i += warp_lanes) {
    const bool found = list.ids[i] != math::no_point;
    ids[i] = found ? list.ids[i] : -1;
    scores[i] = found ? math::nearest_score(metric, list.keys[i]) : std::numeric_limits<T>::quiet_NaN();
  }
}

}  // namespace stx::kernels
