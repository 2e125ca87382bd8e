// The command line of a runner: fit, impute, evaluate, demo.
#pragma once

#include <hdf5.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <type_traits>

#include "examples/common/demo.hpp"
#include "stx/version.hpp"

namespace stx {

/// The whole program. `Runner` names what differs:
///   - `name`, `about`: text;
///   - `Fit` (a FitFlags), `Impute`, `Evaluate`: the commands, each with `common` and add_to(CLI::App&);
///   - `settings_help(command)` for each command that trains; `why_no_cuda()`: empty where a GPU can be used;
///   - `on_cpu(command)` and `on_cuda(command)` for each command;
///   - `complete_demo(Fit&, folder)`: what the demo's `fit` asks for beyond the common flags.
template <class Runner>
int run_program(int argc, char** argv) {
  H5dont_atexit();  // libhdf5 would print about damaged files when the program ends
  CLI::App app(Runner::about);
  app.set_version_flag("--version", std::string(Runner::name) + " (stx " + version_string + ")");
  app.require_subcommand(1);
  const auto subcommand = [&](const char* name, const char* about, auto& command) {
    CLI::App* sub = app.add_subcommand(name, about);
    command.add_to(*sub);
    using Command = std::remove_reference_t<decltype(command)>;
    command.common.add_to(*sub, std::is_same_v<Command, typename Runner::Impute> ? "" : Runner::settings_help(command));
    return sub;
  };
  typename Runner::Fit fit;
  typename Runner::Impute impute;
  typename Runner::Evaluate evaluate;
  DemoFlags demo;
  demo.folder = std::string(Runner::name) + "-demo";
  const CLI::App* fit_app = subcommand("fit", "train on a pair of data sets and impute", fit);
  const CLI::App* impute_app = subcommand("impute", "impute with a trained model", impute);
  const CLI::App* evaluate_app = subcommand("evaluate", "score the model and baselines under a protocol", evaluate);
  subcommand("demo", "the whole way on a simulated tissue", demo);
  const auto commands = app.get_subcommands({});
  if (argc > 1 && argv[1][0] != '-' &&
      std::none_of(commands.begin(), commands.end(), [&](const CLI::App* c) { return c->get_name() == argv[1]; })) {
    std::fprintf(stderr, "unknown command '%s'; known are fit, impute, evaluate and demo\n", argv[1]);
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return guarded([&] {
    for (const CommonFlags* common : {&fit.common, &impute.common, &evaluate.common, &demo.common}) {
      if (common->device != "cuda") continue;
      const std::string reason = Runner::why_no_cuda();
      require<DeviceError>(reason.empty(), "--device cuda", reason);
    }
    const auto run = [](const auto& command) {
      const std::string& device = command.common.device;
      if (device != "cpu" && Runner::why_no_cuda().empty()) {
        Runner::on_cuda(command);
      } else {
        Runner::on_cpu(command);
      }
    };
    if (fit_app->parsed()) {
      run(fit);
    } else if (impute_app->parsed()) {
      run(impute);
    } else if (evaluate_app->parsed()) {
      run(evaluate);
    } else {
      typename Runner::Fit next;
      static_cast<FitFlags&>(next) = prepare_demo(demo);
      Runner::complete_demo(next, demo.folder);
      run(next);
    }
  });
}

}  // namespace stx
