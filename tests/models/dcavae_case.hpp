// A small task of DCAVAE and a sampler of pairs, for tests.
#pragma once

#include <algorithm>
#include <cmath>

#include "examples/dcavae/train.hpp"
#include "stx/ops/draw_rows.hpp"
#include "support/random.hpp"

namespace dcavae_case {

using stx::Shape;
using stx::Tensor;
using stx::dcavae::Modality;
using stx::dcavae::Options;
using stx::dcavae::Task;

inline constexpr std::int64_t n_cells = 41, n_spots = 31, n_genes = 13, n_training = 8, n_shared = 11;

/// Random counts; columns at or beyond `columns` are empty, and so is row `empty_row`.
inline stx::CsrMatrix<float> counts(std::int64_t rows, std::int64_t columns, unsigned seed,
                                    std::int64_t empty_row = -1) {
  stx::CsrMatrix<float> m;
  m.rows = rows;
  m.cols = n_genes;
  const auto draws = stx::test::random_values(rows * n_genes, seed, -6, 9);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t g = 0; g < columns && i != empty_row; ++g) {
      const double value = std::floor(draws[static_cast<std::size_t>(i * n_genes + g)]) + (g == 0 ? 7 : 0);
      if (value <= 0) continue;
      m.indices.push_back(static_cast<std::int32_t>(g));
      m.values.push_back(static_cast<float>(value));
    }
    m.indptr.push_back(m.nnz());
  }
  return m;
}

inline std::vector<double> totals(const stx::CsrMatrix<float>& m) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < m.rows; ++i) {
    double sum = 0;
    for (const float v : m.row_values(i)) sum += v;
    out.push_back(sum);
  }
  return out;
}

/// 8 training genes, 1 validation gene, 2 test genes, 2 genes outside the panel; one spot has no counts; places.
inline Task task(const Options& o) {
  Task t;
  t.cells = counts(n_cells, n_genes, 1);
  t.spots = counts(n_spots, n_training, 2, 5);
  t.n_shared = n_shared;
  for (std::int64_t g = 0; g < n_genes; ++g) {
    t.genes.push_back("g" + std::to_string(g));
    t.reference.push_back(g);
    if (g < n_training || !o.mask_cell_encoder) t.cell_inputs.push_back(g);
    if (g < n_training) t.split.train.push_back(g);
  }
  t.split.validation = {8};
  t.split.test = {9, 10};
  t.cell_totals = totals(t.cells);
  t.spot_totals = totals(t.spots);
  t.coordinates = stx::Matrix<double>(n_spots, 2);
  t.coordinates.values = stx::test::random_values(2 * n_spots, 5, 100, 900);
  t.validation_counts = stx::Matrix<float>(n_spots, 1, 1.0f);
  return t;
}

inline Options small(const std::string& revision) {
  Options o = Options::of_revision(revision);
  o.hidden = 12;
  o.latent = 5;
  o.n_heads = 3;
  o.batch_size = 16;
  o.contrast = revision == "R2" ? "r2" : "exclude_positives";
  o.learning_rate = 0.01;
  o.adam_eps = 0.01;
  o.key_draws = 2;
  return o;
}

/// Dispersions from the decoder, expectations over samples of the latents, which not all genes move.
inline Options decoder_dispersion() {
  Options o = small("sound");
  o.dispersion = "decoder";
  o.unshown_genes = "follow";
  o.expectation = "samples";
  o.posterior_samples = 7;
  return o;
}

/// Positions as a term of the loss.
inline Options joint() {
  Options o = small("sound");
  o.joint_positions = true;
  return o;
}

template <class D>
struct Draw {
  Tensor<std::int32_t, D> anchors, keys_of_anchors, partners, keys_of_partners;
  Tensor<std::uint32_t, D> positives;
  Tensor<float, D> distances;  ///< none
};

/// Rows drawn uniformly on the device; a row and its partner belong together, and a few others by chance.
template <class D>
class RandomPairs {
 public:
  RandomPairs(stx::Context<D>& ctx, const Options& o) : batch_(o.batch_size) {
    for (std::uint32_t& s : site_) s = ctx.next_random_site();
    const auto chance = stx::test::random_values(batch_ * batch_, 4, 0, 1);
    std::vector<std::uint32_t> words(static_cast<std::size_t>(batch_), 0u);  // at most 32 rows
    for (std::int64_t i = 0; i < batch_; ++i)
      for (std::int64_t j = 0; j < batch_; ++j)
        if (i == j || chance[static_cast<std::size_t>(i * batch_ + j)] > 0.9)
          words[static_cast<std::size_t>(i)] |= 1u << j;
    positives_ = stx::to_device(ctx, words, Shape{batch_, 1});
  }

  std::int64_t iterations() const { return 2; }
  void begin_epoch(stx::Context<D>&, std::int64_t) {}
  Draw<D> draw(stx::Context<D>& ctx, stx::Anchors anchors) const {
    const std::int64_t own = anchors == stx::Anchors::first ? n_cells : n_spots, rest = n_cells + n_spots - own;
    return {stx::draw_rows(ctx, batch_, own, site_[0]),
            stx::draw_rows(ctx, batch_ - 3, rest, site_[1]),
            stx::draw_rows(ctx, batch_, rest, site_[2]),
            stx::draw_rows(ctx, batch_ - 1, own, site_[3]),
            positives_,
            {}};
  }

 private:
  std::int64_t batch_;
  std::uint32_t site_[4] = {};
  Tensor<std::uint32_t, D> positives_;
};

template <class D>
using Trainer = stx::dcavae::Trainer<D, RandomPairs<D>>;

}  // namespace dcavae_case
