// A DCAVAE on one device with its data, and what it infers: latents, expected counts, P(zero), samples.
#pragma once

#include <algorithm>
#include <numeric>

#include "examples/dcavae/device_task.hpp"
#include "examples/dcavae/draw_keys.hpp"
#include "examples/dcavae/expected_log.hpp"
#include "examples/dcavae/model.hpp"
#include "examples/dcavae/position_split.hpp"
#include "examples/dcavae/similarity.hpp"
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
/// Queries attend to every row of the other side, projected once. With options.keys = sampled they attend to
/// drawn ones, as in training: the rows of a side, in the order of the data, fall into blocks of
/// options.batch_size rows, for each of which as many keys are drawn; results are means over
/// options.key_draws such draws, and sample k of the counts is seen through draw k modulo key_draws. Without
/// cross-attention a block then attends to itself. A row attends once: its posterior is kept for what is asked
/// next. Source: DCAVAE, section 7.
template <class D>
class DcavaeModel {
  using V = Var<float, D>;
  using Rows = Tensor<std::int32_t, D>;

 public:
  DcavaeModel(const ContextOptions& context, const Task& task, const Options& options)
      : ctx_(context),
        options_(options), totals_{cell_libraries(task.cell_totals, options.cell_depth), task.spot_totals},
        n_genes_(task.n_genes()), n_panel_(task.n_shared),
        network_(
            ctx_, store_,
            {static_cast<std::int64_t>(task.cell_inputs.size()), static_cast<std::int64_t>(task.split.train.size()),
             task.n_genes(), options.joint_positions ? task.coordinates.cols : 0},
            options) {
    store_.allocate(ctx_, context.seed);
    sides_[0] =
        DeviceSide<D>(ctx_, task.cells, task.cell_inputs, {},
                      options.unshown_genes == "follow" ? task.split.train : std::vector<std::int64_t>{}, totals_[0]);
    sides_[1] = DeviceSide<D>(ctx_, task.spots, task.split.train, task.split.train, {}, task.spot_totals);
    rows_ = ctx_.template make_persistent<std::int32_t>(Shape{chunk_rows});
    count_site_ = ctx_.next_random_site();
    if (options.joint_positions) show_places(task.coordinates);
    if (!sampled()) return;
    for (std::uint32_t& site : key_sites_) site = ctx_.next_random_site();
    block_rows_ = ctx_.template make_persistent<std::int32_t>(Shape{options.batch_size});
    const int threads = threads_or_all(ctx_.options().threads);
    for (const Modality m : {Modality::cells, Modality::spots})
      set_profiles(m, unit_profiles(task, m, similarity_of(options.similarity), threads));
  }

  /// Posterior of the latents of `rows` of side m; over several draws of keys mean and SD of the mixture. Means of
  /// cells are moved by the shift, if one was set.
  Latents latents(Modality m, const std::vector<std::int64_t>& rows);
  Latents latents(Modality m) { return latents(m, all_rows(m)); }

  /// @param shift  (latent), added to the means of cells that latents() gives: shift_of_cells()
  void set_shift_of_cells(std::vector<float> shift) { shift_of_cells_ = std::move(shift); }

  /// Expected counts and P(zero) of `genes` (numbers of decoder genes): by options.expectation at the posterior
  /// means, or means over options.posterior_samples latents. On both sides the mean is that of the negative
  /// binomial; P(zero) of cells includes the extra zeros.
  enum class At : unsigned char { setting, posterior_means };
  Expectation expect(Modality m, const std::vector<std::int64_t>& rows, const std::vector<std::int64_t>& genes,
                     At at = At::setting);

  /// Log-normalised expression ln(1 + 1e4 count / total) of spots for expected counts of `genes` in `rows`:
  /// its expectation, or by options.log_scale = plug_in that of the expected counts. 0 without a total.
  Matrix<float> spot_logs(const Matrix<float>& mean, const std::vector<std::int64_t>& rows,
                          const std::vector<std::int64_t>& genes);

  /// One sample of the counts: a latent from its posterior and, with options.library = learned, a library from its
  /// own (expectations take that one's mean), then counts from the likelihood. Sample k of a row is the same in any
  /// chunk; samples of other numbers are independent.
  Matrix<float> sample_counts(Modality m, const std::vector<std::int64_t>& rows, const std::vector<std::int64_t>& genes,
                              std::int64_t sample_number);

  /// Places (rows, axes) of latents, with options.joint_positions: in the scale of place_scale().
  Matrix<float> place(const Matrix<float>& latents);
  const CoordinateScale& place_scale() const { return *place_scale_; }
  const PositionSplit& place_split() const { return *place_split_; }
  /// What training sees of the places of some spots: (rows, axes), 0 where not shown, and which are (0 or 1).
  Tensor<float, D> places(const Rows& ids) { return gather_rows(ctx_, places_, ids).value(); }
  Var<float, D> place_shown(const Rows& ids) { return gather_rows(ctx_, place_shown_, ids); }

  /// The library: counts of a row over its observed genes (spots: training genes; cells: decoder genes, see
  /// cell_libraries()).
  double total(Modality m, std::int64_t row) const { return totals_[index(m)][static_cast<std::size_t>(row)]; }

  /// To be called when parameters have changed: projected keys and posteriors are then made again.
  void forget_keys() {
    have_keys_[0] = have_keys_[1] = false;
    kept_[0] = kept_[1] = {};
  }

  /// What queries of side m attend to, (rows, 2 hidden); set_keys() takes those of a saved model.
  Matrix<float> keys(Modality m) {
    make_keys(m);
    return to_matrix(ctx_, keys_[index(m)]);
  }
  void set_keys(Modality m, const Matrix<float>& keys) {
    keys_[index(m)] = to_device(ctx_, keys);
    have_keys_[index(m)] = true;
    kept_[index(m)] = {};
  }

  /// What similarities are taken from, with options.keys = sampled; a saved model brings those of the cells.
  Matrix<float> profiles(Modality m) { return to_matrix(ctx_, profiles_[index(m)]); }
  void set_profiles(Modality m, const Matrix<float>& profiles) {
    profiles_[index(m)] = to_device(ctx_, profiles);
    kept_[0] = kept_[1] = {};
  }

  std::int64_t n_rows(Modality m) const { return sides_[index(m)].n_rows(); }
  std::int64_t n_genes() const { return n_genes_; }
  /// Of the decoder's genes, the share that the panel has.
  double panel_share() const { return static_cast<double>(n_panel_) / static_cast<double>(n_genes_); }
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

  /// Posteriors that were asked for, of rows of one side in one draw of keys.
  struct Kept {
    std::vector<char> known;
    Matrix<float> mean, spread;  ///< (all rows, latent); spread is the log variance
  };

  static int index(Modality m) { return m == Modality::cells ? 0 : 1; }
  Modality key_side(Modality m) const { return options_.cross_attention ? other(m) : m; }
  bool sampled() const { return options_.keys == "sampled"; }
  std::int64_t n_draws() const { return sampled() && options_.cross_attention ? options_.key_draws : 1; }
  /// The block of keys that a row belongs to.
  std::int64_t block_of(std::int64_t row) const { return sampled() ? row / options_.batch_size : 0; }

  /// Calls f(first place, row ids on the device, block of these rows) for chunks of rows of one block in which
  /// `genes` values each fit.
  template <class F>
  void in_chunks(const std::vector<std::int64_t>& rows, std::int64_t genes, F&& f) {
    NoGrad<D> no_grad(ctx_);
    const auto n_rows = static_cast<std::int64_t>(rows.size());
    const std::int64_t size =
        std::clamp<std::int64_t>((std::int64_t{1} << 22) / std::max<std::int64_t>(genes, 1), 16, chunk_rows);
    for (std::int64_t first = 0, n = 0; first < n_rows; first += n) {
      const std::int64_t most = std::min(size, n_rows - first), block = block_of(rows[first]);
      for (n = 1; n < most && block_of(rows[first + n]) == block;) ++n;
      const std::vector<std::int32_t> chunk(rows.begin() + first, rows.begin() + first + n);
      const Rows ids{rows_.data, Shape{n}};
      upload(ctx_, ids, std::span<const std::int32_t>(chunk));
      begin_pass(ctx_);
      f(first, ids, block);
    }
  }

  void show_places(const Matrix<double>& coordinates);
  void make_keys(Modality m);
  /// Keys and values for the queries of a block, in draw number `draw`.
  V seen(Modality m, std::int64_t block, std::int64_t draw);
  /// Lets the rows of side m attend in a draw, but for those that did before.
  const Kept& posteriors(Modality m, const std::vector<std::int64_t>& rows, std::int64_t draw);
  /// ln theta of all genes: (1, genes), or with dispersion = decoder of each row of z.
  Tensor<float, D> log_theta(Modality m, V z) {
    const Tensor<float, D> r = network_.dispersion(ctx_, m, z).log_theta.value();
    return r.shape.rank() == 2 ? r : Tensor<float, D>{r.data, Shape{1, r.size()}};
  }
  /// theta of spots and `genes`: a row for all spots, or with dispersion = decoder one for each, at the posterior
  /// means.
  Matrix<float> spot_theta(const std::vector<std::int64_t>& rows, const std::vector<std::int64_t>& genes);
  /// The kept posterior of rows [first, first + n) of a list, in the step arena.
  Gaussian<float, D> posterior(const Kept& kept, const std::vector<std::int64_t>& rows, std::int64_t first,
                               std::int64_t n);
  Tensor<float, D> to_step(const Matrix<float>& host, Shape shape) {
    const Tensor<float, D> t = ctx_.template make_step<float>(shape);
    upload(ctx_, t, std::span<const float>(host.values));
    return t;
  }
  enum class Library : unsigned char { mean, sampled };
  /// ln of the totals that counts are expected at; a learned library is uncertain, and may be sampled.
  V library(Modality m, const Rows& ids, Library which) {
    if (options_.library != "learned") return sides_[index(m)].library(ctx_, ids);
    const Gaussian<float, D> q = network_.library(ctx_, m, sides_[index(m)].inputs(ctx_, ids));
    return which == Library::sampled ? network_.sample_library(ctx_, m, q, ids) : q.mean;
  }
  CountExpectation<float, D> decode(Modality m, V z, const Rows& ids, Library which) {
    return count_decoder_mean(ctx_, network_.rate(ctx_, z), library(m, ids, which), sides_[index(m)].observed(),
                              network_.dispersion(ctx_, m, z), m == Modality::cells ? network_.zero(ctx_, z) : V());
  }

  Context<D> ctx_;
  Options options_;
  std::vector<double> totals_[2];
  std::vector<float> shift_of_cells_;  ///< empty: none
  std::int64_t n_genes_ = 0, n_panel_ = 0;
  ParameterStore<float, D> store_;
  Network<float, D> network_;
  DeviceSide<D> sides_[2];
  Rows rows_;
  Tensor<float, D> key_memory_[2], keys_[2];  ///< for queries of cells, of spots
  bool have_keys_[2] = {false, false};
  std::vector<Kept> kept_[2];  ///< of cells, of spots: by draw
  std::uint32_t count_site_ = 0;
  Tensor<float, D> profiles_[2];  ///< of cells, of spots; with sampled keys
  Rows block_rows_;
  std::optional<PositionSplit> place_split_;
  std::optional<CoordinateScale> place_scale_;
  Tensor<float, D> places_, place_shown_;  ///< spots x axes; with joint_positions
  std::uint32_t key_sites_[2] = {};
};

}  // namespace stx::dcavae

#include "examples/dcavae/posterior_inline.hpp"
