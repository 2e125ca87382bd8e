#include <cmath>

#include "examples/dcavae/task.hpp"

namespace stx::dcavae {

std::vector<double> cell_libraries(std::vector<double> totals, double power) {
  if (power == 1) return totals;
  double sum = 0, n = 0;
  for (const double t : totals)
    if (t > 0) {
      sum += std::log(t);
      n += 1;
    }
  const double factor = n > 0 ? std::exp((1 - power) * sum / n) : 1;
  for (double& t : totals)
    if (t > 0) t = factor * std::pow(t, power);
  return totals;
}

Matrix<float> log_normalised(Matrix<float> counts, const std::vector<double>& totals) {
  for (std::int64_t i = 0; i < counts.rows; ++i) {
    const double factor = totals[i] > 0 ? 1e4 / totals[i] : 0.0;
    for (float& v : counts.row(i)) v = static_cast<float>(std::log1p(factor * static_cast<double>(v)));
  }
  return counts;
}

}  // namespace stx::dcavae
