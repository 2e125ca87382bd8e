// Reads the golden files of tests/golden: text, `name rows cols` and then the values.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include "stx/data/matrix.hpp"

namespace golden {

using Arrays = std::map<std::string, stx::Matrix<double>>;

inline Arrays load(const std::string& name) {
  std::ifstream file(std::string(STX_TEST_SOURCE_DIR "/golden/") + name);
  if (!file) throw std::runtime_error("missing golden file " + name);
  std::string text, line;
  while (std::getline(file, line)) {
    if (!line.starts_with('#')) text += line + '\n';
  }
  std::istringstream in(text);
  Arrays arrays;
  std::string key;
  std::int64_t rows, cols;
  while (in >> key >> rows >> cols) {
    stx::Matrix<double> values(rows, cols);
    for (double& value : values.values) {
      if (!(in >> value)) throw std::runtime_error("golden file " + name + " is too short");
    }
    arrays.emplace(key, std::move(values));
  }
  return arrays;
}

/// The array as float.
inline stx::Matrix<float> to_float(const stx::Matrix<double>& m) {
  stx::Matrix<float> out(m.rows, m.cols);
  for (std::size_t i = 0; i < m.values.size(); ++i) out.values[i] = static_cast<float>(m.values[i]);
  return out;
}

}  // namespace golden
