#include "examples/common/cli.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>

#include "stx/train/interrupt.hpp"

namespace stx {

namespace {

/// Unlike CLI::Range it refuses "nan".
std::string refuse_no_seconds(const std::string& text) {
  double seconds = -1;
  const bool fits = CLI::detail::lexical_cast(text, seconds) && seconds >= 0 && seconds <= 1e9;
  return fits ? "" : "expected a number of seconds from 0 to 1e9, got " + text;
}

}  // namespace

void CommonFlags::add_to(CLI::App& app, const std::string& settings_help) {
  app.add_option("--device", device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  app.add_option("--threads", threads, "CPU threads; 0 = all")->check(CLI::Range(0, 1024))->capture_default_str();
  app.add_option("--seed", seed, "key of all random numbers")->check(CLI::NonNegativeNumber)->capture_default_str();
  CLI::Option* of_training[] = {
      app.add_option("--config", config, "JSON file of settings"),
      app.add_option("--set", sets, "one setting, key=value; may be repeated")->allow_extra_args(false),
      app.add_option("--resume", resume, "continue from this checkpoint"),
      app.add_option("--checkpoint-every", checkpoint_every, "seconds between checkpoints; 0: after every epoch")
          ->check(refuse_no_seconds, "0 to 1e9")
          ->capture_default_str()};
  app.add_flag("--quiet", quiet, "no progress on standard error");
  if (!settings_help.empty()) {
    app.footer("Settings (--set key=value, or --config FILE.json):\n" + settings_help);
    return;
  }
  for (CLI::Option* option : of_training) option->group("");  // not in the help; the command says why it refuses them
  app.footer("Settings are those of the model.");
}

void DataFlags::add_to(CLI::App& app, bool needs_cells) {
  app.add_option("--st", st, "spatial counts: .h5ad, 10x .h5, folder with matrix.mtx, .csv or .tsv")->required();
  if (needs_cells) app.add_option("--sc", sc, "single-cell counts, same formats")->required();
  app.add_option("--st-layer", st_layer, "matrix of the spatial file that holds counts: X, raw or a layer");
  if (needs_cells) app.add_option("--sc-layer", sc_layer, "the same for the single-cell file");
  app.add_option("--gene-table", gene_table, "CSV or TSV with two columns (name, common name), e.g. Ensembl to symbol");
  app.add_flag("--ignore-case", fold_case, "match gene names whatever their case");
}

int guarded(const std::function<void()>& body) {
  const auto say = [](const char* kind, const char* what) {
    // On a terminal a progress bar may stand there.
    std::fprintf(stderr, "%s%s%s\n", isatty(STDERR_FILENO) != 0 ? "\r\033[K" : "", kind, what);
  };
  try {
    body();
    return 0;
  } catch (const Interrupted& e) {
    say("", e.what());
    return 130;
  } catch (const ArgumentError& e) {
    say("error: ", e.what());
    return 2;
  } catch (const std::bad_alloc&) {
    say("error: ", "out of memory");
    return 1;
  } catch (const std::exception& e) {
    say("error: ", e.what());
    return 1;
  }
}

}  // namespace stx
