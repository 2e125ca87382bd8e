// Expected log-normalised expression: against the plain sum over counts, limits, whole matrices.
#include "examples/dcavae/expected_log.hpp"

#include <doctest/doctest.h>

#include "models/dcavae_case.hpp"
#include "stx/backend/cpu/transfer.hpp"

namespace {

using stx::dcavae::ExpectedLog;

/// The sum over the first `n` counts with probabilities from gamma functions.
double plain(double mu, double theta, double scale, int n) {
  double sum = 0;
  for (int k = 0; k < n; ++k)
    sum += std::log1p(scale * k) * std::exp(std::lgamma(k + theta) - std::lgamma(theta) - std::lgamma(k + 1.0) +
                                            theta * std::log(theta / (theta + mu)) + k * std::log(mu / (theta + mu)));
  return sum;
}

bool near(double a, double b, double relative) { return std::abs(a - b) <= relative * std::abs(b); }

}  // namespace

TEST_CASE("the expected logarithm is the sum over all counts") {
  for (const double mu : {1e-6, 0.02, 0.9, 7.0, 130.0})
    for (const double theta : {0.01, 0.4, 1.0, 1.5, 40.0, 1e5})
      for (const double scale : {0.3, 50.0, 1e4}) {
        INFO(mu, " ", theta, " ", scale);
        CHECK(near(ExpectedLog(scale)(mu, theta), plain(mu, theta, scale, 200000), 1e-4));
      }
}

TEST_CASE("without spread it is the logarithm of the mean, with spread it lies below") {
  CHECK(near(ExpectedLog(20)(5000, 1e12), std::log1p(20 * 5000.0), 1e-4));
  double last = std::log1p(20 * 30.0);
  for (const double theta : {1e6, 10.0, 1.0, 0.1}) {
    const double now = ExpectedLog(20)(30, theta);
    CHECK(now < last);
    last = now;
  }
  CHECK(ExpectedLog(0)(30, 1) == 0);
}

TEST_CASE("means far beyond any count give finite values that go on growing") {
  const double at = ExpectedLog(10)(1e4, 2), beyond = ExpectedLog(10)(1e5, 2);
  CHECK(near(beyond - at, std::log(10.0), 1e-9));
  CHECK(near(at, plain(1e4, 2, 10, 400000), 1e-4));
  CHECK(std::isfinite(ExpectedLog(10)(1e38, 0.5)));
}

TEST_CASE("entries of a matrix have their row's total and their gene's dispersion, on any number of threads") {
  stx::Matrix<float> mean(3, 2);
  mean.values = {0.5f, 3, 0.5f, 3, 0.5f, 3};
  const std::vector<double> totals = {100, 0, 40};
  stx::Matrix<float> theta(1, 2);
  theta.values = {2, 0.7f};
  const auto logs = stx::dcavae::expected_logs(mean, theta, totals, 1);
  for (const std::int64_t i : {0, 2})
    for (const std::int64_t g : {0, 1})
      CHECK(near(logs(i, g), plain(mean(i, g), theta(0, g), 1e4 / totals[i], 2000), 1e-5));
  CHECK((logs(1, 0) == 0 && logs(1, 1) == 0));
  CHECK(stx::dcavae::expected_logs(mean, theta, totals, 3).values == logs.values);
  stx::Matrix<float> own(3, 2);
  own.values = {2, 0.7f, 1, 1, 0.3f, 5};
  const auto by_entry = stx::dcavae::expected_logs(mean, own, totals, 2);
  for (const std::int64_t i : {0, 2})
    for (const std::int64_t g : {0, 1})
      CHECK(near(by_entry(i, g), plain(mean(i, g), own(i, g), 1e4 / totals[i], 2000), 1e-5));
}

TEST_CASE("a model gives expected logarithms, or with log_scale = plug_in the logarithms of expected counts") {
  using namespace dcavae_case;
  for (const auto& [scale, dispersion] :
       {std::pair{"expected", "tied"}, {"plug_in", "tied"}, {"expected", "decoder"}}) {
    Options o = small("sound");
    o.log_scale = scale;
    o.dispersion = dispersion;
    stx::dcavae::DcavaeModel<stx::Cpu> model({.threads = 1, .seed = 3}, task(o), o);
    const std::vector<std::int64_t> rows = {0, 5, 9}, genes = {8, 10};
    const auto mean = model.expect(Modality::spots, rows, genes).mean;
    const auto logs = model.spot_logs(mean, rows, genes);
    std::vector<float> theta(static_cast<std::size_t>(3 * n_genes), 0.0f);  // tied dispersions start at 1
    if (o.dispersion == "decoder") {
      const auto z = model.latents(Modality::spots, rows).mean;
      stx::begin_step(model.context());
      theta =
          stx::to_host(model.context(), model.network()
                                            .dispersion(model.context(), Modality::spots,
                                                        constant(model.context(), stx::to_device(model.context(), z)))
                                            .log_theta.value());
      CHECK(std::abs(theta[8] - theta[n_genes + 8]) > 1e-3f);
    }
    for (std::int64_t i = 0; i < 3; ++i)
      for (std::int64_t g = 0; g < 2; ++g) {
        const double total = model.total(Modality::spots, rows[i]);
        if (!(total > 0)) {
          CHECK(logs(i, g) == 0);
        } else if (o.log_scale == "plug_in") {
          CHECK(near(logs(i, g), std::log1p(1e4 / total * mean(i, g)), 1e-5));
        } else {
          const double own = std::exp(double{theta[static_cast<std::size_t>(i * n_genes + genes[g])]});
          CHECK(near(logs(i, g), plain(mean(i, g), own, 1e4 / total, 20000), 1e-4));
        }
      }
  }
}

TEST_CASE("libraries of cells: a power of the total, the mean logarithm kept, cells without counts without") {
  using stx::dcavae::cell_libraries;
  const std::vector<double> totals = {4, 0, 100, 2500};
  CHECK(cell_libraries(totals, 1) == totals);
  const auto half = cell_libraries(totals, 0.5), none = cell_libraries(totals, 0);
  CHECK(near(half[2] / half[0], 5, 1e-12));
  CHECK(near(half[3] / half[2], 5, 1e-12));
  CHECK(near(half[0] * half[2] * half[3], 4.0 * 100 * 2500, 1e-12));
  CHECK(half[1] == 0);
  for (const int i : {0, 2, 3}) CHECK(near(none[i], 100, 1e-12));
}
