// A trained model of a runner as one safetensors file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "examples/common/saved_parameters.hpp"
#include "stx/io/safetensors.hpp"

namespace stx {

/// Collects what a model consists of. Tensors of the runner itself are named "<model>.<name>", parameters
/// by their own names.
class ModelWriter {
 public:
  explicit ModelWriter(std::string model) : model_(std::move(model)) {}

  void matrix(const std::string& name, const Matrix<float>& m) { add(model_ + "." + name, m); }
  template <class T>
  void vector(const std::string& name, const std::vector<T>& v) {
    tensors_[model_ + "." + name] = {{static_cast<std::int64_t>(v.size())}, v};
  }
  void parameters(const NamedParameters& parameters) {
    for (const auto& [name, values] : parameters) add(name, values);
  }
  void metadata(const std::string& key, const nlohmann::ordered_json& value) { metadata_[key] = value.dump(); }
  void write(const std::string& path) const;

 private:
  void add(const std::string& name, const Matrix<float>& m) { tensors_[name] = {{m.rows, m.cols}, m.values}; }

  std::string model_;
  TensorMap tensors_;
  std::map<std::string, std::string> metadata_;
};

/// The same, read; every error names the file.
class ModelFile {
 public:
  /// @throws DataError for a file that cannot be read or holds another model.
  ModelFile(const std::string& path, std::string model);

  Matrix<float> matrix(const std::string& name) const { return any_matrix(model_ + "." + name); }
  template <class T>
  const std::vector<T>& vector(const std::string& name, std::int64_t size) const {
    return file_.get<T>(model_ + "." + name, {size});
  }
  NamedParameters parameters() const;
  /// A list of names in the metadata.
  std::vector<std::string> names(const std::string& key) const;
  /// A JSON object in the metadata.
  nlohmann::json object(const std::string& key) const;
  /// The settings: `read` takes the object and the place to name in errors.
  template <class Read>
  auto settings(Read&& read) const {
    const nlohmann::json object_of_settings = object("options");
    try {
      return read(object_of_settings, "options");
    } catch (const ArgumentError& error) {  // of the file, not of the person who names it
      fail<DataError>(file_.path, "its settings cannot be used: ", error.what());
    }
  }
  const std::string& path() const { return file_.path; }

 private:
  const std::string& text(const std::string& key) const;
  Matrix<float> any_matrix(const std::string& name) const;

  std::string model_;
  SafetensorsFile file_;
};

}  // namespace stx
