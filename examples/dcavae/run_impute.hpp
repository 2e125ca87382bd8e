// `dcavae impute`.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "examples/common/impute_run.hpp"
#include "examples/dcavae/write_spots.hpp"

namespace stx::dcavae {

template <class D>
void run_impute(const ImputeCommand& command, const std::string& device_name) {
  ImputeRun run({"dcavae", "impute", D::name, device_name}, command);
  SavedModel saved = read_model(command.model);
  const WantedGenes wanted = WantedGenes::read(command.genes);
  check_wanted_genes(saved.genes, wanted, "the genes that " + command.model + " knows");
  saved.options.rounded = saved.options.rounded || command.rounded;
  require<DataError>(saved.options.cross_attention, command.model,
                     "was trained without cross-attention; only models with it impute other sections");
  run.read(saved.inputs, saved.genes);
  const ImputeInput& input = run.input;
  const Task task = section_task(saved, input.st.counts, input.st_inputs);
  DcavaeModel<D> model({.threads = command.common.used_threads(), .seed = command.common.seed}, task, saved.options);
  load_parameters(model.context(), model.store(), saved.parameters, command.model);
  model.set_keys(Modality::spots, saved.keys);
  if (saved.options.keys == "sampled") model.set_profiles(Modality::cells, saved.cell_profiles);
  std::vector<std::int64_t> known(saved.genes.size(), -1);
  for (std::size_t j = 0; j < input.st_inputs.size(); ++j)
    known[task.split.train[j]] = input.st.columns[input.st_inputs[j]];
  std::unordered_map<std::string, std::int64_t> column_of;
  for (std::size_t c = 0; c < input.st.genes.size(); ++c) column_of.emplace(input.st.genes[c], input.st.columns[c]);
  for (const std::int64_t g : input.measured)
    if (const auto found = column_of.find(saved.genes[g]); known[g] < 0 && found != column_of.end())
      known[g] = found->second;
  const WrittenSpots written =
      write_spots(command, wanted, model, saved, known,
                  {.st = &input.st, .genes = {.measured_pcc = unknown_pcc(input.st)}, .provenance = run.provenance()},
                  run.progress);
  run.finish(written.n_imputed, options_json(saved.options),
             {{"interval_level", written.level}, {"interval_corrected", written.corrected}});
}

}  // namespace stx::dcavae
