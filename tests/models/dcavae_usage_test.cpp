// What the program `dcavae` says of itself and does without: help, places that cannot be learned, seeds of `impute`.
#include <doctest/doctest.h>

#include "models/dcavae_program.hpp"
#include "stx/io/h5ad_read.hpp"

namespace {

using dcavae_program::Json;
using dcavae_program::Workplace;
using program::operator+;
using Words = std::vector<std::string>;

const std::string unplaced =
    "cells are not placed: [positions] the spots have no coordinates, so cells cannot be placed";

}  // namespace

TEST_CASE("help: defaults are those of the command, and `impute` offers no settings") {
  const Workplace w;
  for (const auto& [command, extra] : {std::pair{"fit", "-1"}, {"demo", "-1"}, {"evaluate", "0"}}) {
    const std::string help = w.dcavae({command, "--help"}).out;
    CHECK_MESSAGE(help.find(std::string("\n  extra_genes = ") + extra + ": ") != std::string::npos, command);
    for (const char* flag : {"--set ", "--config ", "--resume ", "--checkpoint-every "})
      CHECK_MESSAGE(help.find(flag) != std::string::npos, command, " ", flag);
  }
  const auto has_default = [&](const char* command, const std::string& flag, const std::string& value) {
    const std::string help = w.dcavae({command, "--help"}).out;
    const std::string line = help.substr(std::min(help.find("  " + flag + " "), help.size()));
    const std::string first = line.substr(0, line.find('\n'));
    // As this and later versions of CLI11 write it.
    return first.find("=" + value) != std::string::npos || first.find("[" + value + "]") != std::string::npos;
  };
  for (const auto& [flag, value] : {std::pair{"--folds", "5"},
                                    {"--level", "90"},
                                    {"--genes", "all"},
                                    {"--seed", "0"},
                                    {"--device", "auto"},
                                    {"--checkpoint-every", "60"}})
    CHECK_MESSAGE(has_default("fit", flag, value), flag);
  for (const auto& [flag, value] : {std::pair{"--folds", "5"}, {"--seeds", "1"}, {"--methods", "all"}})
    CHECK_MESSAGE(has_default("evaluate", flag, value), flag);
  for (const auto& [flag, value] : {std::pair{"--folder", "dcavae-demo"}, {"--spots", "2000"}, {"--cells", "1500"}})
    CHECK_MESSAGE(has_default("demo", flag, value), flag);
  const std::string impute = w.dcavae({"impute", "--help"}).out;
  CHECK(impute.find("Settings are those of the model.") != std::string::npos);
  for (const char* text : {"--set", "--config", "--resume", "--checkpoint-every", "extra_genes"})
    CHECK_MESSAGE(impute.find(text) == std::string::npos, text);
}

TEST_CASE("joint training of positions without coordinates: refused with a note, and the rest is trained") {
  Workplace w;
  w.pair.st.obsm.clear();
  w.write();
  const std::string refusal = unplaced + "; joint_positions = true is refused, the rest is trained without places";
  const auto run = [&](const std::string& command, const std::string& name, const Words& more) {
    const program::Result r = w.dcavae(w.on_pair(
        command,
        Words{"--json", name + ".json"} +
            (command == "fit" ? Words{"--out", name + ".h5ad", "--out-cells", name + ".cells.h5ad", "--save", name}
                              : Words{"--methods", "none"}) +
            more));
    INFO(r.err);
    REQUIRE(r.status == 0);
    return r.err;
  };
  for (const std::string command : {"fit", "evaluate"}) {
    INFO(command);
    const std::string said = run(command, command + "-joint", {"--set", "joint_positions=true"});
    CHECK(said.find("note: " + refusal + "\n") != std::string::npos);
    run(command, command + "-plain", {});
    const Json joint = w.json(command + "-joint.json"), plain = w.json(command + "-plain.json");
    CHECK(joint["config"] == plain["config"]);
    CHECK(joint["config"]["joint_positions"] == false);
    CHECK(joint["data"]["notes"].back() == refusal);
    CHECK(plain["data"]["notes"].back() == unplaced);
    CHECK(joint["per_gene"] == plain["per_gene"]);  // the same was done
    CHECK_FALSE(joint.contains("positions"));
  }
  CHECK(golden::slurp(w.folder / "fit-joint") == golden::slurp(w.folder / "fit-plain"));
  const stx::AnnData cells = stx::read_h5ad(w.folder / "fit-joint.cells.h5ad");
  CHECK((cells.obsm.count("latent") == 1 && cells.obsm.count("position") == 0));
  CHECK(cells.uns["stx"]["config"]["joint_positions"] == false);
}

TEST_CASE("places are no ablation where they cannot be learned: no coordinates, or too few spots") {
  for (const bool without : {true, false}) {
    Workplace w;
    w.pair = program::make_pair(without ? 120 : 20);
    if (without) w.pair.st.obsm.clear();
    w.write();
    const program::Result r = w.dcavae(w.on_pair("evaluate", {"--ablations", "--methods", "none", "--json", "e.json"}));
    INFO(r.err);
    REQUIRE(r.status == 0);
    CHECK(r.err.find("note: cells are not placed: [positions] ") != std::string::npos);
    CHECK_FALSE(w.json("e.json").contains("positions"));
    CHECK_FALSE(w.json("e.json")["ablations"].contains("joint_positions"));
    CHECK(w.json("e.json")["ablations"].contains("no_cross"));
  }
}

TEST_CASE("impute with the seed of the fit repeats its samples") {
  const Workplace w;
  Words fit = w.on_pair("fit", {"--out", "fit.h5ad", "--save", "m", "--quiet", "--seed", "3"});
  *(std::find(fit.begin(), fit.end(), "--folds") + 1) = "0";
  REQUIRE(w.dcavae(fit).status == 0);
  const auto upper = [&](const std::string& file) {
    return std::get<stx::Matrix<float>>(stx::read_h5ad(w.folder / file).layers.at("upper")).values;
  };
  const auto with_seed = [&](const std::string& seed) {
    const std::string out = seed + ".h5ad";
    REQUIRE(w.dcavae({"impute", "--model", "m", "--st", "st.h5ad", "--out", out, "--json", seed + ".json", "--seed",
                      seed, "--quiet"})
                .status == 0);
    CHECK(w.json(seed + ".json")["seed"] == std::stoi(seed));
    CHECK(stx::read_h5ad(w.folder / out).uns["stx"]["seed"] == std::stoi(seed));
    return upper(out);
  };
  CHECK(with_seed("3") == upper("fit.h5ad"));
  CHECK(with_seed("4") != upper("fit.h5ad"));
}
