#include "examples/common/wanted_genes.hpp"

#include <fstream>
#include <map>

#include "stx/io/delimited.hpp"

namespace stx {

namespace {

/// Gene names of a text file, one per line.
std::vector<std::string> read_gene_list(const std::string& path) {
  std::ifstream in(path);
  require<DataError>(in.good(), path, "cannot be opened for reading");
  std::vector<std::string> genes;
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) genes.push_back(line);
  }
  require<DataError>(!genes.empty(), path, "holds no gene name");
  return genes;
}

}  // namespace

std::vector<std::int64_t> genes_to_impute(const std::vector<std::string>& reference,
                                          const std::set<std::int64_t>& measured, const std::string& choice,
                                          Progress& progress) {
  std::vector<std::int64_t> genes;
  if (choice == "all") {
    for (std::int64_t g = 0; g < static_cast<std::int64_t>(reference.size()); ++g)
      if (measured.count(g) == 0) genes.push_back(g);
    if (genes.empty()) progress.note("note: every gene that the model knows is measured; nothing is imputed");
    return genes;
  }
  std::map<std::string, std::int64_t> place;
  for (std::size_t g = 0; g < reference.size(); ++g) place.emplace(reference[g], static_cast<std::int64_t>(g));
  for (const std::string& name : read_gene_list(choice)) {
    const auto found = place.find(name);
    require<DataError>(found != place.end(), choice, "gene '", name, "' is not in the reference (it has ",
                       reference.front(), ", ...)");
    if (measured.count(found->second) != 0) {
      progress.note("note: " + name + " is measured and stays as it is");
    } else {
      genes.push_back(found->second);
    }
  }
  return genes;
}

ImputeInput read_impute_input(const ImputeFlags& command, const std::vector<std::string>& inputs,
                              const std::vector<std::string>& reference, Progress& progress) {
  ImputeInput input;
  input.st = load_counts(command.data.st, command.data.st_layer, input.notes);
  NameTable table;
  if (!command.data.gene_table.empty()) table = read_name_table(command.data.gene_table);
  const GeneMatch match = match_genes(inputs, input.st.genes,
                                      {.fold_case = command.data.fold_case, .table = table.empty() ? nullptr : &table});
  for (const std::string& note : input.notes) progress.note("note: " + note);
  if (match.size() < static_cast<std::int64_t>(inputs.size())) {
    std::vector<char> present(inputs.size(), 0);
    for (std::int64_t g : match.index_a) present[g] = 1;
    std::string missing;
    for (std::size_t g = 0; g < present.size(); ++g)
      if (!present[g]) missing += (missing.empty() ? "" : ", ") + inputs[g];
    fail<DataError>(command.data.st, "lacks ", inputs.size() - static_cast<std::size_t>(match.size()), " of the ",
                    inputs.size(), " genes that the model ", command.model, " takes as input: ", missing);
  }
  std::map<std::string, std::int64_t> place;
  for (std::size_t g = 0; g < reference.size(); ++g) place.emplace(reference[g], static_cast<std::int64_t>(g));
  for (const std::string& name : inputs) input.measured.insert(place.at(name));
  for (const std::string& name : input.st.genes)
    if (place.count(name) != 0) input.measured.insert(place.at(name));
  input.st_inputs = match.index_b;
  return input;
}

}  // namespace stx
