// A DCAVAE on one device with its data, and what it infers: latents, expected counts, P(zero), samples.
#pragma once

#include <algorithm>
#include <numeric>

#include "examples/dcavae/device_task.hpp"
#include "examples/dcavae/model.hpp"
#include "stx/autograd/backward.hpp"
#include "stx/ops/sample_counts.hpp"

namespace stx::dcavae {

/// The posterior of the latents: normal, independent dimensions. rows x latent.
struct Latents {
  Matrix<float> mean, sd;
};

/// rows x genes.
struct Expectation {
  Matrix<float> mean;    ///< expected counts, for a row with its observed total
  Matrix<float> p_zero;  ///< probability of no count
};

/// Everything is in evaluation mode, in chunks of rows; a row's result depends on no other row asked for.
/// Queries attend to every row of the other side, projected once (or to evenly spaced rows: use_keys()).
template <class D>
class DcavaeModel {
 public:
  DcavaeModel(const ContextOptions& context, const Task& task, const Options& options)
      : ctx_(context), options_(options), totals_{task.cell_totals, task.spot_totals}, n_genes_(task.n_genes()),
        network_(ctx_, store_, {static_cast<std::int64_t>(task.cell_inputs.size()),
                                static_cast<std::int64_t>(task.split.train.size()), task.n_genes()}, options) {
    store_.allocate(ctx_, context.seed);
    sides_[0] = DeviceSide<D>(ctx_, task.cells, task.cell_inputs, {}, task.cell_totals);
    sides_[1] = DeviceSide<D>(ctx_, task.spots, task.split.train, task.split.train, task.spot_totals);
    rows_ = ctx_.template make_persistent<std::int32_t>(Shape{chunk_rows});
    count_site_ = ctx_.next_random_site();
  }

  /// Posterior of the latents of `rows` of side m.
  Latents latents(Modality m, const std::vector<std::int64_t>& rows);
  Latents latents(Modality m) { return latents(m, all_rows(m)); }

  /// Expected counts and P(zero) of `genes` (numbers of decoder genes), at the posterior means. On both sides
  /// the mean is that of the negative binomial; P(zero) of cells includes the extra zeros.
  Expectation expect(Modality m, const std::vector<std::int64_t>& rows, const std::vector<std::int64_t>& genes);

  /// One sample of the counts: a latent from its posterior, then counts from the likelihood. Sample k of a
  /// row is the same in any chunk; samples of other numbers are independent.
  Matrix<float> sample_counts(Modality m, const std::vector<std::int64_t>& rows,
                              const std::vector<std::int64_t>& genes, std::int64_t sample_number);

  /// The library: counts of a row over its observed genes (spots: training genes; cells: decoder genes).
  double total(Modality m, std::int64_t row) const { return totals_[index(m)][static_cast<std::size_t>(row)]; }

  /// Queries attend to at most `most` evenly spaced rows of the other side; 0: all.
  void use_keys(std::int64_t most) {
    most_keys_ = most;
    forget_keys();
  }
  /// To be called when parameters have changed: projected keys are then made again.
  void forget_keys() { have_keys_[0] = have_keys_[1] = false; }

  /// What queries of side m attend to, (rows, 2 hidden); set_keys() takes those of a saved model.
  Matrix<float> keys(Modality m) {
    make_keys(m);
    return to_matrix(ctx_, keys_[index(m)]);
  }
  void set_keys(Modality m, const Matrix<float>& keys) {
    keys_[index(m)] = to_device(ctx_, keys);
    have_keys_[index(m)] = true;
  }

  std::int64_t n_rows(Modality m) const { return sides_[index(m)].n_rows(); }
  std::int64_t n_genes() const { return n_genes_; }
  std::vector<std::int64_t> all_rows(Modality m) const {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(n_rows(m)));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    return rows;
  }

  Context<D>& context() { return ctx_; }
  ParameterStore<float, D>& store() { return store_; }
  const Network<float, D>& network() const { return network_; }
  const DeviceSide<D>& side(Modality m) const { return sides_[index(m)]; }
  const Options& options() const { return options_; }

 private:
  static constexpr std::int64_t chunk_rows = 1024;
  using V = Var<float, D>;
  using Rows = Tensor<std::int32_t, D>;

  static int index(Modality m) { return m == Modality::cells ? 0 : 1; }
  Modality key_side(Modality m) const { return options_.cross_attention ? other(m) : m; }

  /// Calls f(first place, row ids on the device) for chunks of rows in which `genes` values each fit.
  template <class F>
  void in_chunks(const std::vector<std::int64_t>& rows, std::int64_t genes, F&& f) {
    NoGrad<D> no_grad(ctx_);
    const auto n_rows = static_cast<std::int64_t>(rows.size());
    const std::int64_t size = std::clamp<std::int64_t>((std::int64_t{1} << 22) / std::max<std::int64_t>(genes, 1), 16,
                                                       chunk_rows);
    for (std::int64_t first = 0; first < n_rows; first += size) {
      const std::int64_t n = std::min(size, n_rows - first);
      const std::vector<std::int32_t> chunk(rows.begin() + first, rows.begin() + first + n);
      const Rows ids{rows_.data, Shape{n}};
      upload(ctx_, ids, std::span<const std::int32_t>(chunk));
      begin_pass(ctx_);
      f(first, ids);
    }
  }

  void make_keys(Modality m);
  Gaussian<float, D> posterior(Modality m, const Rows& ids) {
    const V x = sides_[index(m)].inputs(ctx_, ids);
    return network_.latent(ctx_, m, network_.embed(ctx_, m, x), constant(ctx_, keys_[index(m)]));
  }
  V library(Modality m, const Rows& ids) {
    if (options_.library == "learned") return network_.library(ctx_, m, sides_[index(m)].inputs(ctx_, ids)).mean;
    return sides_[index(m)].library(ctx_, ids);
  }
  CountExpectation<float, D> decode(Modality m, V z, const Rows& ids) {
    return count_decoder_mean(ctx_, network_.rate(ctx_, z), library(m, ids), sides_[index(m)].observed(),
                              network_.dispersion(ctx_, m), m == Modality::cells ? network_.zero(ctx_, z) : V());
  }

  Context<D> ctx_;
  Options options_;
  std::vector<double> totals_[2];
  std::int64_t n_genes_ = 0;
  ParameterStore<float, D> store_;
  Network<float, D> network_;
  DeviceSide<D> sides_[2];
  Rows rows_;
  Tensor<float, D> key_memory_[2], keys_[2];  ///< for queries of cells, of spots
  bool have_keys_[2] = {false, false};
  std::uint32_t count_site_ = 0;
  std::int64_t most_keys_ = 0;
};

}  // namespace stx::dcavae

#include "examples/dcavae/posterior_inline.hpp"
