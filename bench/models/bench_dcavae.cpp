// bench_dcavae: makes simulated pairs, and times the parts of DCAVAE's training on the CPU.
//
//   bench_dcavae simulate FOLDER --spots N --cells N --genes N    FOLDER/st.h5ad and FOLDER/sc.h5ad
//   bench_dcavae time --st FILE --sc FILE [--set key=value]...    one JSON object on standard output
//
// `time` trains on all shared genes. In seconds: the lists of partners; `steps`, single optimiser steps with
// pairs that are given (cells and spots as anchors in turn); `draws`, drawing the pairs of one step; `epochs`,
// whole epochs, pairs drawn within; `positions`, single epochs of the second stage.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "examples/common/clock.hpp"
#include "examples/common/demo.hpp"
#include "examples/dcavae/pairs.hpp"
#include "examples/dcavae/positions.hpp"
#include "examples/dcavae/read_options.hpp"
#include "examples/dcavae/train.hpp"
#include "stx/backend/cpu/elementwise.hpp"
#include "stx/backend/cpu/transfer.hpp"

namespace {

using namespace stx;
using namespace stx::dcavae;
using Seconds = std::vector<double>;

/// Seconds of `count` calls of `work`, after `warm` calls.
template <class F>
Seconds seconds_of(std::int64_t warm, std::int64_t count, F&& work) {
  Seconds all;
  for (std::int64_t i = -warm; i < count; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    if (i >= 0) all.push_back(seconds_since(start));
  }
  return all;
}

/// A draw of another sampler, kept for ever.
class GivenPairs {
 public:
  GivenPairs(Context<Cpu>& ctx, PairSampler<Cpu>& sampler) : iterations_(sampler.iterations()) {
    sampler.begin_epoch(ctx, 0);
    for (const Anchors anchors : {Anchors::first, Anchors::second}) {
      begin_step(ctx);
      const Draw<Cpu> drawn = sampler.draw(ctx, anchors);
      draws_[anchors == Anchors::first ? 0 : 1] = {
          kept(ctx, drawn.anchors),          kept(ctx, drawn.keys_of_anchors), kept(ctx, drawn.partners),
          kept(ctx, drawn.keys_of_partners), kept(ctx, drawn.positives),       kept(ctx, drawn.distances)};
    }
  }

  std::int64_t iterations() const { return iterations_; }
  void begin_epoch(Context<Cpu>&, std::int64_t) {}
  const Draw<Cpu>& draw(Context<Cpu>&, Anchors anchors) const { return draws_[anchors == Anchors::first ? 0 : 1]; }

 private:
  template <class V>
  static Tensor<V, Cpu> kept(Context<Cpu>& ctx, const Tensor<V, Cpu>& t) {
    if (!t) return {};
    return to_device(ctx, to_host(ctx, t), t.shape);
  }

  std::int64_t iterations_;
  Draw<Cpu> draws_[2];
};

Seconds step_seconds(DcavaeModel<Cpu>& model, PairSampler<Cpu>& sampler, std::int64_t count) {
  Context<Cpu>& ctx = model.context();
  GivenPairs pairs(ctx, sampler);
  Trainer<Cpu, GivenPairs> trainer(model, pairs, 1, 1);
  std::int64_t i = 0;
  return seconds_of(4, count, [&] {
    begin_step(ctx);
    model.store().begin_step();
    const auto terms = trainer.loss(i++ % 2 == 0 ? Anchors::first : Anchors::second);
    backward(ctx, std::span<const Var<float, Cpu>>(terms));
    trainer.adam().step(ctx);
  });
}

Seconds epoch_seconds(DcavaeModel<Cpu>& model, PairSampler<Cpu>& sampler, std::int64_t count) {
  Trainer<Cpu, PairSampler<Cpu>> trainer(model, sampler, count + 1, count + 1);
  double epoch = 0;
  trainer.run([&] { return ++epoch; }, [] {});
  Seconds all;
  for (const EpochRecord& record : trainer.epochs()) all.push_back(record.train_seconds);
  all.erase(all.begin());  // its memory is new
  return all;
}

Seconds position_seconds(DcavaeModel<Cpu>& model, const Matrix<double>& coordinates, std::int64_t count) {
  PositionOptions options;
  options.epochs = count;
  options.samples = 0;
  const Latents spots = model.latents(Modality::spots);
  Seconds all;
  place_cells<Cpu>(model.context().options(), {spots.mean, spots.sd}, coordinates, {spots.mean, spots.sd}, options,
                   [&](std::int64_t, const EpochRecord& record) { all.push_back(record.train_seconds); });
  return all;
}

struct TimeCommand {
  CommonFlags common;
  DataFlags data;
  std::int64_t steps = 40, epochs = 5, positions = 0;
};

void time_training(const TimeCommand& command) {
  const Options options = read_options(command.common);
  const ContextOptions context{.threads = command.common.used_threads(), .seed = command.common.seed};
  const PairData pair = load_pair(command.data.st, command.data.sc);
  GeneSplit split;
  for (std::int64_t g = 0; g < pair.n_shared(); ++g) split.train.push_back(g);
  const Task task = make_task(pair, split, options);
  DcavaeModel<Cpu> model(context, task, options);
  auto start = std::chrono::steady_clock::now();
  ListStore lists;
  PairSampler<Cpu> sampler = PairSampler<Cpu>::of(model.context(), task, options, lists);
  nlohmann::ordered_json json{{"cells", task.cells.rows},
                              {"spots", task.spots.rows},
                              {"genes", task.n_genes()},
                              {"threads", context.threads},
                              {"steps_per_epoch", 2 * sampler.iterations()},
                              {"lists", seconds_since(start)}};
  json["steps"] = step_seconds(model, sampler, command.steps);
  std::int64_t i = 0;
  json["draws"] = seconds_of(2, command.steps, [&] {
    begin_step(model.context());
    sampler.draw(model.context(), i++ % 2 == 0 ? Anchors::first : Anchors::second);
  });
  if (command.epochs > 0) json["epochs"] = epoch_seconds(model, sampler, command.epochs);
  if (command.positions > 0) json["positions"] = position_seconds(model, task.coordinates, command.positions);
  std::printf("%s\n", json.dump().c_str());
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
  command.common.add_to(*time, options_help());
  time->add_option("--steps", command.steps, "steps and draws to time");
  time->add_option("--epochs", command.epochs, "epochs to time");
  time->add_option("--positions", command.positions, "epochs of the second stage to time");
  CLI11_PARSE(app, argc, argv);
  return stx::guarded([&] {
    if (time->parsed()) return time_training(command);
    simulation.n_measured = simulation.n_genes;
    write_simulated_pair(folder, simulation, available_threads());
  });
}
