// `dcavae fit` and `dcavae impute` as a person uses them, on a small simulated pair: what their files hold.
#include <doctest/doctest.h>

#include "models/dcavae_program.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/io/h5ad_read.hpp"

namespace {

using dcavae_program::check_json;
using dcavae_program::Workplace;
using program::operator+;
using program::Result;
using Flags = std::vector<std::string>;

stx::Matrix<float> dense(const stx::AnyMatrix& m) { return std::get<stx::Matrix<float>>(m); }

}  // namespace

TEST_CASE("fit writes spots, cells and model; impute repeats the spots from the model") {
  const Workplace w(true);
  const Result fit =
      w.dcavae(w.on_pair("fit", {"--out", "fit.h5ad", "--out-cells", "cells.h5ad", "--save", "m.safetensors", "--json",
                                 "fit.json", "--set", "label_column=cell_type"}));
  INFO(fit.err);
  REQUIRE(fit.status == 0);
  CHECK(fit.err.find("wrote fit.h5ad: 120 spots, 15 measured and 15 imputed genes") != std::string::npos);
  check_json(w.json("fit.json"), "fit", "genes", 15);
  const Result impute =
      w.dcavae({"impute", "--model", "m.safetensors", "--st", "st.h5ad", "--out", "again.h5ad", "--quiet"});
  INFO(impute.err);
  REQUIRE(impute.status == 0);
  const stx::AnnData a = stx::read_h5ad(w.folder / "fit.h5ad"), b = stx::read_h5ad(w.folder / "again.h5ad");
  REQUIRE((a.n_obs() == 120 && a.n_var() == 30));
  CHECK(dense(*a.x).values == dense(*b.x).values);
  for (const char* name : {"expected", "log1p", "p_zero", "lower", "upper"}) {
    INFO(name);
    REQUIRE(a.layers.count(name) == 1);
    CHECK(dense(a.layers.at(name)).values == dense(b.layers.at(name)).values);
  }
  CHECK(a.obsm.at("latent").values == b.obsm.at("latent").values);
  CHECK(a.uns["stx"]["interval_level"] == 0.9);
  CHECK((a.uns["stx"]["interval_corrected"] == true && b.uns["stx"]["interval_corrected"] == true));
  CHECK(w.json("fit.json")["interval_corrected"] == true);
  CHECK(fit.err.find("not corrected") == std::string::npos);
  CHECK(b.uns["stx"]["weights"] == "m.safetensors");
  const stx::Matrix<float> measured = stx::to_dense(std::get<stx::CsrMatrix<float>>(*w.pair.st.x));
  const auto expected = dense(a.layers.at("expected")), p_zero = dense(a.layers.at("p_zero")),
             lower = dense(a.layers.at("lower")), upper = dense(a.layers.at("upper")), x = dense(*a.x);
  bool untouched = true, sensible = true, filled = true;
  for (std::int64_t i = 0; i < 120; ++i)
    for (std::int64_t g = 0; g < 30; ++g) {
      if (g < 15) untouched = untouched && x(i, g) == measured(i, g);
      if (g >= 15) filled = filled && x(i, g) == expected(i, g);
      sensible = sensible && expected(i, g) >= 0 && p_zero(i, g) >= 0 && p_zero(i, g) <= 1 && lower(i, g) >= 0 &&
                 lower(i, g) <= upper(i, g) && upper(i, g) < 1e5f;
    }
  CHECK(untouched);
  CHECK(filled);
  CHECK(sensible);
  // Spot 7 has no counts: kept, flagged, and nothing of it is NaN.
  CHECK(std::get<stx::Booleans>(a.obs.find("without_counts")->values)[7] == 1);
  CHECK((x(7, 20) == 0 && p_zero(7, 20) == 1 && upper(7, 20) == 0));
  for (const double v : a.obsm.at("latent").row(7)) CHECK(v == 0);
  const auto& types = std::get<stx::Categorical>(a.obs.find("transferred_type")->values);
  CHECK(types.categories.size() >= 2);
  const auto numbers = [](const stx::Table& table, const char* name) {
    return std::get<std::vector<double>>(table.find(name)->values);
  };
  for (const char* name : {"predictive_sd", "uncertainty"})
    for (const double v : numbers(a.var, name)) CHECK(v > 0);
  for (const char* name : {"predictive_sd", "interval_width"}) {
    const auto values = numbers(a.obs, name);
    for (std::size_t i = 0; i < 120; ++i) CHECK((i == 7 ? values[i] == 0 : values[i] > 0));
  }
  for (std::size_t i = 0; i < 120; ++i) CHECK((types.codes[i] >= 0) == (i != 7));
  const stx::AnnData cells = stx::read_h5ad(w.folder / "cells.h5ad");
  CHECK(cells.obs.index == w.pair.sc.obs.index);
  CHECK(cells.obsm.at("latent").cols == 5);
  CHECK(cells.obsm.at("position").cols == 2);
  const auto positions = w.json("fit.json")["positions"];
  CHECK(positions["n_test_spots"] == 12);
  for (const char* key : {"test_distance_median", "centre_distance_median", "cells_outside"})
    CHECK(cells.uns.at("stx").at("positions").value(key, -1.0) == positions[key].get<double>());
  for (const char* name : {"latent", "latent_sd", "position", "position_sd", "position_radius"})
    for (const double v : cells.obsm.at(name).values) CHECK(std::isfinite(v));
}

TEST_CASE("sampled keys and genes outside the panel: the same in fit, in its cross-validation and in impute") {
  const Workplace w;
  const Result fit =
      w.dcavae(w.on_pair("fit", {"--out", "fit.h5ad", "--save", "m.safetensors", "--json", "fit.json", "--set",
                                 "keys=sampled", "--set", "key_draws=3", "--extra-genes", "4", "--quiet"}));
  INFO(fit.err);
  REQUIRE(fit.status == 0);
  CHECK(w.json("fit.json")["config"]["extra_genes"] == 4);
  REQUIRE(
      w.dcavae({"impute", "--model", "m.safetensors", "--st", "st.h5ad", "--out", "again.h5ad", "--quiet"}).status ==
      0);
  const stx::AnnData a = stx::read_h5ad(w.folder / "fit.h5ad"), b = stx::read_h5ad(w.folder / "again.h5ad");
  REQUIRE((a.n_var() == 19 && b.n_var() == 19));
  for (const char* name : {"expected", "p_zero", "lower", "upper"})
    CHECK(dense(a.layers.at(name)).values == dense(b.layers.at(name)).values);
  CHECK(a.obsm.at("latent").values == b.obsm.at("latent").values);
  // The cross-validation is that of `evaluate` with the setting, not of one without.
  const Flags evaluate =
      w.on_pair("evaluate", {"--methods", "none", "--quiet", "--set", "keys=sampled", "--set", "key_draws=3"});
  REQUIRE(w.dcavae(evaluate + Flags{"--json", "four.json", "--set", "extra_genes=4", "--set", "unshown_genes=follow"})
              .status == 0);
  REQUIRE(w.dcavae(evaluate + Flags{"--json", "none.json"}).status == 0);
  CHECK(w.json("fit.json")["per_gene"] == w.json("four.json")["per_gene"]);
  CHECK(w.json("fit.json")["per_gene"] != w.json("none.json")["per_gene"]);
  const Flags paper =
      w.on_pair("evaluate", {"--methods", "none", "--quiet", "--json", "paper.json", "--set", "revision=paper"});
  REQUIRE(w.dcavae(paper).status == 0);
  CHECK(w.json("paper.json")["config"]["extra_genes"] == -1);  // the paper's reference keeps them in evaluations too
  CHECK(w.json("none.json")["config"]["extra_genes"] == 0);
  // The setting alone does what the flag does; without both all genes of the reference come.
  for (const auto& [flags, n] : {std::pair{Flags{"--set", "extra_genes=2"}, 17}, std::pair{Flags{}, 30}}) {
    std::filesystem::remove(w.folder / "fit.h5ad");
    std::filesystem::remove(w.folder / "m.safetensors");
    std::filesystem::remove(w.folder / "again.h5ad");
    Flags command = w.on_pair("fit", Flags{"--out", "fit.h5ad", "--save", "m.safetensors"} + flags);
    *(std::find(command.begin(), command.end(), "--folds") + 1) = "0";
    const Result alone = w.dcavae(command);
    REQUIRE(alone.status == 0);
    const Result later = w.dcavae({"impute", "--model", "m.safetensors", "--st", "st.h5ad", "--out", "again.h5ad"});
    REQUIRE(later.status == 0);
    CHECK(stx::read_h5ad(w.folder / "fit.h5ad").n_var() == n);
    // Without a cross-validation nothing corrects the intervals, and the program says so.
    for (const Result* run : {&alone, &later})
      CHECK(run->err.find("intervals are not corrected: no cross-validation, or too small a one, showed how often they "
                          "hold the truth, and they may cover less or more than their level\n") != std::string::npos);
    for (const char* file : {"fit.h5ad", "again.h5ad"})
      CHECK(stx::read_h5ad(w.folder / file).uns["stx"]["interval_corrected"] == false);
  }
}
