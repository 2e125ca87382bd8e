// Comparisons that NaN cannot pass.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace stx::test {

/// Largest |got - want|; infinite when a difference is not a number or the sizes differ. Equal infinities do not
/// differ.
template <class T, class U>
double max_error(const std::vector<T>& got, const std::vector<U>& want) {
  if (got.size() != want.size()) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto x = static_cast<double>(got[i]), y = static_cast<double>(want[i]);
    const double error = x == y ? 0 : std::abs(x - y);
    if (!(error <= worst)) worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
  }
  return worst;
}

/// Largest absolute value of those that are finite.
template <class T>
double max_abs(const std::vector<T>& values) {
  double largest = 0;
  for (T v : values)
    if (std::isfinite(static_cast<double>(v))) largest = std::max(largest, std::abs(static_cast<double>(v)));
  return largest;
}

/// Passes when `got` is at most twice as far from `want` (double) as `naive`, the same formula in
/// plain loops of T, is; plus `floor_ulps` rounding units of the largest wanted value, or of
/// `least_scale` if that is larger (sixteen times as many in double, where the naive version is the
/// reference itself). Fails where the bound is not finite: a wrong reference would let everything pass.
template <class T>
void check_close(const std::string& what, const std::vector<T>& got, const std::vector<double>& want,
                 const std::vector<T>& naive, double floor_ulps = 4, double least_scale = 0) {
  if (sizeof(T) == sizeof(double)) floor_ulps *= 16;
  const double floor = floor_ulps * std::numeric_limits<T>::epsilon() * std::max(max_abs(want), least_scale);
  const double bound = 2 * max_error(naive, want) + floor;
  INFO(what, ": bound ", bound, ", ", want.size(), " values");
  CHECK(got.size() == want.size());
  REQUIRE(std::isfinite(bound));
  CHECK(max_error(got, want) <= bound);
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}
template <class T>
bool same_bits(const std::vector<std::vector<T>>& a, const std::vector<std::vector<T>>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!same_bits(a[i], b[i])) return false;
  return true;
}

}  // namespace stx::test
