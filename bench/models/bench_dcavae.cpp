// bench_dcavae: makes simulated pairs, and times the parts of DCAVAE's training on the CPU or a GPU.
//
//   bench_dcavae simulate FOLDER --spots N --cells N --genes N    FOLDER/st.h5ad and FOLDER/sc.h5ad
//   bench_dcavae time --st FILE --sc FILE [--device cpu|cuda] [--set key=value]...    one JSON object on standard
//   output
//
// `time` trains on all shared genes. In seconds: the lists of partners; `steps`, single optimiser steps with
// pairs that are given (cells and spots as anchors in turn); `draws`, drawing the pairs of one step; `epochs`,
// whole epochs, pairs drawn within; `positions`, single epochs of the second stage.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "bench/models/time_training.hpp"
#include "examples/common/demo.hpp"
#include "examples/common/pair_data.hpp"
#include "examples/dcavae/read_options.hpp"

namespace {

using namespace stx;
using namespace stx::dcavae;

struct TimeCommand {
  CommonFlags common;
  DataFlags data;
  TimeOptions counts;
};

void time_files(const TimeCommand& command) {
  const Options options = read_options(command.common);
  const PairData pair = load_pair(command.data.st, command.data.sc);
  GeneSplit split;
  for (std::int64_t g = 0; g < pair.n_shared(); ++g) split.train.push_back(g);
  const Times times =
      time_training(command.common.device, {.threads = command.common.used_threads(), .seed = command.common.seed},
                    make_task(pair, split, options), options, command.counts);
  std::printf("%s\n", to_json(times).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Makes simulated pairs; times the parts of DCAVAE's training.");
  app.require_subcommand(1);
  SimulationOptions simulation;
  std::string folder;
  CLI::App* simulate = app.add_subcommand("simulate", "write a simulated pair");
  simulate->add_option("folder", folder, "folder of st.h5ad and sc.h5ad")->required();
  simulate->add_option("--spots", simulation.n_spots, "number of spots");
  simulate->add_option("--cells", simulation.n_cells, "number of cells");
  simulate->add_option("--genes", simulation.n_genes, "number of genes; the spots have them all");
  TimeCommand command;
  CLI::App* time = app.add_subcommand("time", "time a pair of files");
  command.data.add_to(*time);
  command.common.add_to(*time, options_help(false));
  time->add_option("--steps", command.counts.steps, "steps and draws to time");
  time->add_option("--epochs", command.counts.epochs, "epochs to time");
  time->add_option("--positions", command.counts.positions, "epochs of the second stage to time");
  CLI11_PARSE(app, argc, argv);
  return stx::guarded([&] {
    if (time->parsed()) return time_files(command);
    simulation.n_measured = simulation.n_genes;
    write_simulated_pair(folder, simulation, available_threads());
  });
}
