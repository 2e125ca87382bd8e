// The network of the second stage: latents of spots to places in space.
#pragma once

#include <array>
#include <optional>

#include "stx/autograd/backward.hpp"
#include "stx/nn/mlp.hpp"
#include "stx/ops/gather_rows.hpp"
#include "stx/ops/gaussian_sample.hpp"
#include "stx/ops/l1_loss.hpp"
#include "stx/optim/adam.hpp"

namespace stx::dcavae {

struct PositionOptions {
  std::vector<std::int64_t> hidden = {64, 32};  ///< widths of the ReLU layers
  std::int64_t epochs = 100;                    ///< all are trained; the weights of the last are used
  double learning_rate = 0.01;                  ///< of Adam, constant
  std::int64_t batch_size = 512;                ///< spots of a step
  double held_out = 0.1;                        ///< share of the spots whose error is reported
  double calibration = 0.1;                     ///< share of the spots that the radius is learned from
  double level = 0.9;                           ///< share of spots that shall lie within their radius
  bool noise = false;                           ///< training sees samples of the latents, not their means
  std::int64_t samples = 20;                    ///< of the latents of a row, for its spread; 0: none
  std::uint32_t split_seed = 42;                ///< of the held-out spots
};

/// Latents (rows, latent) to places (rows, dims): linear layers with ReLU between them, biases, no
/// dropout. Trained on the sum of absolute errors over batch and axes.
///
/// Source: DCAVAE, sections 3 and 6.
template <class D>
class PositionModel {
 public:
  /// @param latents, sd  (n, latent) means and standard deviations of the spots' latents; sd is read with noise alone
  /// @param places       (n, dims), on a scale near 1
  PositionModel(const ContextOptions& context, const Matrix<float>& latents, const Matrix<float>& sd,
                const Matrix<float>& places, const PositionOptions& options)
      : ctx_(context) {
    std::vector<std::int64_t> widths = {latents.cols};
    widths.insert(widths.end(), options.hidden.begin(), options.hidden.end());
    widths.push_back(places.cols);
    layers_ = nn::Mlp<float, D>(ctx_, store_, "position", widths);
    store_.allocate(ctx_, context.seed);
    adam_.emplace(ctx_, store_, AdamOptions{.learning_rate = static_cast<float>(options.learning_rate)});
    latents_ = to_device(ctx_, latents);
    if (options.noise) {
      sd_ = to_device(ctx_, sd);
      site_ = ctx_.next_random_site();
    }
    places_ = to_device(ctx_, places);
    inputs_ = ctx_.template make_persistent<float>(Shape{chunk_rows, latents.cols});
    dims_ = places.cols;
  }

  /// The loss of some spots.
  std::array<Var<float, D>, 1> loss(const Tensor<std::int32_t, D>& rows) {
    const auto mean = gather_rows(ctx_, latents_, rows);
    const auto z =
        sd_ ? gaussian_sample<float, D>(ctx_, {mean, gather_rows(ctx_, sd_, rows), Spread::deviation}, site_) : mean;
    return {l1_loss(ctx_, layers_(ctx_, z), gather_rows(ctx_, places_, rows).value())};
  }

  /// Places (rows, dims) of latents (rows, latent). @throws ArgumentError for another width.
  Matrix<float> predict(const Matrix<float>& latents) {
    require(latents.cols == inputs_.cols(), "PositionModel", "latents must have ", inputs_.cols(), " columns, got ",
            latents.cols);
    NoGrad<D> no_grad(ctx_);
    Matrix<float> out(latents.rows, dims_);
    for (std::int64_t first = 0; first < latents.rows; first += chunk_rows) {
      const std::int64_t n = std::min(chunk_rows, latents.rows - first);
      const Tensor<float, D> chunk{inputs_.data, Shape{n, latents.cols}};
      upload(ctx_, chunk,
             std::span<const float>(latents.values.data() + first * latents.cols,
                                    static_cast<std::size_t>(n * latents.cols)));
      begin_pass(ctx_);
      const auto y = layers_(ctx_, constant(ctx_, chunk));
      copy_to_host(ctx_, out.values.data() + first * dims_, y.value().data,
                   static_cast<std::size_t>(n * dims_) * sizeof(float));
    }
    return out;
  }

  Context<D>& context() { return ctx_; }
  ParameterStore<float, D>& store() { return store_; }
  optim::Adam<float, D>& adam() { return *adam_; }

 private:
  static constexpr std::int64_t chunk_rows = 4096;

  Context<D> ctx_;
  ParameterStore<float, D> store_;
  nn::Mlp<float, D> layers_;
  std::optional<optim::Adam<float, D>> adam_;
  Tensor<float, D> latents_, sd_, places_, inputs_;
  std::uint32_t site_ = 0;
  std::int64_t dims_ = 0;
};

}  // namespace stx::dcavae
