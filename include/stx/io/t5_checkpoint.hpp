// Reading a T5 encoder as the library saves it: config.json and safetensors, whole or in shards.
#pragma once

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "stx/io/safetensors.hpp"
#include "stx/nn/t5_encoder.hpp"

namespace stx {

namespace detail {

inline nlohmann::json read_json_object(const std::string& path) {
  std::ifstream in(path);
  require<DataError>(in.good(), path, "cannot be opened for reading");
  nlohmann::json json = nlohmann::json::parse(in, nullptr, false);
  require<DataError>(json.is_object(), path, "is not a JSON object");
  return json;
}

}  // namespace detail

/// The shapes and the activation in a config.json; fields that are absent take the library's
/// defaults.
///
/// `dense_act_fn` and `is_gated_act`, where present, win over `feed_forward_proj`; "gated-gelu"
/// means the tanh form ("gelu_new"). @throws DataError for another model type, an activation that
/// is not relu, gelu or gelu_new, or a field of the wrong kind.
inline nn::T5Config read_t5_config(const std::string& path) {
  const nlohmann::json json = detail::read_json_object(path);
  const auto text = [&](const char* name, const std::string& otherwise) {
    if (!json.contains(name)) return otherwise;
    require<DataError>(json[name].is_string(), path, "field '", name, "' must be a string");
    return json[name].get<std::string>();
  };
  const std::string type = text("model_type", "t5");
  require<DataError>(type == "t5", path, "describes a model of type '", type, "', expected t5");
  nn::T5Config c;
  const auto size = [&](const char* name, std::int64_t& value) {
    if (!json.contains(name)) return;
    require<DataError>(json[name].is_number_unsigned() && json[name].get<std::uint64_t>() - 1 < (1u << 30), path,
                       "field '", name, "' must be a positive whole number");
    value = json[name].get<std::int64_t>();
  };
  size("vocab_size", c.vocabulary);
  size("d_model", c.width);
  size("d_kv", c.head_width);
  size("num_heads", c.heads);
  size("d_ff", c.hidden);
  size("num_layers", c.blocks);
  size("relative_attention_num_buckets", c.buckets);
  size("relative_attention_max_distance", c.max_distance);
  if (json.contains("layer_norm_epsilon")) {
    require<DataError>(json["layer_norm_epsilon"].is_number() && json["layer_norm_epsilon"].get<double>() > 0, path,
                       "field 'layer_norm_epsilon' must be a positive number");
    c.eps = json["layer_norm_epsilon"].get<double>();
  }
  const std::string projection = text("feed_forward_proj", "relu");
  c.gated = projection.starts_with("gated-");
  std::string act = projection == "gated-gelu" ? "gelu_new" : projection.substr(projection.rfind('-') + 1);
  act = text("dense_act_fn", act);
  if (json.contains("is_gated_act")) {
    require<DataError>(json["is_gated_act"].is_boolean(), path, "field 'is_gated_act' must be true or false");
    c.gated = json["is_gated_act"].get<bool>();
  }
  require<DataError>(act == "relu" || act == "gelu" || act == "gelu_new", path, "has the activation '", act,
                     "'; supported are relu, gelu and gelu_new");
  c.activation = act == "relu" ? Activation::relu : act == "gelu" ? Activation::gelu : Activation::gelu_tanh;
  return c;
}

/// Configuration and weights of a T5 encoder; hands the weights to nn::T5Encoder.
struct T5Checkpoint {
  nn::T5Config config;
  std::string folder;
  std::map<std::string, std::vector<float>> weights;
  std::map<std::string, std::vector<std::int64_t>> shapes;

  /// An encoder for any device. @throws DataError when a tensor is missing or has another shape.
  template <class T, class D>
  nn::T5Encoder<T, D> encoder(Context<D>& ctx) const {
    return nn::T5Encoder<T, D>(ctx, config, [&](const std::string& name, const Shape& shape) {
      const auto found = weights.find(name);
      require<DataError>(found != weights.end(), folder, "has no tensor '", name, "'");
      const std::vector<std::int64_t>& dims = shapes.at(name);
      bool fits = static_cast<int>(dims.size()) == shape.rank();
      for (int i = 0; fits && i < shape.rank(); ++i) fits = dims[static_cast<std::size_t>(i)] == shape[i];
      require<DataError>(fits, folder, "tensor '", name, "' must have shape ", shape, " by its config.json");
      return std::vector<T>(found->second.begin(), found->second.end());
    });
  }
};

namespace detail {

/// Whether the encoder of this configuration has a tensor of this name.
inline bool is_t5_encoder_tensor(const nn::T5Config& c, const std::string& name) {
  if (name == "shared.weight" || name == "encoder.final_layer_norm.weight") return true;
  for (std::int64_t b = 0; b < c.blocks; ++b) {
    const std::string block = "encoder.block." + std::to_string(b) + ".layer.";
    if (!name.starts_with(block)) continue;
    const std::string part = name.substr(block.size());
    static const std::set<std::string> every{
        "0.SelfAttention.q.weight", "0.SelfAttention.k.weight", "0.SelfAttention.v.weight",  "0.SelfAttention.o.weight",
        "0.layer_norm.weight",      "1.layer_norm.weight",      "1.DenseReluDense.wo.weight"};
    if (every.contains(part)) return true;
    if (b == 0 && part == "0.SelfAttention.relative_attention_bias.weight") return true;
    return c.gated ? part == "1.DenseReluDense.wi_0.weight" || part == "1.DenseReluDense.wi_1.weight"
                   : part == "1.DenseReluDense.wi.weight";
  }
  return false;
}

/// Takes the encoder's tensors of one file.
inline void take_t5_tensors(T5Checkpoint& checkpoint, const std::string& path) {
  SafetensorsFile file = read_safetensors(path);
  for (auto& [given, tensor] : file.tensors) {
    std::string name = given.starts_with("transformer.") ? given.substr(12) : given;
    if (name.starts_with("decoder.") || name.starts_with("lm_head")) continue;
    if (name == "encoder.embed_tokens.weight") name = "shared.weight";
    const auto* values = std::get_if<std::vector<float>>(&tensor.values);
    require<DataError>(values != nullptr, path, "tensor '", given, "' must be F32, F16 or BF16");
    for (float v : *values)
      require<DataError>(std::isfinite(v), path, "tensor '", given, "' holds a value that is not finite");
    if (name.ends_with("layer_norm.bias")) {  // of very old files
      for (float v : *values) require<DataError>(v == 0, path, "tensor '", given, "' is not zero; T5 has no such bias");
      continue;
    }
    require<DataError>(is_t5_encoder_tensor(checkpoint.config, name), path, "tensor '", given,
                       "' does not belong to the encoder that config.json describes");
    const bool again = checkpoint.weights.contains(name);
    if (again && name == "shared.weight") {  // its two names
      require<DataError>(checkpoint.shapes[name] == tensor.shape, path,
                         "shared.weight and encoder.embed_tokens.weight have different shapes");
      if (given.ends_with("embed_tokens.weight")) continue;
    } else {
      require<DataError>(!again, path, "tensor '", given, "' occurs twice");
    }
    checkpoint.shapes[name] = tensor.shape;
    checkpoint.weights[name] = std::move(std::get<std::vector<float>>(tensor.values));
  }
}

}  // namespace detail

/// Reads config.json and model.safetensors (or model.safetensors.index.json and its shards) of a
/// folder. Names of decoder and language model head are passed over; the embedding is
/// `shared.weight` or `encoder.embed_tokens.weight` (the first, if there are both) and nothing
/// else.
///
/// @throws DataError for files that are missing or damaged, tensors that are not finite, occur
/// twice or do not belong to the encoder, and shard names with a folder in them. Source: the layout
/// of Hugging Face's T5EncoderModel.
inline T5Checkpoint read_t5_checkpoint(const std::string& folder) {
  T5Checkpoint checkpoint{read_t5_config(folder + "/config.json"), folder, {}, {}};
  const std::string index = folder + "/model.safetensors.index.json";
  if (!std::filesystem::exists(index)) {
    detail::take_t5_tensors(checkpoint, folder + "/model.safetensors");
    return checkpoint;
  }
  const nlohmann::json json = detail::read_json_object(index);
  require<DataError>(json.contains("weight_map") && json["weight_map"].is_object(), index,
                     "must have a weight_map of names to files");
  std::set<std::string> files;
  for (const auto& [name, file] : json["weight_map"].items()) {
    require<DataError>(file.is_string(), index, "must map '", name, "' to the name of a file");
    const std::string shard = file.get<std::string>();
    require<DataError>(!shard.empty() && shard.find_first_of("/\\") == std::string::npos && shard != "..", index,
                       "names the shard '", shard, "'; it must be a plain file name");
    files.insert(shard);
  }
  for (const std::string& shard : files) detail::take_t5_tensors(checkpoint, folder + "/" + shard);
  return checkpoint;
}

}  // namespace stx
