#include "stx/io/t5_checkpoint.hpp"

#include <doctest/doctest.h>

#include "io/golden.hpp"
#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "support/compare.hpp"
#include "support/t5_fixture.hpp"

using stx::Cpu;
using stx::Shape;

namespace {

const std::string relu_config =
    R"({"model_type":"t5","vocab_size":16,"d_model":6,"d_kv":4,"num_heads":2,"d_ff":10,"num_layers":2,"dropout_rate":0.1})";
const std::string gated_config =
    R"({"model_type":"t5","vocab_size":16,"d_model":6,"d_kv":4,"num_heads":2,"d_ff":10,"num_layers":2,"feed_forward_proj":"gated-gelu"})";

/// The tensors of the formula fixture.
stx::TensorMap fixture_tensors(bool gated) {
  const auto numbers = stx::test::t5_fixture_numbers(gated);
  const auto shape_of = [](const std::string& name) -> Shape {
    if (name.ends_with("norm.weight")) return {6};
    if (name == "shared.weight") return {16, 6};
    if (name.ends_with("bias.weight")) return {32, 2};
    if (name.ends_with(".o.weight")) return {6, 8};
    if (name.ends_with(".wo.weight")) return {6, 10};
    return name.find("DenseReluDense") != std::string::npos ? Shape{10, 6} : Shape{8, 6};
  };
  stx::TensorMap tensors;
  for (const auto& [name, number] : numbers) {
    const Shape shape = shape_of(name);
    std::vector<std::int64_t> dims;
    for (int i = 0; i < shape.rank(); ++i) dims.push_back(shape[i]);
    tensors[name] = {dims, stx::test::t5_fixture_tensor<float>(numbers, name, shape)};
  }
  return tensors;
}

/// Writes a model folder.
void save(const golden::Folder& folder, const std::string& config, const stx::TensorMap& tensors) {
  golden::spit(folder / "config.json", config);
  stx::write_safetensors(folder / "model.safetensors", tensors, {}, true);
}

std::string folder_of(const golden::Folder& folder) {
  return std::filesystem::path(folder / "x").parent_path().string();
}

std::vector<float> encode(const golden::Folder& folder) {
  stx::Context<Cpu> ctx({.threads = 1});
  const auto encoder = stx::read_t5_checkpoint(folder_of(folder)).encoder<float>(ctx);
  return to_host(ctx, encoder(ctx, to_device(ctx, std::vector<std::int32_t>{3, 5, 7, 1}, Shape{4}), 1).value());
}

const std::vector<double> relu_token{1.09964288, 0.69453304, 0.89182118, 1.20553170, 0.27994506, -1.48137926};
const std::vector<double> gated_token{0.97119928, 0.86486380, 1.01532610, 1.05888337, 0.23544585, -1.31431236};

double first_token_error(const std::vector<float>& hidden, const std::vector<double>& want) {
  return stx::test::max_error(std::vector<float>(hidden.begin(), hidden.begin() + 6), want);
}

}  // namespace

TEST_CASE("T5 checkpoint: relu and gated models are read and give the specification's values") {
  const golden::Folder folder;
  save(folder, relu_config, fixture_tensors(false));
  CHECK(first_token_error(encode(folder), relu_token) < 2e-5);
  save(folder, gated_config, fixture_tensors(true));
  CHECK(first_token_error(encode(folder), gated_token) < 2e-5);
}

TEST_CASE("T5 checkpoint: the embedding's other name, a prefix, a decoder, zero biases") {
  const golden::Folder folder;
  auto tensors = fixture_tensors(false);
  stx::TensorMap renamed;
  for (const auto& [name, tensor] : tensors)
    renamed["transformer." + (name == "shared.weight" ? "encoder.embed_tokens.weight" : name)] = tensor;
  renamed["decoder.embed_tokens.weight"] = {{1}, std::vector<float>{9}};
  renamed["lm_head.weight"] = {{1}, std::vector<float>{9}};
  renamed["encoder.block.0.layer.0.layer_norm.bias"] = {{6}, std::vector<float>(6, 0.0f)};
  save(folder, relu_config, renamed);
  CHECK(first_token_error(encode(folder), relu_token) < 2e-5);
  tensors["encoder.embed_tokens.weight"] = tensors["shared.weight"];
  save(folder, relu_config, tensors);
  CHECK(first_token_error(encode(folder), relu_token) < 2e-5);
}

TEST_CASE("T5 checkpoint: two shards and an index") {
  const golden::Folder folder;
  golden::spit(folder / "config.json", relu_config);
  stx::TensorMap parts[2];
  std::string map;
  for (const auto& [name, tensor] : fixture_tensors(false)) {
    const int shard = name < "encoder.block.1" ? 0 : 1;
    parts[shard][name] = tensor;
    map += (map.empty() ? "\"" : ",\"") + name + "\":\"part" + std::to_string(shard) + ".safetensors\"";
  }
  for (int shard : {0, 1})
    stx::write_safetensors(folder / ("part" + std::to_string(shard) + ".safetensors"), parts[shard]);
  const std::string index = folder / "model.safetensors.index.json";
  golden::spit(index, "{\"weight_map\":{" + map + "}}");
  CHECK(first_token_error(encode(folder), relu_token) < 2e-5);
  const auto message = [&](const std::string& text) {
    golden::spit(index, text);
    return golden::message([&] { stx::read_t5_checkpoint(folder_of(folder)); });
  };
  CHECK(message(R"({"weight_map":{"a":"../x"}})") ==
        "[" + index + "] names the shard '../x'; it must be a plain file name");
  CHECK(message(R"({"weight_map":{"a":3}})") == "[" + index + "] must map 'a' to the name of a file");
  CHECK(message("{}") == "[" + index + "] must have a weight_map of names to files");
  CHECK(message("[") == "[" + index + "] is not a JSON object");
}

TEST_CASE("T5 checkpoint: 16-bit weights are widened") {
  CHECK(stx::from_bfloat16(0x3FC0) == 1.5f);
  CHECK(stx::from_bfloat16(0xC000) == -2.0f);
  CHECK(stx::from_half(0x3E00) == 1.5f);
  CHECK(stx::from_half(0xC000) == -2.0f);
  CHECK(stx::from_half(0x0001) == 0x1p-24f);
  CHECK(stx::from_half(0x83FF) == -0x3FFp-24f);
  CHECK(stx::from_half(0x7BFF) == 65504.0f);
  CHECK(stx::from_half(0xFC00) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(stx::from_half(0x7E00)));
  CHECK(std::isnan(stx::from_bfloat16(0x7FC0)));
  const golden::Folder folder;
  const std::string header =
      R"({"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]}})";
  const std::uint64_t size = header.size();
  golden::spit(folder / "x", std::string(reinterpret_cast<const char*>(&size), 8) + header +
                                 std::string("\x00\x3E\x00\xC0\xC0\x3F", 6));
  const auto file = stx::read_safetensors(folder / "x");
  CHECK(file.get<float>("h", {2}) == std::vector<float>{1.5f, -2.0f});
  CHECK(file.get<float>("b", {1}) == std::vector<float>{1.5f});
}

TEST_CASE("T5 checkpoint: how the activation and the epsilon are found") {
  const golden::Folder folder;
  const auto config = [&](const std::string& fields) {
    golden::spit(folder / "c", "{" + fields + "}");
    return stx::read_t5_config(folder / "c");
  };
  const auto plain = config("");
  CHECK((plain.activation == stx::Activation::relu && !plain.gated));
  CHECK((plain.vocabulary == 32128 && plain.width == 512 && plain.blocks == 6 && plain.eps == 1e-6));
  const auto tanh = config(R"("feed_forward_proj":"gated-gelu")");
  CHECK((tanh.activation == stx::Activation::gelu_tanh && tanh.gated));
  const auto erf = config(R"("feed_forward_proj":"gated-gelu","dense_act_fn":"gelu")");
  CHECK((erf.activation == stx::Activation::gelu && erf.gated));
  CHECK_FALSE(config(R"("feed_forward_proj":"gated-gelu","is_gated_act":false)").gated);
  const auto plain_gelu = config(R"("feed_forward_proj":"gelu","layer_norm_epsilon":0.25)");
  CHECK((plain_gelu.activation == stx::Activation::gelu && !plain_gelu.gated && plain_gelu.eps == 0.25));
  const auto message = [&](const std::string& fields) {
    const std::string text = golden::message([&] { config(fields); });
    return text.substr(std::min(text.size(), std::string(folder / "c").size() + 3));
  };
  CHECK(message(R"("model_type":"umt5")") == "describes a model of type 'umt5', expected t5");
  CHECK(message(R"("feed_forward_proj":"gated-silu")") ==
        "has the activation 'silu'; supported are relu, gelu and gelu_new");
  CHECK(message(R"("d_model":0)") == "field 'd_model' must be a positive whole number");
  CHECK(message(R"("d_model":1.5)") == "field 'd_model' must be a positive whole number");
  CHECK(message(R"("layer_norm_epsilon":0)") == "field 'layer_norm_epsilon' must be a positive number");
  CHECK(message(R"("is_gated_act":1)") == "field 'is_gated_act' must be true or false");
  CHECK(message(R"("feed_forward_proj":1)") == "field 'feed_forward_proj' must be a string");
}

TEST_CASE("T5 checkpoint: tensors that are wrong are named") {
  const golden::Folder folder;
  const std::string path = folder / "model.safetensors";
  const auto message = [&](auto&& change) {
    auto tensors = fixture_tensors(false);
    change(tensors);
    save(folder, relu_config, tensors);
    stx::Context<Cpu> ctx({.threads = 1});
    return golden::message([&] { stx::read_t5_checkpoint(folder_of(folder)).encoder<float>(ctx); });
  };
  CHECK(message([](auto& t) { t.erase("encoder.block.1.layer.0.SelfAttention.k.weight"); }) ==
        "[" + folder_of(folder) + "] has no tensor 'encoder.block.1.layer.0.SelfAttention.k.weight'");
  CHECK(message([](auto& t) {
          t["shared.weight"].shape = {6, 16};
        }) == "[" + folder_of(folder) + "] tensor 'shared.weight' must have shape (16, 6) by its config.json");
  CHECK(message([](auto& t) {
          t["encoder.block.2.layer.0.layer_norm.weight"] = {{1}, std::vector<float>{1}};
        }) == "[" + path +
                  "] tensor 'encoder.block.2.layer.0.layer_norm.weight' does not belong to the "
                  "encoder that "
                  "config.json describes");
  CHECK(message([](auto& t) { std::get<0>(t["shared.weight"].values)[3] = std::nanf(""); }) ==
        "[" + path + "] tensor 'shared.weight' holds a value that is not finite");
  CHECK(message([](auto& t) {
          t["shared.weight"] = {{1}, std::vector<double>{1}};
        }) == "[" + path + "] tensor 'shared.weight' must be F32, F16 or BF16");
  CHECK(message([](auto& t) {
          t["encoder.final_layer_norm.bias"] = {{1}, std::vector<float>{1}};
        }) == "[" + path + "] tensor 'encoder.final_layer_norm.bias' is not zero; T5 has no such bias");
  CHECK(message([](auto& t) {
          t["transformer.encoder.final_layer_norm.weight"] = {{6}, std::vector<float>(6)};
        }) == "[" + path + "] tensor 'transformer.encoder.final_layer_norm.weight' occurs twice");
  CHECK(message([](auto& t) {
          t["encoder.embed_tokens.weight"] = {{1}, std::vector<float>{1}};
        }) == "[" + path + "] shared.weight and encoder.embed_tokens.weight have different shapes");
}
