// A folder with a simulated pair, and a program that works in it.
#pragma once

#include <nlohmann/json.hpp>

#include "models/program.hpp"

namespace program {

using Flags = std::vector<std::string>;
using Json = nlohmann::ordered_json;

/// A folder with st.h5ad and sc.h5ad and the program in it.
struct Workplace {
  golden::Folder folder;
  Pair pair = make_pair();
  Program casper{STX_CASPER_PROGRAM, folder.path()};

  Workplace() { write_pair(pair, folder); }

  /// `command --st st.h5ad --sc sc.h5ad`, quick settings, and `flags`.
  Flags on_pair(const std::string& command, const Flags& flags = {}) const {
    return Flags{command, "--st", "st.h5ad", "--sc", "sc.h5ad", "--folds", "2"} + quick() + flags;
  }
  Json json(const std::string& name) const { return Json::parse(golden::slurp(folder / name)); }
  bool has(const std::string& name) const { return std::filesystem::exists(folder / name); }
};

}  // namespace program
