// `dcavae evaluate`.
#pragma once

#include "examples/common/pair_run.hpp"
#include "examples/dcavae/commands.hpp"
#include "examples/dcavae/evaluate_genes.hpp"
#include "examples/dcavae/evaluation_report.hpp"
#include "examples/dcavae/read_options.hpp"

namespace stx::dcavae {

/// The settings of a command; its flags --rounded and --extra-genes stand for the settings of these names.
template <class Command>
Options options_of(const Command& command) {
  constexpr bool fits = std::is_same_v<Command, FitCommand>;
  Options options = read_options(command.common, fits);
  if constexpr (fits) options.extra_genes = command.extra_genes.value_or(options.extra_genes);
  options.rounded = options.rounded || command.rounded;
  return options;
}

/// Reads the data of a command and looks at what the settings ask of them, before anything is trained. What they ask of
/// places is set back where the data have none.
template <class Command>
void load_data(PairRun& run, const Command& command, Options& options) {
  run.load(command.data, options_json(options));
  check_labels(run.pair, options);
  const auto add_note = [&](const std::string& note) {
    run.pair.notes.push_back(note);
    run.progress.note("note: " + note);
  };
  if (const auto note = list_note(run.pair.sc.counts.rows, run.pair.st.counts.rows, options); !note.empty())
    add_note(note);
  if (const auto reason = why_not_placed(run.pair.coordinates); !reason.empty()) {
    add_note(
        "cells are not placed: " + reason +
        (options.joint_positions ? "; joint_positions = true is refused, the rest is trained without places" : ""));
    options.joint_positions = false;
    run.facts.config = options_json(options);
  }
}

/// Runs the protocol of the command on data that are loaded.
template <class D>
GenesEvaluation evaluate_pair(const EvaluateCommand& command, const Options& options, PairRun& run) {
  command.check();
  require_enough(run.pair, command.folds);
  EvaluationPlan plan =
      plan_of(run.pair, command.protocol, command.folds, options, {.paper = command.ablations, .mends = command.mends});
  plan.seeds = command.seed_list();
  plan.methods = methods_of(command.methods);
  plan.cache = command.cache;
  if (!plan.methods.empty())
    require_inputs(run.pair, plan.folds, casper::least_inputs, "the methods beside dcavae (--methods) need");
  return evaluate_genes<D>(run.pair, plan, {.threads = run.facts.threads, .seed = command.common.seed}, run.tools());
}

template <class D>
void run_evaluate(const EvaluateCommand& command, const std::string& device_name) {
  PairRun run({"dcavae", "evaluate", D::name, device_name}, command.common);
  run.will_write({command.json, command.report});
  Options options = options_of(command);
  methods_of(command.methods);  // refused before data are read
  load_data(run, command, options);
  keep_most_variable(run.pair, command.most_variable);
  run.begin(command.json, {{"protocol", command.protocol},
                           {"folds", command.folds},
                           {"seeds", command.seeds},
                           {"methods", command.methods},
                           {"ablations", command.ablations},
                           {"mends", command.mends}});
  GenesEvaluation evaluation = evaluate_pair<D>(command, options, run);
  run.facts.total_seconds = run.seconds();
  run.finish([&] {
    write_evaluation({command.json, command.report}, evaluation.log, run.pair, run.facts,
                     evaluation_extras(evaluation, run.pair.coordinates, run.facts.threads));
  });
}

}  // namespace stx::dcavae
