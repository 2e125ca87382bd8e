// The pair sampler of DCAVAE on the CPU.
#include "dcavae_pairs.hpp"

#include <algorithm>
#include <set>

#include "stx/autograd/backward.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/core/step_graph.hpp"
#include "support/compare.hpp"
#include "support/naive_sampling.hpp"

using namespace stx;
using namespace stx::test;
using namespace stx::dcavae;

namespace {

constexpr std::int64_t n_cells = 103, n_spots = 61, n_genes = 17;

Options small() {
  Options o;
  o.batch_size = 20;
  o.epoch_iterations = 1;
  o.k = 5;
  return o;
}

struct Sides {
  Matrix<float> cells = random_profiles(n_cells, n_genes, 1), spots = random_profiles(n_spots, n_genes, 2);
  TopLists lists;

  explicit Sides(const Options& o)
      : lists(make_lists<Cpu>({.threads = 2}, cells, spots, list_sizes(n_cells, n_spots, o))) {}
};

std::vector<HostDraw> drawn(const Options& o, std::int64_t first_epoch = 0, std::int64_t n_epochs = 1, int threads = 2,
                            std::uint32_t first_step = 0) {
  const Sides sides(o);
  Context<Cpu> ctx({.threads = threads, .seed = 7});
  PairSampler<Cpu> sampler(ctx, sides.cells, sides.spots, sides.lists, o);
  ctx.step_state()->step = first_step;
  return draws(sampler, ctx, first_epoch, n_epochs);
}

bool holds(const Matrix<std::int32_t>& lists, std::int64_t row, std::int32_t id) {
  const auto list = lists.row(row);
  return std::find(list.begin(), list.end(), id) != list.end();
}

}  // namespace

TEST_CASE("pairs: an epoch has at least epoch_iterations iterations, its passes going on") {
  Options o = small();
  o.epoch_iterations = 7;
  const auto two = drawn(o, 0, 2);
  CHECK(two.size() == 2 * 7 * 2);
  o.epoch_iterations = 14;
  const auto one = drawn(o, 0, 1);
  REQUIRE(one.size() == two.size());
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i].anchors == two[i].anchors);
  o.epoch_iterations = 3;  // fewer than a pass
  CHECK(drawn(o, 0, 1).size() == 5 * 2);
}

TEST_CASE("pairs: anchors are passes without repeats, partners are in lists, positives are the lists") {
  const Options o = small();
  const Sides sides(o);
  const auto all = drawn(o, 0, 3);
  REQUIRE(all.size() == 3 * 5 * 2);  // 103 / 20 = 5 iterations
  std::set<std::set<std::int32_t>> passes;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::set<std::int32_t> cells;
    for (int i = 0; i < 5; ++i) {
      const HostDraw& d = all[(epoch * 5 + i) * 2];
      cells.insert(d.anchors.begin(), d.anchors.end());
    }
    CHECK(cells.size() == 100);
    passes.insert(cells);
  }
  CHECK(passes.size() == 3);  // other rows are left out every time
  for (std::size_t s = 0; s < all.size(); ++s) {
    const HostDraw& d = all[s];
    const bool by_cells = s % 2 == 0;
    const auto& lists = by_cells ? sides.lists.of_cells : sides.lists.of_spots;
    REQUIRE((d.keys_of_anchors.size() == 20 && d.keys_of_partners.size() == 20));
    for (std::size_t i = 0; i < 20; ++i) {
      REQUIRE(holds(lists, d.anchors[i], d.partners[i]));
      REQUIRE(d.keys_of_anchors[i] < (by_cells ? n_spots : n_cells));
      REQUIRE(d.keys_of_partners[i] < (by_cells ? n_cells : n_spots));
      for (std::size_t j = 0; j < 20; ++j) {  // row: a cell of the batch, column: a spot
        const bool positive = (d.positives[i] >> j & 1u) != 0u;
        REQUIRE(positive ==
                (by_cells ? holds(lists, d.anchors[i], d.partners[j]) : holds(lists, d.anchors[j], d.partners[i])));
      }
    }
    CHECK(d.distances.empty());
  }
}

TEST_CASE("pairs: an epoch can be drawn without the ones before it; threads do not matter") {
  const Options o = small();
  const auto all = drawn(o, 0, 3);
  CHECK(drawn(o, 2, 1, 2, 20) == std::vector<HostDraw>(all.begin() + 20, all.end()));
  for (int threads : {1, 3, 5}) CHECK(drawn(o, 0, 3, threads) == all);
}

TEST_CASE("pairs: the shorter side begins new passes; a frozen order comes again") {
  Options o = small();
  const auto all = drawn(o, 0, 2);
  std::set<std::int32_t> spots;  // 61 / 20 = 3 batches of a pass
  for (int i = 0; i < 3; ++i) spots.insert(all[2 * i + 1].anchors.begin(), all[2 * i + 1].anchors.end());
  CHECK(spots.size() == 60);
  CHECK(all[7].anchors != all[1].anchors);
  o.reshuffle = false;
  const auto frozen = drawn(o, 0, 2);
  CHECK(frozen[7].anchors == frozen[1].anchors);
  CHECK(frozen[10].anchors == frozen[0].anchors);
  CHECK(frozen[10].partners != frozen[0].partners);
}

TEST_CASE("pairs: the first release's partners and keys are drawn for other anchors; positives are chance") {
  CHECK(Options().pairing == "aligned");
  CHECK(Options::of_revision("paper").pairing == "aligned");
  CHECK(Options::of_revision("R2").pairing == "other_keys");
  CHECK(Options::of_revision("R1").pairing == "independent");
  Options o = small();
  o.k = 1;  // a row's only partner tells whose it is
  o.k_scaled = false;
  const Sides sides(o);
  const auto aligned = drawn(o, 0, 8);
  o.pairing = "independent";
  const auto all = drawn(o, 0, 8);
  REQUIRE(all.size() == aligned.size());
  std::size_t own = 0, rows = 0, without = 0;
  std::vector<std::int32_t> of_epoch, of_lists(sides.lists.of_cells.values);
  std::sort(of_lists.begin(), of_lists.end());
  for (std::size_t s = 0; s < all.size(); ++s) {
    const HostDraw& d = all[s];
    const bool by_cells = s % 2 == 0;
    const auto& lists = by_cells ? sides.lists.of_cells : sides.lists.of_spots;
    CHECK(d.anchors == aligned[s].anchors);
    if (by_cells) of_epoch.insert(of_epoch.end(), d.partners.begin(), d.partners.end());
    for (std::size_t i = 0; i < 20; ++i, ++rows) {
      own += holds(lists, d.anchors[i], d.partners[i]);
      std::size_t positives = 0;
      for (std::size_t j = 0; j < 20; ++j) {
        const std::size_t cell = by_cells ? i : j, spot = by_cells ? j : i;
        const bool positive = (d.positives[cell] >> spot & 1u) != 0u;
        REQUIRE(positive == holds(lists, d.anchors[i], d.partners[j]));
        positives += positive;
      }
      without += positives == 0;
    }
    if (s % 10 == 9) {  // the partners of an epoch are those of a pass over the cells: each cell gives one at most
      std::sort(of_epoch.begin(), of_epoch.end());
      CHECK(of_epoch.size() == 100);
      CHECK(std::includes(of_lists.begin(), of_lists.end(), of_epoch.begin(), of_epoch.end()));
      of_epoch.clear();
    }
  }
  CHECK(own < rows / 10);
  CHECK(without > rows / 2);
  CHECK(without < rows);
}

TEST_CASE("revision paper is what the paper prints, where settings for it exist") {
  const Options o = Options::of_revision("paper"), code = Options::of_revision("R2");
  CHECK((o.anchors == "cells" && o.attention == "separate" && o.norm == "batch" && o.mask_cell_encoder));
  CHECK((o.extra_genes == -1 && !o.balance_extra_genes && o.kappa == 0 && o.k == 50 && !o.k_scaled));
  CHECK((o.contrast == "global" && o.tau == 1 && o.lambda == 5 && o.loss_scale == "sum"));
  CHECK((o.kl_weight == 1 && o.kl_warmup == 0 && o.library == "observed" && o.reshuffle));
  CHECK((o.similarity == "raw_cosine" && o.dispersion == "decoder"));
  CHECK((code.anchors == "both" && code.attention == "shared" && code.norm == "shared_batch"));
  CHECK((!code.mask_cell_encoder && code.extra_genes == 0 && code.kl_warmup == 400 && !code.reshuffle));
  CHECK((o.batch_size == code.batch_size && o.adam_eps == code.adam_eps && o.hidden == code.hidden));
}

TEST_CASE("pairs: keys follow the mean similarity to those that look at them") {
  Options o = small();
  o.kappa = 1e5;  // always the nearest
  for (const char* pairing : {"aligned", "other_keys", "independent"}) {
    o.pairing = pairing;
    const Sides sides(o);
    std::size_t followed = 0, anchors_followed = 0, steps = 0;
    for (const HostDraw& d : drawn(o, 0, 2)) {
      const bool by_cells = steps++ % 2 == 0;
      const auto nearest = [&](const Matrix<float>& from, const std::vector<std::int32_t>& rows,
                               const Matrix<float>& to) {
        std::vector<double> score(static_cast<std::size_t>(to.rows), 0.0);
        for (const std::int32_t r : rows)
          for (std::int64_t k = 0; k < to.rows; ++k)
            for (std::int64_t g = 0; g < n_genes; ++g) score[k] += double{from(r, g)} * to(k, g);
        return static_cast<std::int32_t>(std::max_element(score.begin(), score.end()) - score.begin());
      };
      const auto &own = by_cells ? sides.cells : sides.spots, &other = by_cells ? sides.spots : sides.cells;
      anchors_followed += d.keys_of_anchors == std::vector<std::int32_t>(20, nearest(own, d.anchors, other));
      followed += d.keys_of_partners == std::vector<std::int32_t>(20, nearest(other, d.partners, own));
    }
    CHECK(steps == 20);
    CHECK((anchors_followed == steps) == (o.pairing != "independent"));
    CHECK((followed == steps) == (o.pairing == "aligned"));
  }
}

TEST_CASE("pairs: kappa 0 is the batch size; random pairs are uniform; no keys without cross-attention") {
  Options o = small();
  o.kappa = 20;
  const auto sharp = drawn(o);
  o.kappa = 0;
  CHECK(drawn(o) == sharp);
  o.random_pairs = true;
  std::vector<double> partners(n_spots), keys(n_spots);
  for (std::size_t s = 0; const HostDraw& d : drawn(o, 0, 200)) {
    if (s++ % 2 == 1) continue;
    for (const std::int32_t id : d.partners) partners[id] += 1;
    for (const std::int32_t id : d.keys_of_anchors) keys[id] += 1;
  }
  const std::vector<double> even(n_spots, 1.0 / n_spots);
  CHECK(naive::chi_square(partners, even) < naive::chi_square_limit(n_spots - 1));
  CHECK(naive::chi_square(keys, even) < naive::chi_square_limit(n_spots - 1));
  o.cross_attention = false;
  const auto none = drawn(o);
  CHECK((none[0].keys_of_anchors.empty() && none[0].keys_of_partners.empty()));
}

TEST_CASE("pairs: distances of the first release are softplus of similarities; a batch larger than a side") {
  Options o = small();
  o.contrast = "r1";
  o.batch_size = 80;
  const Sides sides(o);
  const auto all = drawn(o);
  REQUIRE(all.size() == 2);  // one iteration
  for (int s = 0; s < 2; ++s) {
    const HostDraw& d = all[s];
    const std::size_t n = s == 0 ? 80 : 61;
    const auto &cells = s == 0 ? d.anchors : d.partners, &spots = s == 0 ? d.partners : d.anchors;
    REQUIRE((cells.size() == n && spots.size() == n && d.distances.size() == n * n));
    for (std::size_t i = 0; i < n; i += 7)
      for (std::size_t j = 0; j < n; ++j) {
        double dot = 0;
        for (std::int64_t g = 0; g < n_genes; ++g) dot += double{sides.cells(cells[i], g)} * sides.spots(spots[j], g);
        REQUIRE(std::abs(d.distances[i * n + j] - std::log1p(std::exp(dot))) < 1e-5);
      }
  }
}
