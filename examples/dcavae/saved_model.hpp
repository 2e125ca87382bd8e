// The trained model as a safetensors file.
#pragma once

#include <string>
#include <vector>

#include "examples/common/saved_parameters.hpp"
#include "examples/dcavae/intervals.hpp"
#include "examples/dcavae/task.hpp"

namespace stx::dcavae {

/// All that imputing another section needs; of the single cells only what their queries attend to, and their
/// latents with labels for the transfer.
struct SavedModel {
  Options options;
  std::vector<std::string> genes;  ///< of the decoder; the first n_shared are the panel
  std::int64_t n_shared = 0;
  std::vector<std::string> inputs;      ///< panel genes that the spots' encoder takes, in its order
  std::int64_t n_cell_inputs = 0;       ///< genes of the cells' encoder
  std::vector<float> expected_pcc;      ///< per gene, from the cross-validation; NaN unknown
  Matrix<float> keys;                   ///< keys and values of the cells; empty without cross-attention
  Matrix<float> cell_profiles;          ///< what keys are drawn by; empty unless they are sampled
  std::vector<Correction> corrections;  ///< of intervals, one for each usual level
  Matrix<float> cell_latents;           ///< empty without labels
  std::vector<std::string> cell_labels;
  NamedParameters parameters;
};

void save_model(const std::string& path, const SavedModel& model);
SavedModel read_model(const std::string& path);

/// A task for another section: spots with the model's inputs (`columns` of `counts`, in their order), no
/// cells.
/// @throws DataError for counts that are not whole numbers unless options.rounded.
Task section_task(const SavedModel& model, const CsrMatrix<float>& counts, const std::vector<std::int64_t>& columns);

}  // namespace stx::dcavae
