// Under ThreadSanitizer: sums in parallel_for, each task its own, or (with an argument) all into one.
#include <cstdio>
#include <vector>

#include "stx/core/parallel_for.hpp"

int main(int argc, char**) {
  const bool racing = argc > 1;
  std::vector<double> sums(64, 0.0);
  stx::parallel_for(4, 64, [&](std::int64_t i) { sums[racing ? 0 : i] += static_cast<double>(i); });
  double total = 0;
  for (double s : sums) total += s;
  std::printf("%g\n", total);
}
