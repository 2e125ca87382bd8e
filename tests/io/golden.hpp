// What the files of tests/golden/io hold (see tests/reference/io_make_golden.py).
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "stx/io/anndata.hpp"

namespace golden {

inline std::string path(const std::string& name) { return std::string(STX_TEST_SOURCE_DIR "/golden/io/") + name; }

inline constexpr int n_cells = 9, n_genes = 6;

inline int count(std::int64_t i, std::int64_t j) {
  const auto v = static_cast<int>((3 * i + 5 * j) % 7);
  return v > 3 || i == 4 ? 0 : v;
}

inline std::vector<std::string> cells() {
  std::vector<std::string> names;
  for (int i = 0; i < n_cells; ++i) names.push_back("cell" + std::to_string(i));
  return names;
}
inline std::vector<std::string> genes() { return {"Gad1", "Slc17a7", "Pvalb", "Sst", "N\xC3\xA4me", "Vip"}; }

/// Value of any matrix at (i, j), by a walk that does not rely on sorted indices.
inline double at(const stx::AnyMatrix& any, std::int64_t i, std::int64_t j) {
  return std::visit(
      [&](const auto& m) -> double {
        if constexpr (requires { m.indptr; }) {
          double sum = 0;
          for (auto k = m.indptr[i]; k < m.indptr[i + 1]; ++k) {
            if (m.indices[k] == j) sum += static_cast<double>(m.values[k]);
          }
          return sum;
        } else {
          return static_cast<double>(m(i, j));
        }
      },
      any);
}

/// Whether `any` is the golden 9 x 6 matrix, shifted by `shift`.
inline bool is_golden(const stx::AnyMatrix& any, double shift = 0) {
  if (stx::rows_of(any) != n_cells || stx::cols_of(any) != n_genes) return false;
  for (int i = 0; i < n_cells; ++i) {
    for (int j = 0; j < n_genes; ++j) {
      if (!(at(any, i, j) == count(i, j) + shift)) return false;
    }
  }
  return true;
}

/// A folder of its own for one test, removed at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "stx-io-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  std::size_t n_files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::string path_;
};

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}
inline void spit(const std::string& path, const std::string& text) {
  std::filesystem::remove(path);  // ext4 flushes a file that is truncated and written again
  std::ofstream(path, std::ios::binary) << text;
}

/// The message of the stx::Error that f() throws; "" when it throws none.
template <class F>
std::string message(F f) {
  try {
    f();
  } catch (const stx::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace golden
