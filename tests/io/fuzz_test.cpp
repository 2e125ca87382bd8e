// Golden files with flipped bytes or cut off: every reader either succeeds or throws stx::Error.
// HDF5 files are read with the probe, since libhdf5 itself may crash on altered metadata.
#include <doctest/doctest.h>

#include <csignal>
#include <random>
#include <stdexcept>

#include "io/golden.hpp"
#include "stx/io/h5ad_stream.hpp"
#include "stx/io/npy.hpp"
#include "stx/io/read_any.hpp"
#include "stx/io/safetensors.hpp"

// Of LeakSanitizer, where it is linked in.
extern "C" void __lsan_disable() __attribute__((weak));
extern "C" void __lsan_enable() __attribute__((weak));

namespace {

/// libhdf5 loses some memory when it meets a damaged file; stx's own must not go unnoticed
/// elsewhere.
class IgnoreLeaks {
 public:
  explicit IgnoreLeaks(bool ignore) : ignore_(ignore && __lsan_disable && __lsan_enable) {
    if (ignore_) __lsan_disable();
  }
  ~IgnoreLeaks() {
    if (ignore_) __lsan_enable();
  }

 private:
  bool ignore_;
};

void read(const std::string& path) {
  const bool is_hdf5 = path.find(".h5") != path.npos;
  const IgnoreLeaks ignore(is_hdf5);
  try {
    if (path.ends_with(".safetensors")) {
      stx::read_safetensors(path);
    } else if (path.ends_with(".npy")) {
      stx::read_npy_indices(path);
    } else {
      const stx::AnnData a = stx::read_any(path, {.probe = is_hdf5, .probe_limit_s = 1});
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
  damage("current.h5ad", 60, 10);
  damage("dense_lzf.h5ad", 30, 5);
  damage("csc_lzf.h5ad", 30, 5);
  damage("legacy_07.h5ad", 60, 5);
  damage("legacy_06.h5ad", 60, 5);
  damage("tenx_v3.h5", 60, 5);
  damage("tenx_v2.h5", 60, 5);
}

TEST_CASE("a crash of the library below becomes an error") {
  const auto probe = [](auto read) { return golden::message([&] { stx::probe_for_crash("x.h5ad", read, 1); }); };
  CHECK(probe([] {}) == "");
  CHECK(probe([] { throw std::runtime_error("left to the caller"); }) == "");
  CHECK(probe([] { std::raise(SIGSEGV); }) ==
        "[x.h5ad] is damaged: the HDF5 library fails on it (signal 11); fetch or write it again");
  CHECK(probe([] {
          for (;;) ::pause();
        }) == "[x.h5ad] is damaged: the HDF5 library fails on it (signal 14); fetch or write it again");
}
