// Adjusted Rand index of two clusterings (Hubert, Arabie 1985).
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

inline double adjusted_rand_index(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b) {
  const auto pairs = [](double n) { return n * (n - 1) / 2; };
  std::map<std::pair<int, int>, double> both;
  std::map<int, double> first, second;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ++both[{a[i], b[i]}];
    ++first[a[i]];
    ++second[b[i]];
  }
  double same = 0, in_a = 0, in_b = 0;
  for (const auto& [key, n] : both) same += pairs(n);
  for (const auto& [key, n] : first) in_a += pairs(n);
  for (const auto& [key, n] : second) in_b += pairs(n);
  const double expected = in_a * in_b / pairs(static_cast<double>(a.size()));
  return (same - expected) / ((in_a + in_b) / 2 - expected);
}
