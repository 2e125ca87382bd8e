#include "examples/casper/saved_model.hpp"

#include "examples/casper/read_options.hpp"
#include "stx/io/safetensors.hpp"
#include "stx/version.hpp"

namespace stx::casper {

void save_model(const std::string& path, const SavedModel& model) {
  TensorMap tensors;
  const auto matrix = [&](const std::string& name, const Matrix<float>& m) {
    tensors[name] = {{m.rows, m.cols}, m.values};
  };
  const auto vector = [&](const std::string& name, const auto& v) {
    tensors[name] = {{static_cast<std::int64_t>(v.size())}, v};
  };
  matrix("casper.centroids", model.centroids);
  matrix("casper.embedding", model.embedding);
  vector("casper.alpha", model.scale.alpha);
  vector("casper.beta", model.scale.beta);
  vector("casper.expected_pcc", model.expected_pcc);
  for (const auto& [name, values] : model.parameters) matrix(name, values);
  write_safetensors(path, tensors,
                    {{"stx", version_string}, {"model", "casper"},
                     {"options", options_json(model.options).dump()},
                     {"inputs", nlohmann::json(model.inputs).dump()},
                     {"reference", nlohmann::json(model.reference).dump()},
                     {"tokens", nlohmann::json(model.tokens).dump()}});
}

SavedModel read_model(const std::string& path) {
  const SafetensorsFile file = read_safetensors(path);
  const auto metadata = [&](const char* key) {
    const auto found = file.metadata.find(key);
    require<DataError>(found != file.metadata.end(), path, "is not a casper model: its metadata lack '", key, "'");
    return found->second;
  };
  require<DataError>(metadata("model") == "casper", path, "is a model of kind '", metadata("model"), "', not casper");
  const auto names = [&](const char* key) {
    const auto json = nlohmann::json::parse(metadata(key), nullptr, false);
    require<DataError>(json.is_array() && std::all_of(json.begin(), json.end(), [](const auto& v) { return v.is_string(); }),
                       path, "metadata '", key, "' is not a list of names");
    return json.get<std::vector<std::string>>();
  };
  const auto matrix = [&](const std::string& name) {
    const auto found = file.tensors.find(name);
    require<DataError>(found != file.tensors.end() && found->second.shape.size() == 2, path, "has no matrix '", name,
                       "'");
    Matrix<float> m;
    m.rows = found->second.shape[0];
    m.cols = found->second.shape[1];
    m.values = file.get<float>(name, found->second.shape);
    return m;
  };
  SavedModel model;
  const auto options = nlohmann::json::parse(metadata("options"), nullptr, false);
  require<DataError>(options.is_object(), path, "metadata 'options' is not a JSON object");
  try {
    model.options = options_from_json(options, "options");
  } catch (const ArgumentError& error) {  // of the file, not of the person who names it
    fail<DataError>(path, "its settings cannot be used: ", error.what());
  }
  model.inputs = names("inputs");
  model.reference = names("reference");
  model.tokens = names("tokens");
  model.centroids = matrix("casper.centroids");
  model.embedding = matrix("casper.embedding");
  const auto n = static_cast<std::int64_t>(model.reference.size());
  require<DataError>(model.embedding.cols == n, path, "the embedding has ", model.embedding.cols, " genes, the names ",
                     n);
  for (const std::string& name : model.inputs)
    require<DataError>(std::find(model.reference.begin(), model.reference.end(), name) != model.reference.end(), path,
                       "the input gene '", name, "' is not among the reference genes");
  model.scale.alpha = file.get<double>("casper.alpha", {n});
  model.scale.beta = file.get<double>("casper.beta", {n});
  model.expected_pcc = file.get<float>("casper.expected_pcc", {n});
  for (const auto& [name, tensor] : file.tensors)
    if (name.rfind("casper.", 0) != 0) model.parameters.emplace_back(name, matrix(name));
  return model;
}

}  // namespace stx::casper
