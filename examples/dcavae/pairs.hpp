// Batches of DCAVAE, drawn on the device inside a captured step: anchors, partners, keys, positives.
#pragma once

#include <algorithm>

#include "examples/dcavae/draw_keys.hpp"
#include "examples/dcavae/top_lists.hpp"
#include "stx/ops/draw_partners.hpp"
#include "stx/ops/draw_rows.hpp"
#include "stx/ops/gather_rows.hpp"
#include "stx/ops/linear.hpp"
#include "stx/ops/pair_bits.hpp"
#include "stx/ops/shuffled_batch.hpp"

namespace stx::dcavae {

/// Row numbers of a step; all of one length but the keys of a network that needs none.
template <class D>
struct Draw {
  Tensor<std::int32_t, D> anchors;           ///< of the anchors' side
  Tensor<std::int32_t, D> keys_of_anchors;   ///< of the other side
  Tensor<std::int32_t, D> partners;          ///< of the other side: partner i is one of anchor i's list
  Tensor<std::int32_t, D> keys_of_partners;  ///< of the anchors' side
  Tensor<std::uint32_t, D> positives;        ///< (cells, ceil(spots / 32)) of the batch, as contrastive() takes them
  Tensor<float, D> distances;                ///< (cells, spots), with contrast = r1 alone: softplus of similarities
};

/// Anchors come batch by batch from passes over all rows in random order (a new order in every pass with
/// options.reshuffle); rows that fill no batch at the end of a pass are other ones each time, and the shorter
/// side begins new passes. Partners are uniform members of the anchors' lists; keys are rows of the other side
/// drawn from softmax(kappa * mean similarity to the rows that will look at them): one mean of unit profiles
/// and one matrix-vector product. With options.random_pairs both are uniform over all rows.
///
/// options.pairing undoes that as the releases do: with other_keys the keys of partners are drawn for another
/// draw of partners; with independent the partners, their keys and the anchors' keys are each drawn for anchors
/// of passes of their own, so that an anchor has positives by chance alone.
///
/// Draws are functions of seed, epoch, step and site: the same on every device. Nothing of size cells x spots
/// exists. Source: DCAVAE, section 5.
template <class D>
class PairSampler {
 public:
  /// @param cells, spots  unit_profiles() of both sides
  /// @param lists         of both sides, ascending; read with random_pairs too, for the positives
  PairSampler(Context<D>& ctx, const Matrix<float>& cells, const Matrix<float>& spots, const TopLists& lists,
              const Options& options)
      : options_(options) {
    make_side(ctx, 0, cells, lists.of_cells);
    make_side(ctx, 1, spots, lists.of_spots);
    if (options.pairing == "independent")  // last, so that the other draws stay as they are
      for (Side& side : sides_)
        for (int pass = 1; pass < 4; ++pass) side.passes.push_back(make_pass(ctx));
    iterations_ = std::max({cells.rows / sides_[0].batch, spots.rows / sides_[1].batch, options.epoch_iterations});
  }

  /// Of an epoch, each with a step for cells and a step for spots as anchors: passes over the longer side,
  /// but at least options.epoch_iterations.
  std::int64_t iterations() const { return iterations_; }

  /// To be called before the steps of an epoch: from here on, batches are those of this epoch.
  void begin_epoch(Context<D>& ctx, std::int64_t epoch) {
    const std::vector<std::uint32_t> first{static_cast<std::uint32_t>(epoch * iterations_)};
    for (const Side& side : sides_)
      for (const Pass& pass : side.passes) upload(ctx, pass.number, std::span<const std::uint32_t>(first));
  }

  /// The next batch with cells (first) or spots (second) as anchors, in the step arena. Capturable.
  Draw<D> draw(Context<D>& ctx, Anchors anchors) {
    const bool by_cells = anchors == Anchors::first;
    const int m = by_cells ? 0 : 1;
    const Side &own = sides_[m], &other = sides_[1 - m];
    Draw<D> out;
    const auto batch = [&](std::size_t p) {
      return shuffled_batch(ctx, own.rows(), own.batch, own.passes[p].site, own.passes[p].number, options_.reshuffle);
    };
    out.anchors = batch(0);
    const auto anchors_of = [&](std::size_t p) { return options_.pairing == "independent" ? batch(p) : out.anchors; };
    out.partners = partners(ctx, m, anchors_of(1), own.partner_site);
    if (options_.cross_attention) {
      out.keys_of_anchors = keys(ctx, 1 - m, anchors_of(2), own.key_site);
      const auto seen = options_.pairing == "aligned" ? out.partners : partners(ctx, m, anchors_of(3), own.second_site);
      out.keys_of_partners = keys(ctx, m, seen, own.partner_key_site);
    }
    const auto &cells = by_cells ? out.anchors : out.partners, &spots = by_cells ? out.partners : out.anchors;
    out.positives = pair_bits(ctx, own.lists, cells, spots, anchors, other.rows());
    if (options_.contrast == "r1")
      out.distances =
          linear(ctx, gather_rows(ctx, sides_[0].profiles, cells), gather_rows(ctx, sides_[1].profiles, spots),
                 Var<float, D>(), {.activation = Activation::softplus})
              .value();
    return out;
  }

  /// Rows of side m (0: cells, 1: spots), as many as `queries` of the other side and drawn for these.
  Tensor<std::int32_t, D> keys(Context<D>& ctx, int m, const Tensor<std::int32_t, D>& queries, std::uint32_t site) {
    return draw_keys(ctx, sides_[m].profiles, sides_[1 - m].profiles, queries, options_, site);
  }

 private:
  struct Pass {
    std::uint32_t site = 0;
    Tensor<std::uint32_t, D> number;  ///< (1): of the next batch
  };
  struct Side {
    Tensor<float, D> profiles;      ///< rows x genes
    Tensor<std::int32_t, D> lists;  ///< rows x K of the other side
    std::vector<Pass> passes;       ///< of the anchors; of those that partners, keys, partners' keys are drawn for
    std::int64_t batch = 0;
    std::uint32_t key_site = 0, partner_site = 0, second_site = 0, partner_key_site = 0;

    std::int64_t rows() const { return profiles.rows(); }
  };

  void make_side(Context<D>& ctx, int m, const Matrix<float>& profiles, const Matrix<std::int32_t>& lists) {
    require<DataError>(profiles.rows > 0 && lists.rows == profiles.rows && lists.cols > 0, "PairSampler",
                       "every row needs a list, got ", profiles.rows, " rows and ", lists.rows, " lists of ",
                       lists.cols);
    Side& side = sides_[m];
    side.profiles = to_device(ctx, profiles);
    side.lists = to_device(ctx, lists);
    side.passes = {make_pass(ctx)};
    side.batch = std::min(options_.batch_size, profiles.rows);
    for (std::uint32_t* site : {&side.key_site, &side.partner_site, &side.second_site, &side.partner_key_site})
      *site = ctx.next_random_site();
  }

  static Pass make_pass(Context<D>& ctx) {
    return {ctx.next_random_site(), to_device(ctx, std::vector<std::uint32_t>{0}, Shape{1})};
  }

  Tensor<std::int32_t, D> partners(Context<D>& ctx, int m, const Tensor<std::int32_t, D>& rows, std::uint32_t site) {
    if (options_.random_pairs) return draw_rows(ctx, rows.size(), sides_[1 - m].rows(), site);
    return draw_partners(ctx, sides_[m].lists, rows, site);
  }

  Options options_;
  Side sides_[2];  ///< cells, spots
  std::int64_t iterations_ = 0;
};

}  // namespace stx::dcavae
