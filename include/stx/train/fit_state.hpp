// What training records, saves and resumes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stx/train/early_stopping.hpp"

namespace stx {

/// What messages call one term of the loss.
struct LossTerm {
  std::string name;
  bool of_training_rows = true;  ///< its rows are those of the batch; otherwise drawn by the model
};

struct EpochRecord {
  double loss = 0;           ///< mean of the batch losses
  double score = 0;          ///< what early stopping looks at; larger is better
  double train_seconds = 0;  ///< optimiser steps only
};

/// Everything that training needs to go on after a break, in host memory.
template <class T>
struct FitState {
  std::vector<EpochRecord> epochs;
  EarlyStopping stopping;
  std::uint32_t step = 0;         ///< StepState::step
  std::uint32_t first_step = 0;   ///< StepState::step before the first update
  std::vector<T> values;          ///< parameters now, flat
  std::vector<T> best;            ///< parameters of the best epoch
  std::vector<T> means, squares;  ///< Adam's moments
  std::vector<T> buffers;         ///< what the model keeps beside its parameters, such as running statistics
  std::vector<T> best_buffers;    ///< the same of the best epoch
};

enum class FitEnd { finished, interrupted };

}  // namespace stx
