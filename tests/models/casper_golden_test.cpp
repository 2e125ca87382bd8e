// The published network against PyTorch: forward, attention, loss, gradients, three Adam steps.
// The files are made by tests/reference/casper_golden.py.
#include <map>

#include "examples/casper/model.hpp"
#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/io/safetensors.hpp"
#include "stx/ops/mse.hpp"
#include "stx/optim/adam.hpp"
#include "support/compare.hpp"

namespace {

using Numbers = std::vector<double>;
constexpr float learning_rate = 1e-3f, weight_decay = 1e-5f;
constexpr int n_steps = 3;

/// A golden file, its numbers as doubles under the names that stx gives its parameters.
struct Golden {
  std::map<std::string, std::int64_t> sizes;
  std::map<std::string, Numbers> values;

  explicit Golden(const std::string& name) {
    const stx::SafetensorsFile file =
        stx::read_safetensors(STX_TEST_SOURCE_DIR "/golden/models/casper_" + name + ".safetensors");
    for (const auto& [key, text] : file.metadata)
      if (key != "made_with") sizes[key] = std::stoll(text);
    for (const auto& [key, tensor] : file.tensors)
      values[key] = std::visit([](const auto& v) { return Numbers(v.begin(), v.end()); }, tensor.values);
    for (const std::string group : {"param.", "grad.", "adam3."}) {
      for (const std::string kind : {".weight", ".bias"}) {
        rename(group + "attn.out_proj" + kind, group + "attn.out" + kind);
        // The packed in-projection holds the rows of query, key and value, one after another.
        const Numbers packed = take(group + "attn.in_proj" + kind);
        const auto third = static_cast<std::ptrdiff_t>(packed.size() / 3);
        int part = 0;
        for (const std::string role : {"query", "key", "value"}) {
          values[group + "attn." + role + kind] =
              Numbers(packed.begin() + part * third, packed.begin() + (part + 1) * third);
          ++part;
        }
      }
    }
  }

  const Numbers& operator[](const std::string& key) const { return values.at(key); }

 private:
  Numbers take(const std::string& key) {
    Numbers found = values.at(key);
    values.erase(key);
    return found;
  }
  void rename(const std::string& from, const std::string& to) { values[to] = take(from); }
};

/// What stx makes of the inputs of a golden file, under the golden file's names.
template <class T>
std::map<std::string, std::vector<T>> run(const Golden& golden, int threads) {
  const auto size = [&](const char* name) { return golden.sizes.at(name); };
  stx::Context<stx::Cpu> ctx({.threads = threads});
  stx::ParameterStore<T, stx::Cpu> store;
  const stx::casper::Trunk<T, stx::Cpu> trunk(ctx, store,
                                              {.n_inputs = size("n_inputs"),
                                               .n_token_genes = size("n_genes"),
                                               .hidden = size("hidden"),
                                               .width = size("d"),
                                               .n_heads = size("n_heads"),
                                               .dropout = 0});
  const stx::casper::PanelHead<T, stx::Cpu> head(ctx, store, size("d"), size("n_targets"));
  store.allocate(ctx, 1);
  const auto tensor = [&](const std::string& key, const stx::Shape& shape) {
    return stx::to_device(ctx, std::vector<T>(golden[key].begin(), golden[key].end()), shape);
  };
  std::size_t n_named = 0;
  for (const auto& [key, values] : golden.values) n_named += key.starts_with("param.");
  REQUIRE(store.entries().size() == n_named);
  for (const auto& e : store.entries()) {
    const Numbers& values = golden["param." + e.name];
    stx::upload(ctx, e.state.value, std::span<const T>(std::vector<T>(values.begin(), values.end())));
  }
  stx::optim::Adam<T, stx::Cpu> adam(ctx, store, {.learning_rate = learning_rate, .weight_decay = weight_decay});
  const auto x = tensor("input.x", {size("n_spots"), size("n_inputs")});
  const auto y = tensor("input.y", {size("n_spots"), size("n_targets")});
  const auto centroids = tensor("input.centroids", {size("n_clusters"), size("n_genes")});

  std::map<std::string, std::vector<T>> result;
  for (int step = 0; step < n_steps; ++step) {
    stx::begin_step(ctx);
    store.begin_step();
    const auto clusters = trunk.encode_clusters(ctx, stx::constant(ctx, centroids));
    const auto out = trunk(ctx, stx::constant(ctx, x), clusters, true);
    const auto prediction = head(ctx, out.fused);
    const auto loss = stx::mse(ctx, prediction, y);
    stx::backward(ctx, loss);
    if (step == 0) {
      result["output.prediction"] = stx::to_host(ctx, prediction.value());
      result["output.attention"] = stx::to_host(ctx, out.attention.value());
      result["output.loss"] = stx::to_host(ctx, loss.value());
      for (const auto& e : store.entries()) result["grad." + e.name] = stx::to_host(ctx, e.state.grad);
    }
    adam.step(ctx);
  }
  for (const auto& e : store.entries()) result["adam3." + e.name] = stx::to_host(ctx, e.state.value);
  return result;
}

double largest_gradient(const Golden& golden) {
  double largest = 0;
  for (const auto& [key, values] : golden.values)
    if (key.starts_with("grad.")) largest = std::max(largest, stx::test::max_abs(values));
  return largest;
}

/// How far weights may be off after n steps of Adam when gradients are off by `grad_error`: a step
/// is learning_rate * g / |g| in effect, so it moves by at most twice the relative error of g, and
/// never by more than twice the learning rate. Besides, the weight itself is rounded, and Adam's
/// settings are floats in every precision, so that a step is off by their rounding.
template <class T>
void check_adam(const std::string& name, const std::vector<T>& got, const Numbers& want, const Golden& golden,
                double grad_error) {
  const Numbers &before = golden["param." + name], &grads = golden["grad." + name];
  std::size_t n_outside = 0;
  double worst = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double g = std::abs(grads[i] + weight_decay * before[i]);
    const double bound = n_steps * (learning_rate * std::min(2.0, 2 * grad_error / g) +
                                    learning_rate * double{std::numeric_limits<float>::epsilon()} +
                                    4 * std::numeric_limits<T>::epsilon() * std::max(1.0, std::abs(want[i])));
    const double error = std::abs(static_cast<double>(got[i]) - want[i]);
    n_outside += !(error <= bound);
    worst = std::max(worst, error / bound);
  }
  INFO("adam3.", name, ": worst error is ", worst, " of its bound");
  CHECK(got.size() == want.size());
  CHECK(n_outside == 0);
  CHECK(stx::test::max_error(want, before) > 0.5 * learning_rate);  // the steps did something
}

constexpr const char* cases[] = {"two_heads", "one_head", "three_heads"};

}  // namespace

TEST_CASE("CASPER in double equals PyTorch") {
  for (const std::string name : cases) {
    INFO(name);
    const Golden golden(name + "_f64");
    const auto got = run<double>(golden, 2);
    const double scale = largest_gradient(golden);
    // Sums have at most 33 terms and pass through about ten layers: 64 rounding units of the
    // largest.
    const double floor_ulps = 64.0 / 16;
    for (const auto& [key, values] : got) {
      if (key.starts_with("adam3.")) continue;
      stx::test::check_close(key, values, golden[key], golden[key], floor_ulps, key.starts_with("grad.") ? scale : 1);
    }
    for (const auto& [key, values] : got)
      if (key.starts_with("adam3."))
        check_adam(key.substr(6), values, golden[key], golden, 64 * std::numeric_limits<double>::epsilon() * scale);
  }
}

TEST_CASE("CASPER in float is as near to the truth as PyTorch in float") {
  for (const std::string name : cases) {
    INFO(name);
    const Golden golden(name + "_f32");
    const auto truth = run<double>(golden, 1);  // of the same float inputs; judged above
    const auto got = run<float>(golden, 2);
    const double scale = largest_gradient(golden);
    double grad_error = 0;
    for (const auto& [key, values] : got) {
      if (key.starts_with("adam3.")) continue;
      const Numbers& torch = golden[key];
      const std::vector<float> rough(torch.begin(), torch.end());
      const bool is_grad = key.starts_with("grad.");
      stx::test::check_close(key, values, truth.at(key), rough, 8, is_grad ? scale : 1);
      if (is_grad) grad_error = std::max(grad_error, 2 * stx::test::max_error(rough, truth.at(key)));
    }
    grad_error += 8 * std::numeric_limits<float>::epsilon() * scale;
    for (const auto& [key, values] : got)
      if (key.starts_with("adam3.")) check_adam(key.substr(6), values, golden[key], golden, 2 * grad_error);
  }
}

TEST_CASE("the same bits for any number of threads") {
  const Golden golden("three_heads_f32");
  const auto one = run<float>(golden, 1), three = run<float>(golden, 3);
  for (const auto& part : one) {
    INFO(part.first);
    CHECK(stx::test::same_bits(part.second, three.at(part.first)));
  }
}
