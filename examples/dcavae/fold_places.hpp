// Where a fold's model puts spots and cells, as a job's result keeps it.
#pragma once

#include <optional>

#include "examples/common/job_result.hpp"
#include "examples/dcavae/positions.hpp"

namespace stx::dcavae {

struct FoldPlaces {
  Matrix<double> cells, spots;  ///< (rows x axes), in the unit of the coordinates
  PositionErrors errors;
};

namespace detail {

/// f(value) for every number of the errors that a job keeps, in the order of the row that it keeps.
void each_error(auto& e, auto&& f) {
  f(e.n_train), f(e.n_calibration), f(e.n_test);
  f(e.scale), f(e.train_l1), f(e.test_l1);
  f(e.test_distance.mean), f(e.test_distance.median), f(e.centre_distance), f(e.coverage);
}

}  // namespace detail

inline void keep_places(JobResult& job, const Placement& placement) {
  const auto floats = [](const Matrix<double>& m) {
    Matrix<float> out(m.rows, m.cols);
    for (std::size_t e = 0; e < m.values.size(); ++e) out.values[e] = static_cast<float>(m.values[e]);
    return out;
  };
  job.more["placed cells"] = floats(placement.cells.position);
  job.more["placed spots"] = floats(placement.spots.position);
  std::vector<float> errors;
  detail::each_error(placement.errors, [&](const auto& value) { errors.push_back(static_cast<float>(value)); });
  Matrix<float> row(1, static_cast<std::int64_t>(errors.size()));
  row.values = std::move(errors);
  job.more["place errors"] = std::move(row);
}

/// What keep_places() stored; nothing when it was not called.
inline std::optional<FoldPlaces> kept_places(const JobResult& job) {
  if (job.more.count("place errors") == 0) return std::nullopt;
  const auto doubles = [](const Matrix<float>& m) {
    Matrix<double> out(m.rows, m.cols);
    std::copy(m.values.begin(), m.values.end(), out.values.begin());
    return out;
  };
  FoldPlaces out{doubles(job.more.at("placed cells")), doubles(job.more.at("placed spots")), {}};
  const std::vector<float>& kept = job.more.at("place errors").values;
  std::size_t k = 0;
  detail::each_error(out.errors, [&]<class T>(T& value) { value = static_cast<T>(kept.at(k++)); });
  return out;
}

}  // namespace stx::dcavae
