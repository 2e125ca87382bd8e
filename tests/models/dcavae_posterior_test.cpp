// What a DCAVAE infers: rows are independent of each other, totals are kept, samples follow their model.
#include "models/dcavae_trained.hpp"
#include "models/range.hpp"
#include "support/compare.hpp"

namespace {

using namespace dcavae_case;
using stx::test::range;
using stx::test::same_bits;

}  // namespace

TEST_CASE("a row's latents, expectations and samples do not depend on the other rows asked for") {
  for (const Options& o : {small("sound"), small("R2"), decoder_dispersion()}) {
    INFO(o.revision, ", dispersion ", o.dispersion);
    const auto model = trained(o);
    const auto threaded = trained(o, 3);
    for (const Modality m : sides) {
      const std::vector<std::int64_t> some = {7, 3, 20}, genes = {12, 0, 9};
      const auto all = model->latents(m);
      const auto expected = model->expect(m, model->all_rows(m), range(n_genes));
      const auto sample = model->sample_counts(m, model->all_rows(m), genes, 4);
      model->forget_keys();  // what follows is inferred anew
      const auto part = model->latents(m, some);
      const auto expected_part = model->expect(m, some, genes);
      const auto sample_part = model->sample_counts(m, some, genes, 4);
      CHECK(same_bits(threaded->latents(m).mean.values, all.mean.values));
      CHECK(same_bits(threaded->sample_counts(m, some, genes, 4).values, sample_part.values));
      for (std::int64_t i = 0; i < 3; ++i) {
        for (std::int64_t j = 0; j < all.mean.cols; ++j) {
          CHECK(part.mean(i, j) == all.mean(some[i], j));
          CHECK(part.sd(i, j) == all.sd(some[i], j));
          CHECK(part.sd(i, j) > 0);
        }
        for (std::int64_t j = 0; j < 3; ++j) {
          CHECK(expected_part.mean(i, j) == expected.mean(some[i], genes[j]));
          CHECK(expected_part.p_zero(i, j) == expected.p_zero(some[i], genes[j]));
          CHECK(sample_part(i, j) == sample(some[i], j));
        }
      }
    }
  }
}

TEST_CASE("a shift moves the latents of cells alone, and no count") {
  for (const Options& o : {small("sound"), small("R2")}) {
    const auto model = trained(o);
    const auto before = model->latents(Modality::cells), spots = model->latents(Modality::spots);
    const auto counts = model->expect(Modality::cells, model->all_rows(Modality::cells), range(n_genes));
    std::vector<float> shift;
    for (std::int64_t d = 0; d < before.mean.cols; ++d) shift.push_back(0.5f + static_cast<float>(d));
    model->set_shift_of_cells(shift);
    const auto after = model->latents(Modality::cells);
    for (std::int64_t i = 0; i < before.mean.rows; ++i)
      for (std::int64_t d = 0; d < before.mean.cols; ++d)
        CHECK(std::abs(after.mean(i, d) - before.mean(i, d) - shift[static_cast<std::size_t>(d)]) <
              1e-5f * (1 + shift.back()));
    CHECK(same_bits(after.sd.values, before.sd.values));
    CHECK(same_bits(model->latents(Modality::spots).mean.values, spots.mean.values));
    CHECK(same_bits(model->expect(Modality::cells, model->all_rows(Modality::cells), range(n_genes)).mean.values,
                    counts.mean.values));
  }
}

TEST_CASE("expected counts of the observed genes add up to the row's total; a spot without counts gives zeros") {
  const auto model = trained(small("sound"));
  for (const Modality m : sides) {
    const auto expected = model->expect(m, model->all_rows(m), range(n_genes));
    for (std::int64_t i = 0; i < expected.mean.rows; ++i) {
      double sum = 0;
      for (std::int64_t g = 0; g < (m == Modality::cells ? n_genes : n_training); ++g) sum += expected.mean(i, g);
      CHECK(std::abs(sum - model->total(m, i)) <= 1e-4 * model->total(m, i) + 1e-30);
      for (std::int64_t g = 0; g < n_genes; ++g) {
        CHECK((expected.p_zero(i, g) >= 0 && expected.p_zero(i, g) <= 1));
        CHECK(expected.mean(i, g) >= 0);
      }
    }
  }
  CHECK(model->total(Modality::spots, 5) == 0);
  const auto empty = model->expect(Modality::spots, {5}, range(n_genes));
  for (std::int64_t g = 0; g < n_genes; ++g) {
    CHECK(empty.mean(0, g) < 1e-30f);
    CHECK(empty.p_zero(0, g) == 1);
    CHECK(model->sample_counts(Modality::spots, {5}, range(n_genes), 0)(0, g) == 0);
  }
}

namespace {

/// Samples of counts, 5 standard errors around what they should be on average: whether P(zero) holds, and of spots
/// the mean (that of cells has no extra zeros).
void check_samples(Model& model, Modality m, const std::vector<std::int64_t>& rows,
                   const std::vector<std::int64_t>& genes, const stx::dcavae::Expectation& expected,
                   std::int64_t samples) {
  const auto n = static_cast<double>(samples);
  const std::size_t size = rows.size() * genes.size();
  std::vector<double> sum(size), square(size), zeros(size);
  for (std::int64_t k = 0; k < samples; ++k) {
    const auto sample = model.sample_counts(m, rows, genes, k);
    for (std::size_t v = 0; v < size; ++v) {
      const double x = sample.values[v];
      sum[v] += x;
      square[v] += x * x;
      zeros[v] += x == 0;
    }
  }
  for (std::size_t v = 0; v < size; ++v) {
    const double mean = sum[v] / n, sd = std::sqrt(square[v] / n - mean * mean), p = expected.p_zero.values[v];
    CHECK(std::abs(zeros[v] / n - p) < 5 * std::sqrt(p * (1 - p) / n) + 1e-3);
    if (m == Modality::spots) CHECK(std::abs(mean - expected.mean.values[v]) < 5 * sd / std::sqrt(n) + 1e-3);
  }
}

}  // namespace

TEST_CASE("the mean of many samples is near the expectation when the latents are certain") {
  Options decoder = decoder_dispersion();
  decoder.expectation = "mean";
  for (const Options& o : {small("sound"), decoder}) {
    const auto model = trained(o);
    spread_of_latents(*model, -20);  // SD e^-10
    const std::vector<std::int64_t> rows = {0, 11}, genes = {0, 9, 12};
    for (const Modality m : sides) check_samples(*model, m, rows, genes, model->expect(m, rows, genes), 3000);
  }
}

TEST_CASE("expectation = samples: means over the latents that samples of counts come from") {
  Options o = decoder_dispersion();
  o.posterior_samples = 2000;
  for (const char* dispersion : {"tied", "decoder"}) {
    o.dispersion = dispersion;
    const auto model = trained(o);
    spread_of_latents(*model, 2);  // SD e
    const std::vector<std::int64_t> rows = {0, 11}, genes = {0, 9, 12};
    for (const Modality m : sides) {
      const auto expected = model->expect(m, rows, genes);
      check_samples(*model, m, rows, genes, expected, o.posterior_samples);
      const auto at_means = model->expect(m, rows, genes, Model::At::posterior_means);
      CHECK(stx::test::max_error(at_means.p_zero.values, expected.p_zero.values) > 0.1);
      CHECK(stx::test::max_error(at_means.mean.values, expected.mean.values) > 0.1);
    }
  }
}

namespace {

/// A model with the parameters of another one.
std::unique_ptr<Model> copy_of(Model& from, const Options& o) {
  auto model = std::make_unique<Model>(stx::ContextOptions{.threads = 1, .seed = 8}, task(o), o);
  const auto values = stx::to_host(from.context(), from.store().values()),
             buffers = stx::to_host(from.context(), from.store().buffer_values());
  stx::upload(model->context(), model->store().values(), std::span<const float>(values));
  stx::upload(model->context(), model->store().buffer_values(), std::span<const float>(buffers));
  return model;
}

}  // namespace

TEST_CASE("sampled keys: a block of rows looks at rows that are similar to it on the whole") {
  const auto model = trained(small("sound"));
  Options o = small("sound");
  o.keys = "sampled";
  o.kappa = 1e4;  // the most similar row alone
  const auto sampled = copy_of(*model, o);
  for (const Modality m : sides) {
    const Modality other = stx::dcavae::other(m);
    const auto got = sampled->latents(m);
    const auto keys = model->keys(m), queries = sampled->profiles(m), seen = sampled->profiles(other);
    for (std::int64_t first = 0; first < queries.rows; first += o.batch_size) {
      std::vector<std::int64_t> block;
      for (std::int64_t i = first; i < std::min(first + o.batch_size, queries.rows); ++i) block.push_back(i);
      std::vector<double> similarity(static_cast<std::size_t>(seen.rows), 0.0);
      for (std::int64_t j = 0; j < seen.rows; ++j)
        for (const std::int64_t i : block)
          for (std::int64_t g = 0; g < seen.cols; ++g)
            similarity[static_cast<std::size_t>(j)] += double{seen(j, g)} * queries(i, g);
      const auto best = std::max_element(similarity.begin(), similarity.end()) - similarity.begin();
      stx::Matrix<float> one(1, keys.cols);
      std::copy_n(keys.row(best).begin(), keys.cols, one.row(0).begin());
      const auto alone = copy_of(*model, small("sound"));
      alone->set_keys(m, one);
      const auto want = alone->latents(m, block);
      for (std::size_t i = 0; i < block.size(); ++i)
        for (std::int64_t d = 0; d < want.mean.cols; ++d) {
          const auto r = static_cast<std::int64_t>(i);
          CHECK(std::abs(got.mean(block[i], d) - want.mean(r, d)) <= 1e-5 * (1 + std::abs(want.mean(r, d))));
          CHECK(std::abs(got.sd(block[i], d) - want.sd(r, d)) <= 1e-3 * want.sd(r, d));
        }
    }
  }
}

TEST_CASE("sampled keys: many draws come near all keys, and their spread is part of the SD") {
  const auto model = trained(small("sound"));
  const auto all = model->latents(Modality::spots);
  Options o = small("sound");
  o.keys = "sampled";
  o.random_pairs = true;  // uniform: the mean of what is seen is that of all rows
  const auto far_from_all = [&](std::int64_t draws) {
    o.key_draws = draws;
    const auto few = copy_of(*model, o)->latents(Modality::spots);
    double sum = 0;
    for (std::size_t e = 0; e < few.mean.values.size(); ++e)
      sum += std::pow(double{few.mean.values[e]} - all.mean.values[e], 2);
    return std::sqrt(sum);
  };
  const double one = far_from_all(1), many = far_from_all(100);
  CHECK(one > 0);
  CHECK(many < 0.4 * one);
  // With one SD for all, that of two draws is the mixture's. The first block's first draw is the same in both.
  spread_of_latents(*model, -2);
  const std::vector<std::int64_t> rows = {0, 3, 15};
  o.key_draws = 1;
  const auto first = copy_of(*model, o)->latents(Modality::spots, rows);
  o.key_draws = 2;
  const auto both = copy_of(*model, o)->latents(Modality::spots, rows);
  for (std::size_t e = 0; e < both.sd.values.size(); ++e) {
    const double half = double{both.mean.values[e]} - first.mean.values[e];
    CHECK(half != 0);
    CHECK(std::abs(both.sd.values[e] - std::sqrt(std::exp(-2.0) + half * half)) < 1e-5);
  }
}

TEST_CASE("without cross-attention sampled keys are the block itself") {
  Options o = small("sound");
  o.cross_attention = false;
  const auto model = trained(o);
  o.keys = "sampled";
  const auto sampled = copy_of(*model, o);
  const auto keys = model->keys(Modality::cells);
  stx::Matrix<float> last(n_cells % 16, keys.cols);  // 41 cells, blocks of 16
  for (std::int64_t i = 0; i < last.rows; ++i) std::copy_n(keys.row(32 + i).begin(), keys.cols, last.row(i).begin());
  model->set_keys(Modality::cells, last);
  const auto want = model->latents(Modality::cells, {33, 40}), got = sampled->latents(Modality::cells, {33, 40});
  CHECK(same_bits(got.mean.values, want.mean.values));
  CHECK(same_bits(got.sd.values, want.sd.values));
}

TEST_CASE("posteriors are kept until they are to be forgotten; rows asked for later join those kept") {
  const auto model = trained(small("sound"));
  const auto some = model->latents(Modality::spots, {3, 8});
  for (auto& e : model->store().entries())
    if (e.name == "latent.mean.bias") stx::fill(model->context(), e.state.value.data, e.shape.size(), 9.0f);
  const auto both = model->latents(Modality::spots, {8, 4});
  CHECK(both.mean(0, 0) == some.mean(1, 0));  // kept
  CHECK(both.mean(1, 0) > 4);                 // of the new bias
  model->forget_keys();
  CHECK(model->latents(Modality::spots, {8}).mean(0, 0) > 4);
}

TEST_CASE("samples of different numbers differ, and do not disturb training") {
  const auto model = trained(small("sound"));
  const auto rows = model->all_rows(Modality::spots);
  stx::StepState before, after;
  stx::copy_to_host(model->context(), &before, model->context().step_state(), sizeof before);
  const auto one = model->sample_counts(Modality::spots, rows, range(n_genes), 1);
  const auto two = model->sample_counts(Modality::spots, rows, range(n_genes), 2);
  stx::copy_to_host(model->context(), &after, model->context().step_state(), sizeof after);
  CHECK_FALSE(same_bits(one.values, two.values));
  CHECK(same_bits(one.values, model->sample_counts(Modality::spots, rows, range(n_genes), 1).values));
  CHECK(before.step == after.step);
}
