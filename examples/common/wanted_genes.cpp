#include "examples/common/wanted_genes.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "stx/io/delimited.hpp"

namespace stx {

namespace {

/// Gene names of a text file, one per line, each once.
std::vector<std::string> read_gene_list(const std::string& path) {
  require<DataError>(!std::filesystem::is_directory(path), path,
                     "is a folder; expected a text file with one gene name per line");
  std::ifstream in(path);
  require<DataError>(in.good(), path, "cannot be opened for reading; expected a text file with one gene name per line");
  std::vector<std::string> genes;
  std::set<std::string> seen;
  for (std::string line; std::getline(in, line);) {
    require<DataError>(line.find('\0') == std::string::npos, path,
                       "is not a text file; expected one gene name per line");
    const std::size_t first = line.find_first_not_of(" \t\r"), last = line.find_last_not_of(" \t\r");
    if (first == std::string::npos) continue;
    std::string name = line.substr(first, last + 1 - first);
    if (seen.insert(name).second) genes.push_back(std::move(name));
  }
  require<DataError>(!genes.empty(), path, "holds no gene name; expected one per line");
  return genes;
}

using Places = std::map<std::string, std::int64_t>;

Places places_of(const std::vector<std::string>& genes) {
  Places places;
  for (std::size_t g = 0; g < genes.size(); ++g) places.emplace(genes[g], static_cast<std::int64_t>(g));
  return places;
}

/// Places of the wanted genes in the reference, all of which must be there.
std::vector<std::int64_t> find_wanted_genes(const std::vector<std::string>& reference, const WantedGenes& wanted,
                                            const std::string& what) {
  const Places places = places_of(reference);
  std::vector<std::int64_t> found;
  std::vector<std::string> unknown;
  for (const std::string& name : wanted.names) {
    const auto at = places.find(name);
    at == places.end() ? unknown.push_back(name) : found.push_back(at->second);
  }
  require<DataError>(unknown.empty(), wanted.choice, "names what is not among ", what, ": ",
                     detail::examples(unknown, 10), ". Those are ", detail::examples(reference));
  return found;
}

}  // namespace

WantedGenes WantedGenes::read(const std::string& choice) {
  return {choice, choice == "all" ? std::vector<std::string>() : read_gene_list(choice)};
}

void check_wanted_genes(const std::vector<std::string>& reference, const WantedGenes& wanted, const std::string& what) {
  find_wanted_genes(reference, wanted, what);
}

std::vector<std::int64_t> genes_to_impute(const std::vector<std::string>& reference,
                                          const std::set<std::int64_t>& measured, const WantedGenes& wanted,
                                          Progress& progress) {
  std::vector<std::int64_t> genes;
  if (wanted.all()) {
    for (std::int64_t g = 0; g < static_cast<std::int64_t>(reference.size()); ++g)
      if (measured.count(g) == 0) genes.push_back(g);
    if (genes.empty()) progress.note("note: every gene that the model knows is measured; nothing is imputed");
    return genes;
  }
  for (const std::int64_t gene : find_wanted_genes(reference, wanted, "the genes that the model knows")) {
    if (measured.count(gene) != 0) {
      progress.note("note: " + reference[gene] + " is measured and stays as it is");
    } else {
      genes.push_back(gene);
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
  const GeneMatch match = match_files({command.model, inputs}, {command.data.st, input.st.genes},
                                      {.fold_case = command.data.fold_case, .table = table.empty() ? nullptr : &table});
  for (const std::string& note : input.notes) progress.note("note: " + note);
  if (match.size() < static_cast<std::int64_t>(inputs.size())) {
    std::vector<char> present(inputs.size(), 0);
    for (std::int64_t g : match.index_a) present[g] = 1;
    std::string missing;
    constexpr std::int64_t most = 20;
    const std::int64_t n = static_cast<std::int64_t>(inputs.size()) - match.size();
    for (std::size_t g = 0, shown = 0; g < present.size() && shown < most; ++g)
      if (!present[g]) missing += (shown++ == 0 ? "" : ", ") + inputs[g];
    if (n > most) missing += detail::concat(" and ", n - most, " more");
    fail<DataError>(command.data.st, "lacks ", n, " of the ", inputs.size(), " genes that the model ", command.model,
                    " takes as input: ", missing);
  }
  const Places place = places_of(reference);
  for (const std::string& name : inputs) input.measured.insert(place.at(name));
  for (const std::string& name : input.st.genes)
    if (place.count(name) != 0) input.measured.insert(place.at(name));
  input.st_inputs = match.index_b;
  return input;
}

}  // namespace stx
