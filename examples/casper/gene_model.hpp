// Protocol "genes": any gene of the single-cell reference is predicted in every spot, also genes
// that were never measured in space.
#pragma once

#include <array>
#include <numeric>

#include "examples/casper/gene_embedding.hpp"
#include "examples/casper/gene_network.hpp"
#include "examples/casper/gene_task.hpp"
#include "stx/data/preprocess.hpp"
#include "stx/ops/draw_rows.hpp"
#include "stx/ops/hide_inputs.hpp"
#include "stx/ops/mse.hpp"

namespace stx::casper {

/// Training of the gene-agnostic network with its data on one device. With SingleCells::none nothing of
/// the cells is left: no attention, a constant in place of the gene embeddings, no training cells.
///
/// Minimised, a batch of spots and a batch of cells at a time: the squared error of z-scores (a) of
/// measured genes hidden from the spot's input, and (b) of every reference gene of cells, some inputs
/// hidden, times `cell_weight`.
template <class D>
class GeneModel {
 public:
  GeneModel(const ContextOptions& context, const GeneTask& task, const GeneTaskScales& scales, const Options& options)
      : network_(context, static_cast<std::int64_t>(task.st_inputs.size()), task.centroids,
                 task.single_cells == SingleCells::none
                     ? Matrix<float>(1, task.cells->cols, static_cast<float>(options.stats_scale))
                     : gene_embedding(log1p_counts(*task.cells), scales.cells,
                                      {.n_loadings = static_cast<int>(options.n_loadings),
                                       .stats_scale = options.stats_scale,
                                       .threads = context.threads}),
                 options, task.single_cells),
        adam_(network_.context(), network_.store(), options.adam()),
        cell_weight_(task.single_cells == SingleCells::none ? 0.0 : options.cell_weight),
        cell_batch_(options.gene_batch_size) {
    Context<D>& ctx = network_.context();
    hide_spots_ = {static_cast<float>(options.hide_lowest), static_cast<float>(options.hide_highest),
                   ctx.next_random_site()};
    hide_cells_ = {hide_spots_.lowest, hide_spots_.highest, ctx.next_random_site()};
    cell_site_ = ctx.next_random_site();
    spots_ = to_device(ctx, *task.spots);
    cells_ = to_device(ctx, *task.cells);
    std::vector<std::int64_t> all(static_cast<std::size_t>(cells_.cols));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    const auto of_inputs = [&](const std::vector<double>& values) {
      std::vector<double> chosen;
      for (std::int64_t g : task.sc_inputs) chosen.push_back(values[g]);
      return chosen;
    };
    spot_inputs_ = detail::plain_layout(ctx, spots_, task.st_inputs, scales.st_input.mean, scales.st_input.sd);
    cell_inputs_ =
        detail::plain_layout(ctx, cells_, task.sc_inputs, of_inputs(scales.cells.mean), of_inputs(scales.cells.sd));
    cell_targets_ = detail::plain_layout(ctx, cells_, all, scales.cells.mean, scales.cells.sd);
    spot_targets_ = detail::plain_layout(ctx, spots_, task.st_inputs, scales.st_target.mean, scales.st_target.sd);
    const std::vector<double> totals = row_totals(*task.spots, task.st_inputs);
    spot_targets_.totals = detail::vector_to_device(ctx, std::vector<float>(totals.begin(), totals.end()));
    // Validation genes are hidden by a scale of 0: their inputs then say "average".
    selection_inputs_ = spot_inputs_;
    std::vector<float> shown = detail::inverse_sd(scales.st_input.sd);
    for (std::size_t j = 0; j < shown.size(); ++j) shown[j] *= task.trained[j];
    selection_inputs_.scale = detail::vector_to_device(ctx, shown);
    trained_ = detail::vector_to_device(ctx, task.trained);
    measured_ = to_device(ctx, network_.embedding_of(task.sc_inputs));
    all_genes_ = to_device(ctx, network_.embedding());
  }

  /// The two terms of the loss for a batch of spots.
  std::array<Var<float, D>, 2> loss(const Tensor<std::int32_t, D>& rows) {
    Context<D>& ctx = network_.context();
    const auto clusters = network_.encode_clusters();
    const auto spots = gather_log1p(ctx, spots_, rows, spot_inputs_);
    const auto hidden = hide_inputs(ctx, spots, hide_spots_, trained_);
    const auto spot_loss =
        mse(ctx, network_(spots, clusters, measured_), gather_log1p(ctx, spots_, rows, spot_targets_), hidden);

    const auto drawn = draw_rows(ctx, cell_batch_, cells_.rows, cell_site_);
    const auto cells = gather_log1p(ctx, cells_, drawn, cell_inputs_);
    hide_inputs(ctx, cells, hide_cells_);
    const auto cell_loss = mse(ctx, network_(cells, clusters, all_genes_),
                               gather_log1p(ctx, cells_, drawn, cell_targets_), {}, cell_weight_, 1);
    return {spot_loss, cell_loss};
  }

  /// Which inputs a prediction may use.
  enum class Inputs { all, without_validation };

  /// z-scores (rows, genes) of reference genes in evaluation mode.
  Matrix<float> predict(const std::vector<std::int64_t>& rows, const std::vector<std::int64_t>& genes,
                        Inputs inputs = Inputs::all, Matrix<float>* attention = nullptr) {
    return network_.predict(spots_, inputs == Inputs::all ? spot_inputs_ : selection_inputs_, rows, genes, attention);
  }

  Context<D>& context() { return network_.context(); }
  ParameterStore<float, D>& store() { return network_.store(); }
  optim::Adam<float, D>& adam() { return adam_; }
  GeneNetwork<D>& network() { return network_; }

 private:
  GeneNetwork<D> network_;
  optim::Adam<float, D> adam_;
  double cell_weight_;
  std::int64_t cell_batch_;
  Hide hide_spots_, hide_cells_;
  std::uint32_t cell_site_ = 0;
  Csr<D> spots_, cells_;
  Tensor<float, D> measured_, all_genes_, trained_;
  BatchLayout<float, D> selection_inputs_, spot_inputs_, spot_targets_, cell_inputs_, cell_targets_;
};

}  // namespace stx::casper
