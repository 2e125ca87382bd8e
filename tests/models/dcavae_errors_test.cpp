// Bad input of the program `dcavae`: one clear line each. What all runners share is tested with casper.
#include <doctest/doctest.h>

#include <limits>

#include "models/dcavae_program.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/io/h5ad_read.hpp"
#include "stx/io/safetensors.hpp"

namespace {

using dcavae_program::Workplace;
using program::operator+;
using program::Result;
using Flags = std::vector<std::string>;

stx::CsrMatrix<float>& counts(stx::AnnData& data) { return std::get<stx::CsrMatrix<float>>(*data.x); }

/// Fit without cross-validation, quietly.
Flags fit(const Workplace& w, const Flags& more = {}) {
  Flags flags = w.on_pair("fit", Flags{"--out", "out.h5ad", "--quiet"} + more);
  flags[std::find(flags.begin(), flags.end(), "--folds") - flags.begin() + 1] = "0";
  return flags;
}

void fails(const Workplace& w, const Flags& flags, int status, const std::string& message) {
  const Result r = w.dcavae(flags);
  CHECK(r.status == status);
  CHECK(r.err == "error: " + message + "\n");
  CHECK(r.out.empty());
  CHECK_FALSE(std::filesystem::exists(w.folder / "out.h5ad"));
}

}  // namespace

TEST_CASE("counts that are not whole numbers are refused, or rounded") {
  Workplace w;
  counts(w.pair.sc).values[5] = 1.5f;
  w.write();
  // Of the decoder's genes: all of the reference in `fit`, the panel in `evaluate`.
  const std::string n = std::to_string(counts(w.pair.sc).nnz());
  const std::string message = "[single-cell counts] 1 of " + n +
                              " values are not whole numbers; the model needs raw counts (--rounded rounds them)";
  fails(w, fit(w), 1, message);
  CHECK(w.dcavae(fit(w, {"--rounded"})).status == 0);
  std::filesystem::remove(w.folder / "out.h5ad");
  CHECK(w.dcavae(fit(w, {"--set", "rounded=true"})).status == 0);
  std::filesystem::remove(w.folder / "out.h5ad");
  counts(w.pair.sc).values[5] = 1;
  counts(w.pair.st).values[0] = 0.5f;
  w.write();
  fails(w, fit(w), 1,
        "[spatial counts] 1 of " + std::to_string(counts(w.pair.st).nnz()) +
            " values are not whole numbers; the model needs raw counts (--rounded rounds them)");
}

TEST_CASE("without coordinates cells are not placed, and the rest runs") {
  Workplace w;
  w.pair.st.obsm.clear();
  w.write();
  Flags flags = fit(w, {"--out-cells", "cells.h5ad"});
  std::erase(flags, "--quiet");
  const Result r = w.dcavae(flags);
  CHECK(r.status == 0);
  CHECK(r.err.find(
            "note: cells are not placed: [positions] the spots have no coordinates, so cells cannot be placed\n") !=
        std::string::npos);
  const stx::AnnData cells = stx::read_h5ad(w.folder / "cells.h5ad");
  CHECK(cells.obsm.count("latent") == 1);
  CHECK(cells.obsm.count("position") == 0);
  CHECK(std::filesystem::exists(w.folder / "out.h5ad"));
}

TEST_CASE("labels that are not there, or no text") {
  Workplace w;
  w.pair.sc.obs.set("leiden", std::vector<std::int64_t>(w.pair.sc.obs.index.size(), 3));
  w.write();
  const std::string there = "; columns of text there: cell_type";
  fails(w, fit(w, {"--set", "label_column=types"}), 1,
        "[cell_labels] the single-cell file has no obs column 'types'" + there);
  fails(w, fit(w, {"--set", "spot_label_column=types"}), 1,
        "[cell_labels] the spatial file has no obs column 'types'" + there);
  fails(w, fit(w, {"--set", "label_column=leiden"}), 1,
        "[cell_labels] obs column 'leiden' of the single-cell file holds no text; labels must be strings or "
        "categories" +
            there);
}

TEST_CASE("labels that say nothing are refused before the training") {
  Workplace w;
  const auto types_are = [&](stx::AnnData& data, const std::string& type) {
    data.obs.set("cell_type", std::vector<std::string>(data.obs.index.size(), type));
    w.write();
  };
  const Flags both = {"--set", "label_column=cell_type", "--set", "spot_label_column=cell_type"};
  types_are(w.pair.st, "flat");
  fails(w, fit(w, both), 1,
        "[encode_labels] no type of the spots ('flat') is one of the cells ('long', 'round'); are both columns spelled "
        "the "
        "same way?");
  fails(w, w.on_pair("evaluate", both + Flags{"--quiet"}), 1,
        "[encode_labels] no type of the spots ('flat') is one of the cells ('long', 'round'); are both columns spelled "
        "the "
        "same way?");
  types_are(w.pair.sc, "nan");
  fails(w, fit(w, both), 1, "[encode_labels] no cell has a known type; is this the column of cell types?");
}

TEST_CASE("more partners than rows") {
  const Workplace w;
  Flags flags = fit(w, {"--set", "k_scaled=false"});
  *std::find(flags.begin(), flags.end(), "k=10") = "k=100";  // of 80 cells and 120 spots
  const Result r = w.dcavae(flags);
  CHECK(r.status == 2);
  CHECK(r.err ==
        "error: [dcavae] k = 100 cells for each of the spots exceed the data: there are 80 cells; lower k, or set "
        "k_scaled = true\n");
  *std::find(flags.begin(), flags.end(), "k_scaled=false") = "k_scaled=true";
  CHECK(w.dcavae(flags).status == 0);  // scaled lists end where the data do
}

TEST_CASE("wrong usage ends with status 2") {
  const Workplace w;
  fails(w, w.on_pair("evaluate", {"--methods", "ridge,magic"}), 2,
        "[--methods] unknown method 'magic'; known are casper, ridge, knn, naive, mean, all and none");
  const Result protocol = w.dcavae(w.on_pair("evaluate", {"--protocol", "spots"}));
  CHECK(protocol.status == 2);
  CHECK(protocol.err.find("--protocol: spots not in {") != std::string::npos);
  CHECK(w.dcavae(fit(w, {"--level", "70"})).status == 2);
  const Result unknown = w.dcavae({"imput", "--model", "m"});
  CHECK(unknown.status == 2);
  CHECK(unknown.err == "unknown command 'imput'; known are fit, impute, evaluate and demo\n");
  fails(w, fit(w, {"--set", "keys=some"}), 2, "[settings] keys must be one of all, sampled, got 'some'");
  fails(w, fit(w, {"--set", "key_draws=0"}), 2, "[settings] key_draws must be at least 1, got 0");
}

TEST_CASE("models that do not fit") {
  const Workplace w;
  REQUIRE(w.dcavae(fit(w, {"--save", "m.safetensors"})).status == 0);
  std::filesystem::remove(w.folder / "out.h5ad");
  const Flags impute = {"impute", "--model", "m.safetensors", "--st", "st.h5ad", "--out", "out.h5ad", "--quiet"};
  const stx::SafetensorsFile model = stx::read_safetensors(w.folder / "m.safetensors");
  const auto model_is = [&](auto&& spoil, const std::string& message) {
    stx::SafetensorsFile file = model;
    spoil(file);
    std::filesystem::remove(w.folder / "m.safetensors");
    stx::write_safetensors(w.folder / "m.safetensors", file.tensors, file.metadata);
    fails(w, impute, 1, "[m.safetensors] " + message);
  };
  model_is([](auto& f) { f.metadata["model"] = "casper"; }, "is a model of kind 'casper', not dcavae");
  model_is([](auto& f) { f.metadata["options"] = "{\"hidden\": -1}"; },
           "its settings cannot be used: [settings] hidden must be at least 1, got -1");
  model_is([](auto& f) { f.metadata["inputs"] = "[\"Nowhere\"]"; },
           "the input gene 'Nowhere' is not among the panel's genes");
  model_is([](auto& f) { f.tensors.erase("latent.mean.bias"); }, "has no parameter 'latent.mean.bias'");
  model_is([](auto& f) { f.metadata["cell_labels"] = "[\"round\"]"; }, "has 1 labels for 0 cells");
  model_is([](auto& f) { f.tensors.erase("dcavae.keys"); }, "has no matrix 'dcavae.keys'");
}

TEST_CASE("Ctrl-C while cells are placed: the checkpoint holds all before, and a resumed run writes the same files") {
  const Workplace w;
  const auto command = [&](const std::string& out) {
    Flags flags = fit(w, {"--out-cells", out + ".cells.h5ad", "--save", out + ".safetensors"});
    std::erase(flags, "--quiet");
    *std::find(flags.begin(), flags.end(), "out.h5ad") = out + ".h5ad";
    *std::find(flags.begin(), flags.end(), "position_epochs=3") = "position_epochs=2000";
    return flags;
  };
  REQUIRE(w.dcavae(command("whole")).status == 0);
  const Result stopped = w.dcavae(command("parts"), "positions 1/");
  CHECK(stopped.status == 130);
  CHECK(stopped.err.ends_with(
      "[positions] interrupted while cells were being placed; saved to parts.h5ad.checkpoint. Continue "
      "with the same command and --resume parts.h5ad.checkpoint\n"));
  CHECK_FALSE(std::filesystem::exists(w.folder / "parts.h5ad"));
  const Result rest = w.dcavae(command("parts") + Flags{"--resume", "parts.h5ad.checkpoint"});
  INFO(rest.err);
  REQUIRE(rest.status == 0);
  CHECK(golden::slurp(w.folder / "parts.safetensors") == golden::slurp(w.folder / "whole.safetensors"));
  const stx::AnnData whole = stx::read_h5ad(w.folder / "whole.cells.h5ad"),
                     parts = stx::read_h5ad(w.folder / "parts.cells.h5ad");
  CHECK(parts.obsm.at("position").values == whole.obsm.at("position").values);
  CHECK_FALSE(std::filesystem::exists(w.folder / "parts.h5ad.checkpoint"));
}

TEST_CASE("more partners than rows: said on standard error and in the JSON") {
  const Workplace w;
  const Flags command = w.on_pair("evaluate", {"--methods", "none", "--json", "scores.json", "--set", "k=100"});
  const std::string note =
      "k = 100 is more than the 80 cells; a cell has 120 of the 120 spots as partners, a spot 80 of the 80 cells";
  const Result r = w.dcavae(command);
  REQUIRE(r.status == 0);
  CHECK(r.err.find("note: " + note + "\n") != std::string::npos);
  const auto notes = w.json("scores.json")["data"]["notes"];
  CHECK(std::count(notes.begin(), notes.end(), nlohmann::ordered_json(note)) == 1);
  std::filesystem::remove(w.folder / "scores.json");
  const Result fits = w.dcavae(w.on_pair("evaluate", {"--methods", "none", "--json", "scores.json", "--set", "k=80"}));
  REQUIRE(fits.status == 0);
  CHECK(fits.err.find("k = ") == std::string::npos);
  CHECK(w.json("scores.json")["data"]["notes"].size() + 1 == notes.size());
}

TEST_CASE("too few held-out entries: intervals stay as the model states them, which is said before the training") {
  Workplace w;
  w.pair = program::make_pair(10, 40, 20, 6);
  stx::Matrix<float> everywhere(10, 6);  // so that no gene is left out
  for (std::size_t e = 0; e < 60; ++e) everywhere.values[e] = static_cast<float>(1 + e * 7 % 11 % 4);
  auto& spots = counts(w.pair.st);
  spots = stx::to_csr(everywhere);
  w.write();
  const auto folds_5 = [&w](const std::string& command, const Flags& more) {
    Flags flags = w.on_pair(command, more);
    flags[std::find(flags.begin(), flags.end(), "--folds") - flags.begin() + 1] = "5";
    return flags;
  };
  const auto tells = [&w](const Result& r, const std::string& json, const std::string& entries) {
    INFO(r.err);
    REQUIRE(r.status == 0);
    const std::string why = "it takes 39 held-out entries, and " + entries;
    CHECK(r.err.find("note: intervals are not corrected: " + why + "\n") < r.err.find("seed 0 fold 0"));
    const auto j = w.json(json);
    CHECK(j["interval_corrected"] == false);
    CHECK(j["note"].get<std::string>().ends_with(" Intervals are not corrected: " + why + "."));
    CHECK(j["metrics"]["coverage"]["90"].is_number());
    CHECK_FALSE(j["metrics"].contains("further_gene_coverage"));
  };
  tells(w.dcavae(w.on_pair("evaluate", {"--methods", "none", "--json", "2.json"})), "2.json",
        "10 spots of the 3 genes that are held out in other folds are 30");
  REQUIRE(w.dcavae(folds_5("evaluate", {"--methods", "none", "--json", "5.json", "--quiet"})).status == 0);
  CHECK(w.json("5.json")["interval_corrected"] == true);  // 10 spots of 4 genes

  // A spot all of whose counts are of a gene that the cells lack is not scored.
  w.pair.st.var.index[static_cast<std::size_t>(spots.indices[0])] = "Elsewhere";
  for (auto e = spots.indptr[0] + 1; e < spots.indptr[1]; ++e) spots.values[static_cast<std::size_t>(e)] = 0;
  w.write();
  tells(w.dcavae(folds_5("fit", {"--out", "out.h5ad", "--json", "fit.json"})), "fit.json",
        "9 spots of the 4 genes that are held out in other folds are 36");
  CHECK(stx::read_h5ad(w.folder / "out.h5ad").uns["stx"]["interval_corrected"] == false);
}

TEST_CASE("cells without counts are kept without a place, and flagged") {
  Workplace w;
  auto& cells = counts(w.pair.sc);
  for (auto e = cells.indptr[3]; e < cells.indptr[4]; ++e) cells.values[static_cast<std::size_t>(e)] = 0;
  w.write();
  REQUIRE(w.dcavae(fit(w, {"--out-cells", "cells.h5ad"})).status == 0);
  const stx::AnnData out = stx::read_h5ad(w.folder / "cells.h5ad");
  REQUIRE(out.n_obs() == 80);
  const auto& without = std::get<stx::Booleans>(out.obs.find("without_counts")->values);
  const auto& placed = std::get<stx::Booleans>(out.obs.find("placed")->values);
  for (std::int64_t i = 0; i < 80; ++i) {
    CHECK((without[static_cast<std::size_t>(i)] != 0) == (i == 3));
    CHECK((placed[static_cast<std::size_t>(i)] != 0) == (i != 3));
    for (const char* name : {"position", "position_sd", "position_radius"})
      for (const double v : out.obsm.at(name).row(i)) CHECK(std::isnan(v) == (i == 3));
  }
  for (const double v : out.obsm.at("latent").row(3)) CHECK(v == 0);
  for (const double v : out.obsm.at("latent_sd").row(3)) CHECK(v == 1);
}
