// A small model to train in tests.
#pragma once

#include <limits>

#include "examples/casper/model.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/ops/draw_rows.hpp"
#include "stx/ops/gather_log1p.hpp"
#include "stx/ops/mse.hpp"
#include "stx/train/fit.hpp"
#include "support/random.hpp"

namespace stx::test {

inline constexpr std::int64_t n_rows = 70, n_genes = 9, n_inputs = 6, n_targets = 3, n_clusters = 4;

/// Counts whose last genes follow from the first.
inline CsrMatrix<float> toy_counts() {
  CsrMatrix<float> m;
  m.rows = n_rows;
  m.cols = n_genes;
  m.indptr = {0};
  const auto draws = random_values(n_rows * n_inputs, 3, 0, 9);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    for (std::int64_t g = 0; g < n_genes; ++g) {
      const std::int64_t source = g < n_inputs ? g : g - n_inputs;
      m.indices.push_back(static_cast<std::int32_t>(g));
      m.values.push_back(static_cast<float>(std::floor(draws[i * n_inputs + source])));
    }
    m.indptr.push_back(static_cast<std::int64_t>(m.indices.size()));
  }
  return m;
}

struct ToyOptions {
  int threads = 1;
  std::int64_t bad_row = -1;       ///< row whose target is NaN
  bool bad_cells = false;          ///< the second term of the loss is NaN from the first step on
  std::uint32_t steps_before = 0;  ///< steps of the context before training
};

/// A small CASPER with dropout, with the interface that train_job wants.
class Toy {
 public:
  explicit Toy(const ToyOptions& o = {})
      : ctx_({.threads = o.threads, .seed = 5}),
        trunk_(ctx_, store_,
               {.n_inputs = n_inputs, .n_token_genes = n_genes, .hidden = 16, .width = 8, .dropout = 0.2f}),
        head_(ctx_, store_, 8, n_targets), adam_(prepare(o), store_, {.learning_rate = 0.01f, .weight_decay = 1e-4f}),
        site_(ctx_.next_random_site()), counts_(to_device(ctx_, toy_counts())),
        centroids_(
            to_device(ctx_, convert<float>(random_values(n_clusters * n_genes, 9, 0, 3)), Shape{n_clusters, n_genes})) {
    inputs_ = layout(0, n_inputs);
    targets_ = layout(n_inputs, n_targets);
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    CsrMatrix<float> spots = toy_counts(), cells = toy_counts();
    if (o.bad_row >= 0) spots.values[o.bad_row * n_genes + n_inputs] = nan;
    if (o.bad_cells) std::fill(cells.values.begin(), cells.values.end(), nan);
    spot_truth_ = to_device(ctx_, spots);
    cell_truth_ = to_device(ctx_, cells);
  }

  std::array<Var<float, Cpu>, 2> loss(const Tensor<std::int32_t, Cpu>& rows) {
    const auto clusters = trunk_.encode_clusters(ctx_, constant(ctx_, centroids_));
    const auto drawn = draw_rows(ctx_, 8, n_rows, site_);
    return {error_of(rows, spot_truth_, clusters, 1.0, 0), error_of(drawn, cell_truth_, clusters, 0.5, 1)};
  }

  Context<Cpu>& context() { return ctx_; }
  ParameterStore<float, Cpu>& store() { return store_; }
  optim::Adam<float, Cpu>& adam() { return adam_; }
  std::vector<float> values() { return to_host(ctx_, store_.values()); }

 private:
  Context<Cpu>& prepare(const ToyOptions& o) {
    store_.allocate(ctx_, 17);
    ctx_.step_state()->step = o.steps_before;
    return ctx_;
  }
  BatchLayout<float, Cpu> layout(std::int64_t first, std::int64_t n) {
    std::vector<std::int32_t> column_of(n_genes, -1);
    for (std::int64_t c = 0; c < n; ++c) column_of[first + c] = static_cast<std::int32_t>(c);
    return {.column_of = to_device(ctx_, column_of, Shape{n_genes}),
            .n_columns = n,
            .totals = to_device(ctx_, std::vector<float>(n_rows, 50.0f), Shape{n_rows}),
            .target_sum = 50.0f,
            .shift = {},
            .scale = {}};
  }
  Var<float, Cpu> error_of(const Tensor<std::int32_t, Cpu>& rows, const Csr<Cpu>& truth, Var<float, Cpu> clusters,
                           double weight, std::uint32_t term) {
    const auto x = constant(ctx_, gather_log1p(ctx_, counts_, rows, inputs_));
    return mse(ctx_, head_(ctx_, trunk_(ctx_, x, clusters).fused), gather_log1p(ctx_, truth, rows, targets_), {},
               weight, term);
  }

  Context<Cpu> ctx_;
  ParameterStore<float, Cpu> store_;
  casper::Trunk<float, Cpu> trunk_;
  casper::PanelHead<float, Cpu> head_;
  optim::Adam<float, Cpu> adam_;
  std::uint32_t site_;
  Csr<Cpu> counts_, spot_truth_, cell_truth_;
  Tensor<float, Cpu> centroids_;
  BatchLayout<float, Cpu> inputs_, targets_;
};

inline FitOptions toy_fit() {
  return {.batch_size = 16,
          .max_epochs = 9,
          .patience = 9,
          .seed = 2,
          .steps_per_epoch = 0,
          .terms = {{"spots"}, {"cells", false}}};
}

/// A state of a model with `n` parameters.
inline FitState<float> small_state(std::size_t n) {
  FitState<float> state;
  state.values = state.means = state.squares = std::vector<float>(n, 0.5f);
  return state;
}

}  // namespace stx::test
