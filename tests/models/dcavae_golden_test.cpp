// The network and the loss of DCAVAE against PyTorch: values on the way in training and in evaluation, every term,
// every gradient, the running statistics.
// The files are made by tests/reference/dcavae_golden.py.
#include <map>
#include <optional>

#include "examples/dcavae/objective.hpp"
#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/ops/count_decoder_mean.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"

namespace {

using stx::Cpu;
using stx::Shape;
using stx::dcavae::Modality;
using stx::dcavae::Options;

constexpr std::int64_t n_genes = 8, n_training = 6;
constexpr double kl_weight = 0.3;

Options options_of(const std::string& name) {
  const std::map<std::string, std::string> revisions = {{"batch", "sound"},  {"sound", "sound"}, {"alone", "sound"},
                                                        {"places", "sound"}, {"paper", "paper"}, {"r1", "R1"}};
  Options o = Options::of_revision(revisions.contains(name) ? revisions.at(name) : "R2");
  o.hidden = 6;
  o.latent = 4;
  o.n_heads = 2;
  o.dropout = 0;
  if (name == "batch") {
    o.norm = "batch";
    o.tau = 0.2;
    o.lambda = 5;
  }
  if (name == "learned") {
    o.library = "learned";
    o.loss_scale = "sum";
  }
  o.cross_attention = name != "alone";
  o.joint_positions = name == "places";
  return o;
}

/// Tensors of a golden file on the CPU.
template <class T>
class Inputs {
 public:
  Inputs(stx::Context<Cpu>& ctx, const golden::Arrays& arrays) : ctx_(ctx), arrays_(arrays) {}

  /// Empty where the file has no such input.
  stx::Tensor<T, Cpu> plain(const std::string& name) const {
    if (!arrays_.contains("input." + name)) return {};
    return tensor(arrays_.at("input." + name), [](double v) { return v; });
  }
  /// log1p of the first `n` columns.
  stx::Var<T, Cpu> logs(const std::string& name, std::int64_t n) const {
    return constant(ctx_, tensor(columns(name, n), [](double v) { return std::log1p(v); }));
  }
  /// ln of the sum of the first `n` columns.
  stx::Var<T, Cpu> library(const std::string& name, std::int64_t n) const {
    const stx::Matrix<double> part = columns(name, n);
    stx::Matrix<double> sums(part.rows, 1);
    for (std::int64_t i = 0; i < part.rows; ++i)
      for (const double v : part.row(i)) sums(i, 0) += v;
    return constant(ctx_, tensor(sums, [](double v) { return std::log(v); }));
  }
  /// 0 or 1 of each spot, beside itself for both axes.
  stx::Var<T, Cpu> shown() const {
    if (!arrays_.contains("input.shown")) return {};
    stx::Matrix<double> both(arrays_.at("input.shown").rows, 2);
    for (std::int64_t i = 0; i < both.rows; ++i) both(i, 0) = both(i, 1) = arrays_.at("input.shown")(i, 0);
    return constant(ctx_, tensor(both, [](double v) { return v; }));
  }
  stx::Tensor<std::uint32_t, Cpu> positives() const {
    const stx::Matrix<double>& p = arrays_.at("input.positives");
    std::vector<std::uint32_t> words(static_cast<std::size_t>(p.rows), 0u);  // fewer than 32 spots
    for (std::int64_t i = 0; i < p.rows; ++i)
      for (std::int64_t j = 0; j < p.cols; ++j)
        if (p(i, j) != 0) words[i] |= 1u << j;
    return stx::to_device(ctx_, words, Shape{p.rows, 1});
  }

 private:
  stx::Matrix<double> columns(const std::string& name, std::int64_t n) const {
    const stx::Matrix<double>& whole = arrays_.at("input." + name);
    stx::Matrix<double> part(whole.rows, n);
    for (std::int64_t i = 0; i < part.rows; ++i)
      for (std::int64_t j = 0; j < n; ++j) part(i, j) = whole(i, j);
    return part;
  }
  template <class F>
  stx::Tensor<T, Cpu> tensor(const stx::Matrix<double>& m, F f) const {
    std::vector<T> values;
    for (const double v : m.values) values.push_back(static_cast<T>(f(v)));
    return stx::to_device(ctx_, values, Shape{m.rows, m.cols});
  }

  stx::Context<Cpu>& ctx_;
  const golden::Arrays& arrays_;
};

/// Values on the way from a side's rows to its counts, under the golden file's names; `with_samples`: in training.
template <class T>
void add_values(stx::Context<Cpu>& ctx, const stx::dcavae::Network<T, Cpu>& network,
                const stx::dcavae::SideBatch<T, Cpu>& side, Modality m, const Options& o, bool with_samples,
                std::map<std::string, std::vector<T>>& result) {
  const auto keep = [&](const char* what, const stx::Tensor<T, Cpu>& values) {
    result[std::string(with_samples ? "training." : "evaluation.") + what +
           (m == Modality::cells ? ".cells" : ".spots")] = stx::to_host(ctx, values);
  };
  const auto embedded = network.embed(ctx, m, side.inputs);
  const auto memory = o.cross_attention ? network.embed(ctx, other(m), side.key_inputs) : embedded;
  const auto q = network.latent(ctx, m, embedded, network.keys(ctx, m, memory));
  const auto z = with_samples ? network.sample(ctx, m, q) : q.mean;
  keep("mean", q.mean.value());
  keep("spread", q.spread.value());
  if (with_samples) keep("latent", z.value());
  if (o.joint_positions && m == Modality::spots) keep("place", network.place(ctx, z).value());
  auto library = side.library;
  if (o.library == "learned") {
    const auto total = network.library(ctx, m, side.inputs);
    keep("library_mean", total.mean.value());
    keep("library_spread", total.spread.value());
    library = with_samples ? network.sample_library(ctx, m, total) : total.mean;
    if (with_samples) keep("library", library.value());
  }
  const auto zeta = m == Modality::cells ? network.zero(ctx, z) : stx::Var<T, Cpu>();
  const auto counts =
      count_decoder_mean(ctx, network.rate(ctx, z), library, side.observed, network.dispersion(ctx, m, z), zeta);
  keep("mu", counts.mean);
  keep("p_zero", counts.p_zero);
}

/// What stx makes of the inputs of a golden file, under the golden file's names.
template <class T>
std::map<std::string, std::vector<T>> run(const std::string& name, const golden::Arrays& arrays, int threads) {
  const Options o = options_of(name);
  stx::Context<Cpu> ctx({.threads = threads, .seed = 5});
  stx::ParameterStore<T, Cpu> store;
  const std::int64_t cell_inputs = o.mask_cell_encoder ? n_training : n_genes;
  const std::int64_t axes = o.joint_positions ? 2 : 0;
  const stx::dcavae::Network<T, Cpu> network(ctx, store, {cell_inputs, n_training, n_genes, axes}, o);
  store.allocate(ctx, 1);
  std::size_t n_named = 0;
  for (const auto& [key, values] : arrays) n_named += key.starts_with("param.");
  REQUIRE(store.entries().size() == n_named);
  for (const auto& e : store.entries()) {
    INFO(e.name);
    const auto& values = arrays.at("param." + e.name).values;
    stx::upload(ctx, e.state.value, std::span<const T>(std::vector<T>(values.begin(), values.end())));
  }
  const Inputs<T> inputs(ctx, arrays);
  const auto scale = stx::to_device(ctx, std::vector<T>{T(kl_weight)}, Shape{1});
  std::vector<T> seen(n_genes, T(0));
  std::fill_n(seen.begin(), n_training, T(1));
  const auto observed = stx::to_device(ctx, seen, Shape{n_genes});
  const auto cells = inputs.plain("cells"), spots = inputs.plain("spots");
  const auto positives = inputs.positives();
  const auto log_totals = [&](double mean, double sd) {
    const auto one = [&](double v) { return constant(ctx, stx::to_device(ctx, std::vector<T>{T(v)}, Shape{1})); };
    return stx::Gaussian<T, Cpu>{one(mean), one(sd), stx::Spread::deviation};
  };

  stx::begin_step(ctx);
  store.begin_step();
  const stx::dcavae::StepInputs<T, Cpu> in{
      .cells = {inputs.logs("cells", cell_inputs),
                inputs.logs("keys_of_cells", n_training),
                cells,
                inputs.library("cells", n_genes),
                {},
                log_totals(2.5, 0.8)},
      .spots = {inputs.logs("spots", n_training), inputs.logs("keys_of_spots", cell_inputs), spots,
                inputs.library("spots", n_training), observed, log_totals(2.0, 0.6)},
      .positives = positives,
      .distances = inputs.plain("distances"),
      .anchors = name == "r2_spots" ? stx::Anchors::second : stx::Anchors::first,
      .kl_weight = scale,
      .places = inputs.plain("places"),
      .place_shown = inputs.shown()};
  const auto terms = objective(ctx, network, in, o);
  stx::backward(ctx, std::span<const stx::Var<T, Cpu>>(terms));
  std::map<std::string, std::vector<T>> result;
  for (std::size_t k = 0; k < terms.size(); ++k) {
    std::string key = "term." + std::string(terms.names[o.joint_positions && k + 1 == terms.size() ? 7 : k]);
    std::replace(key.begin(), key.end(), ' ', '_');
    result[key] = stx::to_host(ctx, terms.data()[k].value());
  }
  for (const auto& e : store.entries()) {
    const bool used = e.state.has_grad;
    result["grad." + e.name] =
        used ? stx::to_host(ctx, e.state.grad) : std::vector<T>(static_cast<std::size_t>(e.shape.size()), T(0));
    if (arrays.count("rowsum." + e.name) == 0) continue;
    std::vector<T>& sums = result["rowsum." + e.name];
    const std::vector<T> grad = result["grad." + e.name];
    const auto width = static_cast<std::size_t>(e.shape[1]);
    for (std::size_t i = 0; i < grad.size(); i += width) {
      sums.push_back(0);
      for (std::size_t j = 0; j < width; ++j) sums.back() += static_cast<T>(j + 1) * grad[i + j];
    }
  }
  for (const auto& e : store.buffers())
    if (arrays.count("buffer." + e.name) > 0) result["buffer." + e.name] = stx::to_host(ctx, e.state.value);
  for (const bool training : {false, true})  // the second moves the running statistics once more
    for (const Modality m : {Modality::cells, Modality::spots}) {
      std::optional<stx::NoGrad<Cpu>> no_grad;
      if (!training) no_grad.emplace(ctx);
      add_values(ctx, network, m == Modality::cells ? in.cells : in.spots, m, o, training, result);
    }
  // Noise alone: the sample of a normal of mean 0 and log variance 0.
  for (const Modality m : {Modality::cells, Modality::spots}) {
    const auto zeros = [&](std::int64_t width) {
      const auto zero = constant(ctx, stx::to_device(ctx, stx::Matrix<T>(m == Modality::cells ? 13 : 11, width)));
      return stx::Gaussian<T, Cpu>{zero, zero};
    };
    const std::string side = m == Modality::cells ? "cells" : "spots";
    result["noise." + side] = stx::to_host(ctx, network.sample(ctx, m, zeros(4)).value());
    if (o.library == "learned")
      result["noise.library." + side] = stx::to_host(ctx, network.sample_library(ctx, m, zeros(1)).value());
  }
  return result;
}

/// Gradients that a file leaves out: of the learned library's those of the other cases, and wide weights' one by one.
bool left_out(const std::string& name, const std::string& key) {
  if (name == "places") return key == "grad.position.1.weight";
  return name == "learned" && key.starts_with("grad.") &&
         (!key.starts_with("grad.library.") || key.ends_with("hidden0.weight"));
}

std::vector<double> expected(const golden::Arrays& arrays, const golden::Arrays& noise, const std::string& key) {
  return (key.starts_with("noise.") ? noise.at(key.substr(6)) : arrays.at(key)).values;
}

double largest_gradient(const golden::Arrays& arrays) {
  double largest = 0;
  for (const auto& [key, values] : arrays)
    if (key.starts_with("grad.")) largest = std::max(largest, stx::test::max_abs(values.values));
  return largest;
}

bool is_gradient(const std::string& key) { return key.starts_with("grad.") || key.starts_with("rowsum."); }

constexpr const char* cases[] = {"r2_cells", "r2_spots", "batch", "sound", "paper", "learned", "r1", "alone", "places"};

}  // namespace

TEST_CASE("DCAVAE in double equals PyTorch: forward values, terms, gradients, running statistics") {
  const golden::Arrays noise = golden::load("models/dcavae_noise.txt");
  for (const std::string name : cases) {
    INFO(name);
    const golden::Arrays arrays = golden::load("models/dcavae_" + name + ".txt");
    const auto got = run<double>(name, arrays, 2);
    const double scale = largest_gradient(arrays);
    for (const auto& part : arrays)
      if (!part.first.starts_with("param.") && !part.first.starts_with("input."))
        CHECK_MESSAGE(got.count(part.first) == 1, part.first);
    for (const auto& part : got) {
      const std::string& key = part.first;
      if (left_out(name, key)) continue;
      const std::vector<double> want = expected(arrays, noise, key);
      if (key.starts_with("noise.")) {
        CHECK(stx::test::same_bits(part.second, want));
        continue;
      }
      // Sums have at most 13 * 8 terms and pass through about fifteen layers.
      stx::test::check_close(key, part.second, want, want, 16, is_gradient(key) ? scale : 1);
    }
  }
}

TEST_CASE("DCAVAE in float agrees to float rounding, with the same bits for any number of threads") {
  for (const std::string name : cases) {
    INFO(name);
    const golden::Arrays arrays = golden::load("models/dcavae_" + name + ".txt");
    const auto one = run<float>(name, arrays, 1), two = run<float>(name, arrays, 2),
               three = run<float>(name, arrays, 3);
    const auto truth = run<double>(name, arrays, 1);
    const double scale = largest_gradient(arrays);
    for (const auto& part : one) {
      const std::string& key = part.first;
      INFO(key);
      CHECK(stx::test::same_bits(part.second, two.at(key)));
      CHECK(stx::test::same_bits(part.second, three.at(key)));
      // A sum over rows has up to n_genes terms with weights up to n_genes.
      const double size = key.starts_with("rowsum.") ? n_genes * scale
                          : is_gradient(key)         ? scale
                                                     : std::max(1.0, stx::test::max_abs(truth.at(key)));
      CHECK(stx::test::max_error(part.second, truth.at(key)) < 64 * 1.2e-7 * size);
    }
  }
}
