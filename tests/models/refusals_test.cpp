// What both runners refuse before they train, and in which words.
#include <doctest/doctest.h>
#include <pty.h>

#include "models/dcavae_program.hpp"
#include "models/workplace.hpp"
#include "stx/data/csr_select.hpp"
#include "stx/io/h5ad_read.hpp"

namespace {

using Words = std::vector<std::string>;
using program::operator+;

/// Both programs on one pair.
struct Runners {
  dcavae_program::Workplace w;
  program::Program casper{STX_CASPER_PROGRAM, w.folder.path()};

  const program::Program& of(const std::string& name) const { return name == "casper" ? casper : w.dcavae; }
  /// `command` of the program `name` on the pair, without cross-validation, not quietly: a training would show.
  Words on_pair(const std::string& name, const std::string& command, const Words& more = {}) const {
    return Words{command, "--st", "st.h5ad", "--sc", "sc.h5ad"} +
           (name == "casper" ? program::quick() : dcavae_program::quick()) + more;
  }
  /// Nothing but the error on standard error: nothing was trained. No file is left.
  void refuses(const std::string& name, const Words& flags, const std::string& message) const {
    INFO(name);
    const program::Result r = of(name)(flags);
    CHECK(r.status == 1);
    CHECK(r.err == "error: " + message + "\n");
    CHECK_FALSE(std::filesystem::exists(w.folder / "out.h5ad"));
    CHECK_FALSE(std::filesystem::exists(w.folder / "out.h5ad.checkpoint"));
  }
};

/// The first five of many names, as messages show them.
std::string five(const Words& v) {
  return "'" + v[0] + "', '" + v[1] + "', '" + v[2] + "', '" + v[3] + "', '" + v[4] + "', ...";
}

/// A gene of the reference that the spots lack.
std::string unmeasured(const program::Pair& pair) {
  const Words& panel = pair.st.var.index;
  return *std::find_if(pair.sc.var.index.begin(), pair.sc.var.index.end(), [&](const std::string& gene) {
    return std::find(panel.begin(), panel.end(), gene) == panel.end();
  });
}

const Words both_runners = {"casper", "dcavae"};

}  // namespace

TEST_CASE("--genes: a list that cannot be used is refused before the training") {
  const Runners r;
  const Words &all = r.w.pair.sc.var.index, &panel = r.w.pair.st.var.index;
  std::filesystem::create_directory(r.w.folder / "genes");
  golden::spit(r.w.folder / "empty.txt", " \n\t\r\n");
  golden::spit(r.w.folder / "unknown.txt", all[20] + "\nNonsense\n" + all[20] + "\ngene01\n");
  for (const std::string& name : both_runners) {
    REQUIRE(r.of(name)(r.on_pair(name, "fit", {"--folds", "0", "--out", name + ".h5ad", "--save", name})).status == 0);
    const Words fit = r.on_pair(name, "fit", {"--folds", "2", "--out", "out.h5ad", "--genes"});
    const Words impute = {"impute", "--model", name, "--st", "st.h5ad", "--out", "out.h5ad", "--genes"};
    for (const Words& command : {fit, impute}) {
      r.refuses(name, command + Words{"none.txt"},
                "[none.txt] cannot be opened for reading; expected a text file with one gene name per line");
      r.refuses(name, command + Words{"genes"},
                "[genes] is a folder; expected a text file with one gene name per line");
      r.refuses(name, command + Words{"st.h5ad"}, "[st.h5ad] is not a text file; expected one gene name per line");
      r.refuses(name, command + Words{"empty.txt"}, "[empty.txt] holds no gene name; expected one per line");
      const bool fits = command.front() == "fit";
      r.refuses(name, command + Words{"unknown.txt"},
                "[unknown.txt] names what is not among the genes " +
                    (fits ? "of sc.h5ad with counts" : "that " + name + " knows") +
                    ": 'Nonsense', 'gene01'. Those are " + five(name == "casper" || fits ? all : panel));
    }
  }
  // Genes of the reference that the settings leave out.
  golden::spit(r.w.folder / "some.txt", panel[0] + "\n" + unmeasured(r.w.pair) + "\n");
  const program::Result few = r.w.dcavae(
      r.on_pair("dcavae", "fit", {"--quiet", "--out", "out.h5ad", "--genes", "some.txt", "--extra-genes", "0"}));
  CHECK(few.status == 1);
  CHECK(
      few.err.starts_with("error: [some.txt] names what is not among the genes that are learned with extra_genes = 0 "
                          "(--extra-genes -1 learns all): '" +
                          unmeasured(r.w.pair) + "'. Those are "));
}

TEST_CASE("--genes: the list is read once, so that it may come through a pipe") {
  const Runners r;
  const program::Program shell("/bin/sh", r.w.folder.path());
  for (const std::string& name : both_runners) {
    const std::string out = name + ".h5ad", gene = unmeasured(r.w.pair);
    std::string command = "echo " + gene + " | " + (name == "casper" ? STX_CASPER_PROGRAM : STX_DCAVAE_PROGRAM);
    for (const std::string& flag :
         r.on_pair(name, "fit", {"--folds", "0", "--quiet", "--out", out, "--save", name, "--genes", "/dev/stdin"}))
      command += " '" + flag + "'";
    const program::Result fit = shell({"-c", command});
    CHECK_MESSAGE(fit.status == 0, fit.err);
    CHECK(stx::read_h5ad(r.w.folder / out).var.index.back() == gene);
  }
}

TEST_CASE("folds that leave too few genes are refused before the training, by the program's own name") {
  Runners r;
  stx::AnnData& st = r.w.pair.st;
  const std::vector<std::int64_t> four = {0, 1, 2, 3};
  st.x = stx::select_columns<float>(std::get<stx::CsrMatrix<float>>(*st.x), four);
  st.var.index.resize(4);
  r.w.write();
  const std::string left = "[evaluate] holding out 1 of 4 shared genes leaves 3 to impute from, and ",
                    advice =
                        " at least 4; give files that share more genes, or more folds; fit --folds 0 holds none out";
  for (const std::string& name : both_runners)
    for (const Words& command : {Words{"evaluate"}, Words{"fit", "--out", "out.h5ad"}}) {
      const program::Result run =
          r.of(name)(r.on_pair(name, command[0], Words{"--folds", "4"} + Words(command.begin() + 1, command.end())));
      INFO(run.err);
      CHECK(run.status == 1);
      CHECK(run.err.ends_with("error: " + left +
                              (name == "casper" ? "casper needs" : "the methods beside dcavae (--methods) need") +
                              advice + "\n"));
      CHECK(run.err.find("fold 0") == std::string::npos);  // nothing was trained
    }
  const program::Result alone = r.w.dcavae(r.on_pair("dcavae", "evaluate", {"--folds", "4", "--methods", "none"}));
  CHECK_MESSAGE(alone.status == 0, alone.err);
}

TEST_CASE("--genes: a gene that is named twice is imputed once") {
  const Runners r;
  const std::string gene = unmeasured(r.w.pair);
  golden::spit(r.w.folder / "genes.txt", gene + "\n  " + gene + "\t\n");
  for (const std::string& name : both_runners) {
    const std::string out = name + ".h5ad";
    const program::Result run =
        r.of(name)(r.on_pair(name, "fit", {"--folds", "0", "--out", out, "--genes", "genes.txt"}));
    INFO(run.err);
    REQUIRE(run.status == 0);
    const stx::AnnData file = stx::read_h5ad(r.w.folder / out);
    CHECK(file.n_var() == 16);
    CHECK(file.var.index.back() == gene);
  }
}

TEST_CASE("files without a gene in common: names of both, and the flag that helps") {
  Runners r;
  Words upper;
  for (std::string name : r.w.pair.st.var.index) {
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    upper.push_back(name);
  }
  const Words names = r.w.pair.st.var.index, &cells = r.w.pair.sc.var.index;
  const auto spots_are = [&](const Words& of_spots) {
    r.w.pair.st.var.index = of_spots;
    r.w.write();
  };
  golden::spit(r.w.folder / "table.csv", "a,b\nc,d\n");
  for (const std::string& name : both_runners) {
    INFO(name);
    const Words fit = r.on_pair(name, "fit", {"--out", "out.h5ad"});
    const auto says = [&](const Words& more, const Words& of_spots, const std::string& help) {
      r.refuses(name, fit + more,
                "[st.h5ad] shares no gene with sc.h5ad. It has " + five(of_spots) + "; sc.h5ad has " + five(cells) +
                    ". " + help);
    };
    spots_are(upper);
    says({}, upper, "With --ignore-case they share 15");
    CHECK(r.of(name)(fit + Words{"--ignore-case", "--folds", "0", "--quiet"}).status == 0);
    std::filesystem::remove(r.w.folder / "out.h5ad");
    const Words other = program::numbered("other", 15);
    spots_are(other);
    const std::string translate =
        "they must name genes in the same way, or --gene-table FILE must translate: two columns, name in the file and "
        "common name (for example Ensembl id and symbol)";
    says({}, other, "--ignore-case would not help; " + translate);
    says({"--ignore-case"}, other, "T" + translate.substr(1));
    says({"--gene-table", "table.csv"}, other,
         "The two columns of --gene-table must hold names of these files and what they are commonly called");
    // Genes in rows.
    std::string turned = "gene,s0,s1,s2\n";
    for (const std::string& gene : names) turned += gene + ",1,2,3\n";
    golden::spit(r.w.folder / "turned.csv", turned);
    r.refuses(name, {"fit", "--st", "turned.csv", "--sc", "sc.h5ad", "--out", "out.h5ad"},
              "[turned.csv] shares no gene with sc.h5ad. It has 's0', 's1', 's2'; sc.h5ad has " + five(cells) +
                  ". The rows of turned.csv are named like genes: turn it, so that spots or cells are rows");
    // A model and a section.
    spots_are(names);
    REQUIRE(r.of(name)(fit + Words{"--save", name, "--folds", "0"}).status == 0);
    std::filesystem::remove(r.w.folder / "out.h5ad");
    spots_are(upper);
    r.refuses(name, {"impute", "--model", name, "--st", "st.h5ad", "--out", "out.h5ad"},
              "[st.h5ad] shares no gene with " + name + ". It has " + five(upper) + "; " + name + " has " +
                  five(names) + ". With --ignore-case they share 15");
  }
}

TEST_CASE("what makes no sense is refused at once: the same file twice, folders, numbers, empty names") {
  const Runners r;
  golden::spit(r.w.folder / "file", "text");
  std::filesystem::create_directory(r.w.folder / "folder");
  for (const std::string& name : both_runners) {
    INFO(name);
    const auto says = [&](const Words& flags, int status, const std::string& text) {
      const program::Result run = r.of(name)(flags);
      INFO(run.err);
      CHECK(run.status == status);
      CHECK(run.err.find(text) != std::string::npos);
      CHECK(run.err.find("score") == std::string::npos);  // nothing was trained
    };
    says({"fit", "--st", "st.h5ad", "--sc", "./st.h5ad", "--out", "out.h5ad"}, 1,
         "error: [./st.h5ad] is named by --st and by --sc; expected spots in one file and single cells in another\n");
    const Words fit = r.on_pair(name, "fit", {"--folds", "0"});
    says(fit + Words{"--out", ""}, 2, "error: [fit] --out must name the .h5ad to write, got an empty name\n");
    const Words impute = {"impute", "--model", "file", "--st", "st.h5ad", "--out"};
    says(impute + Words{""}, 2, "error: [impute] --out must name the .h5ad to write, got an empty name\n");
    for (const std::string other : {"out.csv", "folder/out.h5", "out.h5ad.gz"}) {
      const std::string refusal = "must name the .h5ad to write, got '" + other + "'; no other format is written\n";
      says(fit + Words{"--out", other}, 2, "error: [fit] --out " + refusal);
      says(impute + Words{other}, 2, "error: [impute] --out " + refusal);
      if (name == "dcavae")
        says(fit + Words{"--out", "out.h5ad", "--out-cells", other}, 2, "error: [fit] --out-cells " + refusal);
    }
    says(fit + Words{"--out", "out.h5ad", "--seed", "-1"}, 2, "--seed: ");
    says(fit + Words{"--out", "out.h5ad", "--config", "folder"}, 1,
         "error: [folder] is a folder; expected a JSON file of settings\n");
    says(r.on_pair(name, "evaluate", {"--most-variable", "-3"}), 2, "--most-variable: ");
    says({"demo", "--folder", "file"}, 1, "error: [file] cannot be made: Not a directory; choose another --folder\n");
  }
}

TEST_CASE("a folder where no checkpoint can be written is refused before the training") {
  const Runners r;
  const program::Program shell("/bin/sh", r.w.folder.path());
  for (const std::string& name : both_runners) {
    std::string command = "mkdir gone && cd gone && rmdir ../gone && exec " +
                          std::string(name == "casper" ? STX_CASPER_PROGRAM : STX_DCAVAE_PROGRAM);
    Words flags = r.on_pair(name, "evaluate", {"--folds", "2"});
    for (std::string& flag : flags)
      if (flag.ends_with(".h5ad")) flag = r.w.folder / flag;
    for (const std::string& flag : flags) command += " '" + flag + "'";
    const program::Result run = shell({"-c", command});
    CHECK(run.status == 1);
    CHECK(run.err.starts_with("error: [" + name + "-evaluate.checkpoint] cannot create a file in folder '.': "));
  }
}

TEST_CASE("on a terminal a message takes the line of the progress bar") {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    ::execl(STX_DCAVAE_PROGRAM, "dcavae", "impute", "--model", "none", "--st", "none", "--out", "/tmp/none.h5ad",
            nullptr);
    ::_exit(127);
  }
  REQUIRE(child > 0);
  std::string said;
  char bytes[256];
  for (ssize_t n = 0; (n = ::read(terminal, bytes, sizeof bytes)) > 0;) said.append(bytes, static_cast<std::size_t>(n));
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(terminal);
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(said == "\r\033[Kerror: [none] no such file (or not a regular one)\r\n");
}

TEST_CASE("a setting that is text takes its value as it stands") {
  Runners r;
  std::vector<std::string> types;
  for (std::size_t i = 0; i < r.w.pair.sc.obs.index.size(); ++i) types.push_back(i % 3 == 0 ? "round" : "long");
  for (const char* column : {"1", "true"}) {
    r.w.pair.sc.obs.set(column, types);
    r.w.write();
    for (const std::string& name : both_runners) {
      const std::string json = name + column + ".json", assignment = std::string("label_column=") + column;
      const program::Result run = r.of(name)(
          r.on_pair(name, "fit", {"--folds", "0", "--out", json + ".h5ad", "--json", json, "--set", assignment}));
      INFO(run.err);
      REQUIRE(run.status == 0);
      CHECK(r.w.json(json)["config"]["label_column"] == column);
    }
  }
}

TEST_CASE("--device cuda where there is none: what is missing, before any file is written") {
  const Runners r;
  for (const std::string& name : both_runners) {
    const program::Result run = r.of(name)(Words{"demo", "--folder", "here", "--spots", "1000", "--cells", "100",
                                                 "--device", "cuda", "--folds", "0", "--quiet"} +
                                           (name == "casper" ? program::quick() : dcavae_program::quick()));
    if (run.status == 0) continue;  // a machine with a GPU just runs
    CHECK(run.status == 1);
    CHECK(run.err.starts_with("error: [--device cuda] "));
    CHECK(run.err.ends_with(", or use --device cpu\n"));
    CHECK(run.out.empty());
    CHECK_FALSE(std::filesystem::exists(r.w.folder / "here"));
  }
}
