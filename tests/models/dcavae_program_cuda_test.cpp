// The commands of `dcavae` on CUDA, from files to files, against the CPU.
#include <doctest/doctest.h>

#include "examples/dcavae/commands.hpp"
#include "models/program.hpp"
#include "stx/io/h5ad_read.hpp"
#include "support/device_rig.hpp"

namespace {

using namespace stx::test;
using stx::dcavae::FitCommand;
using stx::dcavae::ImputeCommand;

constexpr std::int64_t n_spots = 36, n_cells = 20, n_genes = 12, n_measured = 9;

stx::Matrix<float> dense(const stx::AnnData& data, const char* layer) {
  return std::get<stx::Matrix<float>>(data.layers.at(layer));
}

struct Files {
  stx::AnnData spots, cells, again;
  nlohmann::json scores;
};

/// fit with a cross-validation of two folds, and impute with its model.
Files files_of(const char* device, const golden::Folder& folder, const auto& run) {
  const std::string own = folder / (std::string(device) + ".");
  FitCommand fit;
  fit.common.threads = 1;
  fit.common.quiet = true;
  // Biases before a batch norm have no gradient but rounding, which Adam without a large eps blows up.
  fit.common.sets = {
      "hidden=8",          "latent=3",     "n_heads=2",   "max_epochs=1",        "batch_size=16",      "k=4",
      "position_epochs=1", "keys=sampled", "key_draws=2", "posterior_samples=2", "validation_genes=0", "adam_eps=0.01",
      "epoch_iterations=1"};
  fit.data.st = folder / "st.h5ad";
  fit.data.sc = folder / "sc.h5ad";
  fit.folds = 2;
  fit.out = own + "spots.h5ad";
  fit.out_cells = own + "cells.h5ad";
  fit.save = own + "model.safetensors";
  fit.json = own + "scores.json";
  run(fit);
  ImputeCommand impute;
  impute.common = fit.common;
  impute.common.sets.clear();
  impute.data.st = fit.data.st;
  impute.model = fit.save;
  impute.out = own + "again.h5ad";
  run(impute);
  return {stx::read_h5ad(fit.out), stx::read_h5ad(fit.out_cells), stx::read_h5ad(impute.out),
          nlohmann::json::parse(golden::slurp(fit.json))};
}

/// One epoch of two steps of each kind: rounding, through about fifteen layers. Genes that the model does not
/// know are NaN in both.
template <class V>
void compare(const char* what, V got, V want) {
  INFO(std::string(what));
  REQUIRE(got.size() == want.size());
  for (std::size_t e = 0; e < got.size(); ++e) {
    if (!std::isnan(want[e])) continue;
    CHECK(std::isnan(got[e]));
    got[e] = want[e] = 0;
  }
  CHECK(max_error(got, want) <= 1e-3 * max_abs(want));
}

}  // namespace

TEST_CASE("dcavae fit and impute on CUDA: the files hold what the CPU's hold") {
  if (no_cuda_device()) return;
  const golden::Folder folder;
  program::write_pair(program::make_pair(n_spots, n_cells, n_genes, n_measured), folder);
  const Files want = files_of("cpu", folder, [](const auto&command) { stx::dcavae::on_cpu(command); }),
              got = files_of("cuda", folder, [](const auto&command) { stx::dcavae::on_cuda(command); });
  CHECK(got.scores["device"]["kind"] == "cuda");
  CHECK(std::abs(got.scores["metrics"]["pcc"]["mean"].get<double>() -
                 want.scores["metrics"]["pcc"]["mean"].get<double>()) < 1e-3);
  REQUIRE(got.spots.n_var() == n_genes);
  for (const char* layer : {"expected", "log1p", "p_zero"}) {
    compare(layer, dense(got.spots, layer).values, dense(want.spots, layer).values);
    compare(layer, dense(got.again, layer).values, dense(want.again, layer).values);
    CHECK(same_bits(dense(got.again, layer).values, dense(got.spots, layer).values));
  }
  for (const char* name : {"latent", "latent_sd"}) {
    compare(name, got.spots.obsm.at(name).values, want.spots.obsm.at(name).values);
    compare(name, got.cells.obsm.at(name).values, want.cells.obsm.at(name).values);
  }
  compare("position", got.cells.obsm.at("position").values, want.cells.obsm.at("position").values);
}
