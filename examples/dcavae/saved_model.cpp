#include "examples/dcavae/saved_model.hpp"

#include <algorithm>
#include <numeric>

#include "examples/common/model_file.hpp"
#include "examples/dcavae/predictive.hpp"
#include "examples/dcavae/read_options.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/data/preprocess.hpp"

namespace stx::dcavae {

void save_model(const std::string& path, const SavedModel& model) {
  ModelWriter file("dcavae");
  file.metadata("options", options_json(model.options));
  file.metadata("genes", model.genes);
  file.metadata("inputs", model.inputs);
  file.metadata("cell_labels", model.cell_labels);
  file.vector("sizes",
              std::vector<double>{static_cast<double>(model.n_shared), static_cast<double>(model.n_cell_inputs)});
  file.vector("expected_pcc", model.expected_pcc);
  file.matrix("keys", model.keys);
  file.matrix("cell_profiles", model.cell_profiles);
  file.matrix("cell_latents", model.cell_latents);
  std::vector<double> corrections;
  for (const Correction& c : model.corrections)
    corrections.insert(corrections.end(), {c.level, c.from, c.to, c.rounding});
  file.vector("corrections", corrections);
  file.parameters(model.parameters);
  file.write(path);
}

SavedModel read_model(const std::string& path) {
  const ModelFile file(path, "dcavae");
  SavedModel model;
  model.options = file.settings(options_from_json);
  model.genes = file.names("genes");
  model.inputs = file.names("inputs");
  model.cell_labels = file.names("cell_labels");
  const auto& sizes = file.vector<double>("sizes", 2);
  model.n_shared = static_cast<std::int64_t>(sizes[0]);
  model.n_cell_inputs = static_cast<std::int64_t>(sizes[1]);
  const auto n_genes = static_cast<std::int64_t>(model.genes.size());
  require<DataError>(
      model.n_shared >= 1 && model.n_shared <= n_genes && model.n_cell_inputs >= 1 && model.n_cell_inputs <= n_genes,
      path, "has ", n_genes, " genes, of which ", model.n_shared, " would be the panel and ", model.n_cell_inputs,
      " inputs of cells");
  for (const std::string& name : model.inputs)
    require<DataError>(std::find(model.genes.begin(), model.genes.begin() + model.n_shared, name) !=
                           model.genes.begin() + model.n_shared,
                       path, "the input gene '", name, "' is not among the panel's genes");
  model.expected_pcc = file.vector<float>("expected_pcc", n_genes);
  model.keys = file.matrix("keys");
  model.cell_profiles = file.matrix("cell_profiles");
  if (model.options.keys == "sampled" && model.options.cross_attention)
    require<DataError>(model.cell_profiles.rows == model.keys.rows &&
                           model.cell_profiles.cols == static_cast<std::int64_t>(model.inputs.size()),
                       path, "has profiles of ", model.cell_profiles.rows, " cells and ", model.cell_profiles.cols,
                       " genes for ", model.keys.rows, " keys and ", model.inputs.size(), " inputs");
  model.cell_latents = file.matrix("cell_latents");
  require<DataError>(model.cell_latents.rows == static_cast<std::int64_t>(model.cell_labels.size()), path, "has ",
                     model.cell_labels.size(), " labels for ", model.cell_latents.rows, " cells");
  const std::vector<double> levels = usual_levels();
  const auto& corrections = file.vector<double>("corrections", 4 * static_cast<std::int64_t>(levels.size()));
  for (std::size_t l = 0; l < levels.size(); ++l)
    model.corrections.push_back(
        {corrections[4 * l], corrections[4 * l + 1], corrections[4 * l + 2], corrections[4 * l + 3]});
  model.parameters = file.parameters();
  return model;
}

Task section_task(const SavedModel& model, const CsrMatrix<float>& counts, const std::vector<std::int64_t>& columns) {
  Task task;
  task.genes = model.genes;
  task.n_shared = model.n_shared;
  task.cells.cols = task.n_genes();
  task.cells.indptr = {0};
  task.cell_inputs.resize(static_cast<std::size_t>(model.n_cell_inputs));
  std::iota(task.cell_inputs.begin(), task.cell_inputs.end(), std::int64_t{0});
  CsrMatrix<float> inputs = select_columns<float>(counts, columns);
  make_whole(inputs, "spatial counts", model.options.rounded);
  for (const std::string& name : model.inputs)
    task.split.train.push_back(std::find(model.genes.begin(), model.genes.end(), name) - model.genes.begin());
  for (std::int32_t& column : inputs.indices)
    column = static_cast<std::int32_t>(task.split.train[static_cast<std::size_t>(column)]);
  inputs.cols = task.n_genes();
  task.spots = std::move(inputs);  // inputs ascend, so columns of a row do
  task.spot_totals = row_totals(task.spots);
  return task;
}

}  // namespace stx::dcavae
