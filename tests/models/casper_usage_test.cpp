// How the program `casper` is called: the demo, settings, help, and wrong usage.
#include <doctest/doctest.h>

#include "models/workplace.hpp"
#include "stx/io/safetensors.hpp"
#include "stx/version.hpp"

using program::Flags;
using program::Json;
using program::operator+;
using program::Result;
using program::Workplace;

TEST_CASE("demo") {
  const Workplace w;
  const Result r =
      w.casper(Flags{"demo", "--folder", "here", "--spots", "1000", "--cells", "100", "--quiet"} + program::quick());
  CHECK(r.status == 0);
  CHECK(r.out.starts_with("simulating a tissue of 1000 spots and 100 cells in here\n"));
  CHECK(r.out.find("\ncasper ") != std::string::npos);
  for (const char* name : {"st.h5ad", "sc.h5ad", "imputed.h5ad", "model.safetensors", "scores.json", "report.html"})
    CHECK(w.has(std::string("here/") + name));
  CHECK(w.json("here/scores.json")["data"]["n_spots"] == 1000);
  const Result unscored =
      w.casper(Flags{"demo", "--folder", "here", "--spots", "1000", "--cells", "100", "--folds", "0", "--quiet"} +
               program::quick());
  INFO(unscored.err);
  CHECK(unscored.status == 0);
  CHECK_FALSE(w.has("here/report.html"));  // that of the first demo is gone
  CHECK(w.json("here/scores.json")["protocol"] == "none");
}

TEST_CASE("cells of unknown type, however it is spelled, make no token") {
  Workplace w;
  const auto tokens = [&](const std::string& name, const std::vector<std::string>& spellings) {
    std::vector<std::string> types;
    for (std::size_t i = 0; i < w.pair.sc.obs.index.size(); ++i)
      types.push_back(i % 3 == 0 ? "round" : i % 3 == 1 ? "long" : spellings[i % spellings.size()]);
    w.pair.sc.obs.set("cell_type", types);
    program::write_pair(w.pair, w.folder);
    Flags fit =
        w.on_pair("fit", {"--out", name + ".h5ad", "--save", name, "--quiet", "--set", "label_column=cell_type"});
    *(std::find(fit.begin(), fit.end(), "--folds") + 1) = "0";
    const Result r = w.casper(fit);
    CHECK_MESSAGE(r.status == 0, r.err);
    return stx::read_safetensors(w.folder / name).metadata.at("tokens");
  };
  const std::string known = tokens("empty", {""});
  CHECK(known.find("round") != std::string::npos);
  CHECK(known.find("long") != std::string::npos);
  CHECK(tokens("all", {"nan", "NaN", "NA", "<NA>", "None"}) == known);
  CHECK(golden::slurp(w.folder / "all") == golden::slurp(w.folder / "empty"));
  CHECK(tokens("flat", {"flat"}) != known);
  w.pair.sc.obs.set("cell_type", std::vector<std::string>(w.pair.sc.obs.index.size(), "nan"));
  program::write_pair(w.pair, w.folder);
  const Result none = w.casper(w.on_pair("evaluate", {"--quiet", "--set", "label_column=cell_type"}));
  CHECK(none.status == 1);
  CHECK(none.err == "error: [cell_labels] no cell has a known type; is this the column of cell types?\n");
}

TEST_CASE("settings: --config, then --set; help and version") {
  const Workplace w;
  golden::spit(w.folder / "settings.json", R"({"dropout": 0.25, "resolution": 2})");
  const Result r = w.casper(
      w.on_pair("evaluate", {"--config", "settings.json", "--set", "resolution=0.5", "--json", "x.json", "--quiet"}));
  CHECK(r.status == 0);
  const Json config = w.json("x.json")["config"];
  CHECK(config["dropout"] == 0.25);
  CHECK(config["resolution"] == 0.5);
  CHECK(config["hidden"] == 16);
  CHECK(config["weight_decay"] == 1e-5);

  const Result version = w.casper({"--version"});
  CHECK(version.status == 0);
  CHECK(version.out == "casper (stx " + std::string(stx::version_string) + ")\n");
  const Result help = w.casper({"--help"});
  CHECK(help.status == 0);
  for (const char* command : {"fit", "impute", "evaluate", "demo"}) {
    CHECK(help.out.find(std::string("\n  ") + command + " ") != std::string::npos);
    const Result own = w.casper({command, "--help"});
    CHECK(own.status == 0);
    for (const char* text : {"--device", "--threads", "--seed", "--quiet"})
      CHECK(own.out.find(text) != std::string::npos);
    const bool trains = std::string(command) != "impute";  // which has the settings of its model
    for (const char* text :
         {"--config", "--set", "--resume", "--checkpoint-every", "learning_rate = 0.001: step size of Adam"})
      CHECK((own.out.find(text) != std::string::npos) == trains);
  }
}

TEST_CASE("wrong usage ends with status 2 and says what is wrong") {
  const Workplace w;
  const auto says = [&](const Flags& flags, const std::string& text) {
    const Result r = w.casper(flags);
    INFO(r.err);
    CHECK(r.status == 2);
    CHECK(r.err.find(text) != std::string::npos);
    CHECK(r.out.empty());
  };
  const auto set = [&](const std::string& assignment) { return w.on_pair("evaluate", {"--set", assignment}); };
  says({}, "A subcommand is required");
  says({"evaluate", "--st", "st.h5ad"}, "--sc is required");
  says(w.on_pair("evaluate", {"--nonsense"}), "--nonsense");
  says(w.on_pair("evaluate", {"--protocol", "luck"}), "--protocol: luck not in {");
  says(w.on_pair("evaluate", {"--test-spots", "x.npy"}), "--test-spots requires --train-spots");
  says(w.on_pair("evaluate", {"--device", "tpu"}), "--device: tpu not in {");
  says(w.on_pair("evaluate", {"--seeds", "0"}), "error: [evaluate] --seeds must be at least 1, got 0\n");
  says({"evaluate", "--st", "st.h5ad", "--sc", "sc.h5ad", "--folds", "1"},
       "error: [evaluate] --folds must be at least 2, got 1\n");
  says({"fit", "--st", "st.h5ad", "--sc", "sc.h5ad", "--out", "o.h5ad", "--folds", "1"},
       "error: [fit] --folds must be 0 or at least 2, got 1\n");
  says({"fit", "--st", "st.h5ad", "--sc", "sc.h5ad", "--out", "o.h5ad", "--folds", "0", "--report", "r"},
       "error: [fit] --report shows the cross-validation, which --folds 0 leaves out\n");
  says({"demo", "--spots", "10"}, "--spots: Value 10 not in range");
  says(set("hidden"), "error: [--set] expected key=value, got 'hidden'\n");
  says(set("hiden=3"), "error: [--set] unknown setting 'hiden'; known are hidden, width, ");
  says(set("hidden=wide"), "error: [--set] setting 'hidden' cannot be \"wide\"; expected a value such as 16\n");
  says(set("hidden=0"), "error: [settings] hidden must be at least 1, got 0\n");
  says(set("gene_hidden=-4"), "error: [settings] gene_hidden must be at least 1, got -4\n");
  says(set("n_heads=3"), "error: [settings] n_heads = 3 must divide width = 8 and gene_width = 8\n");
  says(set("dropout=1"), "error: [settings] dropout must be in [0, 1), got 1\n");
  says(set("learning_rate=-1"), "error: [settings] learning_rate must be at least 0, got -1\n");
  says(set("validation_genes=1.5"), "error: [settings] validation_genes must be in (0, 1), got 1.5\n");
  says(set("hide_lowest=0.95"), "error: [settings] hide_lowest <= hide_highest <= 1 must hold, got 0.95 and 0.9\n");
  says(set("resolution=0"), "error: [settings] resolution must be positive, got 0\n");
  golden::spit(w.folder / "list.json", "[1]");
  says(w.on_pair("evaluate", {"--config", "list.json"}),
       "error: [list.json] settings must be a JSON object such as {\"batch_size\": 512}\n");
}
