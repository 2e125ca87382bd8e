// Golden files with flipped bytes or cut off: every reader either succeeds or throws stx::Error.
#include <doctest/doctest.h>

#include <random>

#include "io/golden.hpp"
#include "stx/io/h5ad_stream.hpp"
#include "stx/io/npy.hpp"
#include "stx/io/read_any.hpp"
#include "stx/io/safetensors.hpp"

namespace {

void read(const std::string& path) {
  try {
    if (path.ends_with(".safetensors")) {
      stx::read_safetensors(path);
    } else if (path.ends_with(".npy")) {
      stx::read_npy_indices(path);
    } else {
      const stx::AnnData a = stx::read_any(path);
      if (a.x) stx::counts(*a.x, path);
    }
  } catch (const stx::Error&) {
  }
}

void damage(const char* name, int n_flips, int n_cuts) {
  CAPTURE(name);
  const golden::Folder folder;
  const std::string whole = golden::slurp(golden::path(name));
  const std::string path = folder / std::filesystem::path(name).filename().string();
  std::mt19937 random(1);
  const auto below = [&](std::size_t n) { return random() % n; };
  for (int k = 0; k < n_cuts; ++k) {
    golden::spit(path, whole.substr(0, below(whole.size())));
    CHECK_NOTHROW(read(path));
  }
  for (int k = 0; k < n_flips; ++k) {
    std::string spoiled = whole;
    for (std::size_t flips = 1 + below(4); flips > 0; --flips) {
      spoiled[below(spoiled.size())] = static_cast<char>(below(256));
    }
    golden::spit(path, spoiled);
    CHECK_NOTHROW(read(path));
  }
}

}  // namespace

TEST_CASE("damaged text, safetensors and npy files") {
  damage("counts.csv", 300, 50);
  damage("mtx_plain/matrix.mtx", 100, 20);
  damage("rows_int64.npy", 500, 100);
  damage("model.safetensors", 2000, 200);
}

TEST_CASE("damaged HDF5 files") {
  damage("current.h5ad", 200, 30);
  damage("dense_lzf.h5ad", 150, 10);
  damage("csc_lzf.h5ad", 150, 10);
  damage("legacy_07.h5ad", 300, 20);
  damage("legacy_06.h5ad", 300, 20);
  damage("tenx_v3.h5", 300, 20);
  damage("tenx_v2.h5", 300, 20);
}
