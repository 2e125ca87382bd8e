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

inline void keep_places(JobResult& job, const Placement& placement) {
  const auto floats = [](const Matrix<double>& m) {
    Matrix<float> out(m.rows, m.cols);
    for (std::size_t e = 0; e < m.values.size(); ++e) out.values[e] = static_cast<float>(m.values[e]);
    return out;
  };
  const PositionErrors& e = placement.errors;
  job.more["placed cells"] = floats(placement.cells.position);
  job.more["placed spots"] = floats(placement.spots.position);
  Matrix<double> errors(1, 9);
  errors.values = {static_cast<double>(e.n_train), static_cast<double>(e.n_calibration), static_cast<double>(e.n_test),
                   e.scale, e.train_l1, e.test_l1, e.test_distance.mean, e.test_distance.median, e.coverage};
  job.more["place errors"] = floats(errors);
}

/// What keep_places() stored; nothing when it was not called.
inline std::optional<FoldPlaces> kept_places(const JobResult& job) {
  if (job.more.count("place errors") == 0) return std::nullopt;
  const auto doubles = [](const Matrix<float>& m) {
    Matrix<double> out(m.rows, m.cols);
    std::copy(m.values.begin(), m.values.end(), out.values.begin());
    return out;
  };
  const std::vector<float>& e = job.more.at("place errors").values;
  const auto whole = [&](std::size_t k) { return static_cast<std::int64_t>(e.at(k)); };
  FoldPlaces out{doubles(job.more.at("placed cells")), doubles(job.more.at("placed spots")), {}};
  out.errors.n_train = whole(0);
  out.errors.n_calibration = whole(1);
  out.errors.n_test = whole(2);
  out.errors.scale = e.at(3);
  out.errors.train_l1 = e.at(4);
  out.errors.test_l1 = e.at(5);
  out.errors.test_distance.mean = e.at(6);
  out.errors.test_distance.median = e.at(7);
  out.errors.coverage = e.at(8);
  return out;
}

}  // namespace stx::dcavae
