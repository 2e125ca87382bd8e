// The program `dcavae` and small data for it.
#pragma once

#include <nlohmann/json.hpp>

#include "models/program.hpp"

namespace dcavae_program {

using Flags = std::vector<std::string>;

/// Settings of a training that takes a moment.
inline Flags quick() {
  Flags flags;
  for (const char* setting : {"hidden=16", "latent=5", "max_epochs=2", "batch_size=64", "posterior_samples=10", "k=10",
                              "position_epochs=3", "epoch_iterations=1"}) {
    flags.push_back("--set");
    flags.push_back(setting);
  }
  flags.push_back("--threads");
  flags.push_back("1");
  return flags;
}

/// A folder with st.h5ad and sc.h5ad and the program in it. `empty_spot`: spot 7 has no counts.
struct Workplace {
  golden::Folder folder;
  program::Pair pair = program::make_pair();
  program::Program dcavae{STX_DCAVAE_PROGRAM, folder.path()};

  explicit Workplace(bool empty_spot = false) {
    auto& spots = std::get<stx::CsrMatrix<float>>(*pair.st.x);
    for (auto e = spots.indptr[7]; empty_spot && e < spots.indptr[8]; ++e) spots.values[static_cast<std::size_t>(e)] = 0;
    std::vector<std::string> types;
    for (std::size_t i = 0; i < pair.sc.obs.index.size(); ++i) types.push_back(i % 3 == 0 ? "round" : "long");
    pair.sc.obs.set("cell_type", types);
    types.clear();
    for (std::size_t i = 0; i < pair.st.obs.index.size(); ++i) types.push_back(i % 4 == 0 ? "round" : "long");
    pair.st.obs.set("cell_type", types);
    write();
  }
  void write() const { program::write_pair(pair, folder); }

  Flags on_pair(const std::string& command, const Flags& flags = {}) const {
    using program::operator+;
    return Flags{command, "--st", "st.h5ad", "--sc", "sc.h5ad", "--folds", "2"} + quick() + flags;
  }
  nlohmann::ordered_json json(const std::string& name) const {
    return nlohmann::ordered_json::parse(golden::slurp(folder / name));
  }
};

}  // namespace dcavae_program
