#include "examples/casper/saved_model.hpp"

#include <algorithm>

#include "examples/casper/read_options.hpp"
#include "examples/common/model_file.hpp"

namespace stx::casper {

void save_model(const std::string& path, const SavedModel& model) {
  ModelWriter file("casper");
  file.matrix("centroids", model.centroids);
  file.matrix("embedding", model.embedding);
  file.vector("alpha", model.scale.alpha);
  file.vector("beta", model.scale.beta);
  file.vector("expected_pcc", model.expected_pcc);
  file.parameters(model.parameters);
  file.metadata("options", options_json(model.options));
  file.metadata("inputs", model.inputs);
  file.metadata("reference", model.reference);
  file.metadata("tokens", model.tokens);
  file.write(path);
}

SavedModel read_model(const std::string& path) {
  const ModelFile file(path, "casper");
  SavedModel model;
  model.options = file.settings(options_from_json);
  model.inputs = file.names("inputs");
  model.reference = file.names("reference");
  model.tokens = file.names("tokens");
  model.centroids = file.matrix("centroids");
  model.embedding = file.matrix("embedding");
  const auto n = static_cast<std::int64_t>(model.reference.size());
  require<DataError>(model.embedding.cols == n, path, "the embedding has ", model.embedding.cols, " genes, the names ",
                     n);
  for (const std::string& name : model.inputs)
    require<DataError>(std::find(model.reference.begin(), model.reference.end(), name) != model.reference.end(), path,
                       "the input gene '", name, "' is not among the reference genes");
  model.scale.alpha = file.vector<double>("alpha", n);
  model.scale.beta = file.vector<double>("beta", n);
  model.expected_pcc = file.vector<float>("expected_pcc", n);
  model.parameters = file.parameters();
  return model;
}

}  // namespace stx::casper
