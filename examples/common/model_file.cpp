#include "examples/common/model_file.hpp"

#include <algorithm>

#include "stx/version.hpp"

namespace stx {

void ModelWriter::write(const std::string& path) const {
  std::map<std::string, std::string> metadata = metadata_;
  metadata["stx"] = version_string;
  metadata["model"] = model_;
  write_safetensors(path, tensors_, metadata);
}

ModelFile::ModelFile(const std::string& path, std::string model)
    : model_(std::move(model)), file_(read_safetensors(path)) {
  require<DataError>(text("model") == model_, path, "is a model of kind '", text("model"), "', not ", model_);
}

const std::string& ModelFile::text(const std::string& key) const {
  const auto found = file_.metadata.find(key);
  require<DataError>(found != file_.metadata.end(), file_.path, "is not a ", model_, " model: its metadata lack '", key,
                     "'");
  return found->second;
}

std::vector<std::string> ModelFile::names(const std::string& key) const {
  const auto json = nlohmann::json::parse(text(key), nullptr, false);
  require<DataError>(
      json.is_array() && std::all_of(json.begin(), json.end(), [](const auto& v) { return v.is_string(); }), file_.path,
      "metadata '", key, "' is not a list of names");
  return json.get<std::vector<std::string>>();
}

nlohmann::json ModelFile::object(const std::string& key) const {
  auto json = nlohmann::json::parse(text(key), nullptr, false);
  require<DataError>(json.is_object(), file_.path, "metadata '", key, "' is not a JSON object");
  return json;
}

Matrix<float> ModelFile::any_matrix(const std::string& name) const {
  const auto found = file_.tensors.find(name);
  require<DataError>(found != file_.tensors.end() && found->second.shape.size() == 2, file_.path, "has no matrix '",
                     name, "'");
  Matrix<float> m;
  m.rows = found->second.shape[0];
  m.cols = found->second.shape[1];
  m.values = file_.get<float>(name, found->second.shape);
  return m;
}

NamedParameters ModelFile::parameters() const {
  NamedParameters parameters;
  for (const auto& [name, tensor] : file_.tensors)
    if (!name.starts_with(model_ + ".")) parameters.emplace_back(name, any_matrix(name));
  return parameters;
}

}  // namespace stx
