// A program on a simulated pair that a test spoils.
#pragma once

#include <doctest/doctest.h>

#include "models/program.hpp"

namespace program {

using Flags = std::vector<std::string>;

/// A pair, one part of which a test spoils, and the program on it.
struct Spoiled {
  golden::Folder folder;
  Pair pair = make_pair();
  Program casper{STX_CASPER_PROGRAM, folder.path()};

  static Flags evaluate(const Flags& more = {}) {
    return Flags{"evaluate", "--st", "st.h5ad", "--sc", "sc.h5ad"} + quick() + more;
  }
  static Flags fit(const Flags& more = {}) {
    return Flags{"fit", "--st", "st.h5ad", "--sc", "sc.h5ad", "--out", "out.h5ad", "--folds", "0"} + quick() + more;
  }
  void write() const { write_pair(pair, folder); }
  stx::CsrMatrix<float>& spots() { return std::get<stx::CsrMatrix<float>>(*pair.st.x); }
  stx::CsrMatrix<float>& cells() { return std::get<stx::CsrMatrix<float>>(*pair.sc.x); }

  /// Runs and expects status 1, this message alone, and no new file.
  void fails(const Flags& flags, const std::string& message) const {
    const auto before = files();
    const Result r = casper(flags);
    CHECK(r.status == 1);
    CHECK(r.err == "error: " + message + "\n");
    CHECK(r.out.empty());
    CHECK(files() == before);
  }
  /// Names in the folder but for those of the program's own output.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      const std::string name = entry.path().filename().string();
      if (name != ".stdout" && name != ".stderr") names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
};

}  // namespace program
