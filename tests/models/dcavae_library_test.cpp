// DCAVAE with a learned library: what is uncertain of it, and what is not.
#include "examples/dcavae/predictive.hpp"
#include "models/dcavae_trained.hpp"
#include "support/compare.hpp"

using namespace dcavae_case;
using stx::test::same_bits;

TEST_CASE("a learned library is sampled with the counts, by row alone; expectations are at its mean") {
  Options o = small("sound");
  o.library = "learned";
  const auto model = trained(o), threaded = trained(o, 3);
  const std::vector<std::int64_t> some = {7, 3, 20}, genes = {0, 9, 12};
  constexpr std::int64_t n = 3000;
  for (const Modality m : sides) {
    const auto samples = [&](float log_variance) {
      for (Model* one : {model.get(), threaded.get()}) {
        spread_of_latents(*one, -20);
        make_constant(*one, m == Modality::cells ? "library.cells.spread" : "library.spots.spread", log_variance);
        one->forget_keys();
      }
      return stx::dcavae::summarize_samples(some, genes, n, {0.9}, 1, [&](const auto& rows, std::int64_t k) {
        return model->sample_counts(m, rows, genes, k);
      });
    };
    const auto certain = samples(-20);
    const auto expected = model->expect(m, some, genes);
    const auto uncertain = samples(-1);
    CHECK(same_bits(model->expect(m, some, genes).mean.values, expected.mean.values));
    const auto all = threaded->sample_counts(m, threaded->all_rows(m), genes, 4);
    const auto part = model->sample_counts(m, some, genes, 4);
    const double variance = std::exp(-1.0) + 1e-4, factor = std::exp(variance / 2);  // of a log-normal's mean
    double width[2] = {0, 0};
    for (std::int64_t i = 0; i < 3; ++i)
      for (std::int64_t j = 0; j < 3; ++j) {
        CHECK(part(i, j) == all(some[static_cast<std::size_t>(i)], j));
        width[0] += certain.upper[0](i, j) - certain.lower[0](i, j);
        width[1] += uncertain.upper[0](i, j) - uncertain.lower[0](i, j);
        if (m == Modality::spots)
          CHECK(std::abs(uncertain.mean(i, j) - factor * expected.mean(i, j)) <
                5 * uncertain.sd(i, j) / std::sqrt(static_cast<double>(n)) + 1e-3);
      }
    CHECK(width[1] > 1.1 * width[0]);
  }
}
