// Whole training steps of CASPER: gather, forward, backward, Adam, on CUDA against the CPU.
#include "examples/casper/model.hpp"
#include "stx/ops/gather_log1p.hpp"
#include "stx/ops/mse.hpp"
#include "stx/optim/adam.hpp"
#include "support/device_rig.hpp"

using namespace stx::test;
using stx::Shape;
using stx::Tensor;

namespace {

constexpr std::int64_t n_spots = 70, n_genes = 41, n_targets = 12, n_clusters = 9, batch = 37, n_steps = 4;

stx::CsrMatrix<float> counts() {
  stx::CsrMatrix<float> m;
  m.rows = n_spots;
  m.cols = n_genes;
  m.indptr = {0};
  const auto draws = random_values(n_spots * n_genes, 8, 0, 1);
  for (std::int64_t i = 0; i < n_spots; ++i) {
    for (std::int64_t g = 0; g < n_genes; ++g) {
      const double u = draws[i * n_genes + g];
      if (u < 0.4) continue;
      m.indices.push_back(static_cast<std::int32_t>(g));
      m.values.push_back(static_cast<float>(std::floor(u * 30)));
    }
    m.indptr.push_back(static_cast<std::int64_t>(m.indices.size()));
  }
  return m;
}

struct Trained {
  std::vector<double> losses;
  std::vector<double> first_grads, last_grads, values;
};

/// Trains a few steps, each key of the graph a batch of its own.
template <class T, class D>
class Training {
 public:
  Training()
      : ctx_({.threads = 1, .seed = 5, .gemm_workspace_bytes = small_workspace}),
        trunk_(ctx_, store_, {.n_inputs = n_genes - n_targets, .n_token_genes = n_genes, .hidden = 48, .width = 32}),
        head_(ctx_, store_, 32, n_targets),
        adam_((store_.allocate(ctx_, 17), ctx_), store_,  // every layer has declared its parameters
              {.learning_rate = 0.01f, .eps = 1e-4f, .weight_decay = 1e-3f}),
        counts_(to_device(ctx_, counts())),
        centroids_(
            to_device(ctx_, convert<T>(random_values(n_clusters * n_genes, 3, 0, 3)), Shape{n_clusters, n_genes})),
        rows_(ctx_.template make_persistent<std::int32_t>(Shape{batch})),
        loss_(ctx_.template make_persistent<T>(Shape{1})) {
    const auto totals = to_device(ctx_, std::vector<float>(n_spots, 250.0f), Shape{n_spots});
    const auto layout = [&](std::int64_t first, std::int64_t n) {
      std::vector<std::int32_t> column_of(n_genes, -1);
      for (std::int64_t c = 0; c < n; ++c) column_of[first + c] = static_cast<std::int32_t>(c);
      return stx::BatchLayout<T, D>{.column_of = to_device(ctx_, column_of, Shape{n_genes}),
                                    .n_columns = n,
                                    .totals = totals,
                                    .target_sum = 1e4f,
                                    .shift = {},
                                    .scale = {}};
    };
    inputs_ = layout(n_targets, n_genes - n_targets);
    targets_ = layout(0, n_targets);
  }

  Trained run() {
    stx::StepGraph<D> graph(ctx_);
    Trained result;
    for (std::int64_t step = 0; step < n_steps; ++step) {
      std::vector<std::int32_t> rows;
      for (std::int64_t i = 0; i < batch; ++i) rows.push_back(static_cast<std::int32_t>((11 * step + 3 * i) % n_spots));
      upload(ctx_, rows_, std::span<const std::int32_t>(rows));
      graph.run(batch, [&] { train_step(); });
      result.losses.push_back(static_cast<double>(to_host(ctx_, loss_)[0]));
      result.last_grads = convert_back(to_host(ctx_, store_.grads()));
      if (step == 0) result.first_grads = result.last_grads;
    }
    result.values = convert_back(to_host(ctx_, store_.values()));
    return result;
  }

 private:
  static std::vector<double> convert_back(const std::vector<T>& values) { return {values.begin(), values.end()}; }

  void train_step() {
    begin_step(ctx_);
    store_.begin_step();
    const auto spots = constant(ctx_, gather_log1p(ctx_, counts_, rows_, inputs_));
    const auto truth = gather_log1p(ctx_, counts_, rows_, targets_);
    const auto clusters = trunk_.encode_clusters(ctx_, constant(ctx_, centroids_));
    const auto loss = mse(ctx_, head_(ctx_, trunk_(ctx_, spots, clusters).fused), truth);
    backward(ctx_, loss);
    adam_.step(ctx_);
    fill(ctx_, loss_.data, 1, T(0));
    add_to(ctx_, loss_.data, loss.value().data, 1);
  }

  stx::Context<D> ctx_;
  stx::ParameterStore<T, D> store_;
  stx::casper::Trunk<T, D> trunk_;
  stx::casper::PanelHead<T, D> head_;
  stx::optim::Adam<T, D> adam_;
  stx::Csr<D> counts_;
  Tensor<T, D> centroids_;
  Tensor<std::int32_t, D> rows_;
  Tensor<T, D> loss_;
  stx::BatchLayout<T, D> inputs_, targets_;
};

}  // namespace

TEST_CASE("CASPER on CUDA: training steps, eager, captured and replayed, agree with the CPU") {
  if (no_cuda_device()) return;
  const Trained want = Training<double, stx::Cpu>().run();
  const Trained rough = Training<float, stx::Cpu>().run();
  const Trained got = Training<float, stx::Cuda>().run();
  const auto compare = [](const char* what, const auto& got_values, const auto& want_values, const auto& rough_values) {
    const std::vector<float> g(got_values.begin(), got_values.end()), r(rough_values.begin(), rough_values.end());
    check_close(what, g, std::vector<double>(want_values.begin(), want_values.end()), r, 32);
  };
  compare("losses", got.losses, want.losses, rough.losses);
  compare("gradients of the first step", got.first_grads, want.first_grads, rough.first_grads);
  compare("gradients of the last step", got.last_grads, want.last_grads, rough.last_grads);
  compare("parameters after the last step", got.values, want.values, rough.values);
  CHECK(want.losses.back() < want.losses.front());
  const Trained again = Training<float, stx::Cuda>().run();
  CHECK(same_bits(again.values, got.values));
  CHECK(same_bits(again.losses, got.losses));
}
