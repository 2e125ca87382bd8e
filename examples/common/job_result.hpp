// What one training of a run leaves behind.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stx/data/matrix.hpp"
#include "stx/train/fit.hpp"

namespace stx {

/// What one training (a fold, a seed, a variant) leaves behind.
struct JobResult {
  Matrix<float> prediction;                   ///< rows scored x targets
  Matrix<float> attention;                    ///< rows scored x clusters; may be empty
  std::map<std::string, Matrix<float>> more;  ///< whatever else the scores need, by name
  std::vector<EpochRecord> epochs;            ///< the loss curve
  std::int64_t best_epoch = -1;               ///< counted from 0: the last one whose training the model has
  double predict_seconds = 0;
  double second_pass_seconds = 0;  ///< of a second training for the chosen number of epochs

  double train_seconds() const {
    double sum = second_pass_seconds;
    for (const EpochRecord& e : epochs) sum += e.train_seconds;
    return sum;
  }
};

}  // namespace stx
