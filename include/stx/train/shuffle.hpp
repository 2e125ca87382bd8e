// The order in which an epoch visits its rows.
#pragma once

#include <utility>
#include <vector>

#include "stx/math/philox.hpp"

namespace stx {

/// `rows` in the random order of `epoch` (Fisher-Yates, keyed by seed and epoch): any epoch can be
/// drawn without the ones before it.
inline std::vector<std::int32_t> shuffled(std::vector<std::int32_t> rows, std::uint64_t seed, std::int64_t epoch) {
  PhiloxStream random(seed, RandomPurpose::shuffle, static_cast<std::uint64_t>(epoch));
  for (std::size_t i = rows.size(); i > 1; --i)
    std::swap(rows[i - 1], rows[random.below(static_cast<std::uint32_t>(i))]);
  return rows;
}

}  // namespace stx
