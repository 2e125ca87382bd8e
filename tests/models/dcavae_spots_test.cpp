// All spots of a section, predicted block by block.
#include "examples/dcavae/spot_prediction.hpp"

#include <doctest/doctest.h>

#include "models/dcavae_trained.hpp"

using namespace dcavae_case;

TEST_CASE("predict_spots: every spot has its own numbers, whatever the blocks") {
  Options o = small("sound");
  o.posterior_samples = 4;
  o.log_scale = "plug_in";
  const auto model = trained(o);
  // So many columns that a block holds 23 of the 31 spots; the first 13 are those of a single block.
  std::vector<std::int64_t> few, many;
  for (std::int64_t g = 0; g < 45000; ++g) many.push_back(g % n_genes);
  few.assign(many.begin(), many.begin() + n_genes);
  const auto corrections = stx::dcavae::uncorrected(stx::dcavae::usual_levels());
  stx::dcavae::SpotBlock whole;
  const auto of_whole = predict_spots(*model, few, corrections, 0.9, 1, [&](const auto& block) { whole = block; });
  REQUIRE(whole.lower.rows == n_spots);
  std::vector<std::int64_t> begins;
  const auto of_blocks = predict_spots(*model, many, corrections, 0.9, 2, [&](const stx::dcavae::SpotBlock& block) {
    begins.push_back(block.first);
    bool same = true;
    for (std::int64_t i = 0; i < block.lower.rows; ++i)
      for (std::int64_t g = 0; g < n_genes; ++g) {
        const std::int64_t row = block.first + i;
        same &= block.expected.mean(i, g) == whole.expected.mean(row, g) &&
                block.expected.p_zero(i, g) == whole.expected.p_zero(row, g) &&
                block.logs(i, g) == whole.logs(row, g) && block.lower(i, g) == whole.lower(row, g) &&
                block.upper(i, g) == whole.upper(row, g);
      }
    CHECK(same);
  });
  CHECK(begins == std::vector<std::int64_t>{0, 23});
  CHECK(of_blocks.latents.mean.values == of_whole.latents.mean.values);
  REQUIRE(of_blocks.uncertainty.rows.size() == n_spots);
  for (std::size_t g = 0; g < few.size(); ++g) {
    CHECK(of_blocks.uncertainty.genes[g].sd == of_whole.uncertainty.genes[g].sd);
    CHECK(of_blocks.uncertainty.genes[g].width == of_whole.uncertainty.genes[g].width);
  }
}
