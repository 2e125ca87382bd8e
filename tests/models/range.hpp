// Lists of row and gene numbers.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

namespace stx::test {

/// 0, 1, ..., n - 1.
inline std::vector<std::int64_t> range(std::int64_t n) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(n));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return numbers;
}

}  // namespace stx::test
