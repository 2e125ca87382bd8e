// NumPy .npy files of row numbers (one-dimensional int32 or int64), such as train/test splits.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "stx/core/error.hpp"

namespace stx {

namespace detail {

/// The text after `key` in the header's Python dictionary, up to the closing character.
inline std::string npy_field(const std::string& header, const std::string& key, char open, char close,
                             const std::string& path) {
  std::size_t begin = header.find("'" + key + "'");
  if (begin != std::string::npos) begin = header.find(open, begin + key.size() + 2);
  const std::size_t end = begin == std::string::npos ? begin : header.find(close, begin + 1);
  require<DataError>(end != std::string::npos, path, "has a damaged .npy header: no ", key);
  return header.substr(begin + 1, end - begin - 1);
}

}  // namespace detail

/// Reads a one-dimensional .npy file of int32 or int64 (little-endian).
/// Errors (DataError): not .npy, another type or shape, truncated.
inline std::vector<std::int64_t> read_npy_indices(const std::string& path) {
  std::error_code error;
  require<DataError>(std::filesystem::is_regular_file(path, error), path, "no such file (or not a regular one)");
  const std::uint64_t file_bytes = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  unsigned char magic[8] = {};
  in.read(reinterpret_cast<char*>(magic), 8);
  require<DataError>(in.good() && std::memcmp(magic, "\x93NUMPY", 6) == 0, path,
                     "is not a .npy file (no NUMPY signature)");
  require<DataError>(magic[6] >= 1 && magic[6] <= 3, path, "has .npy format version ", int{magic[6]},
                     "; 1 to 3 are supported");
  const std::size_t length_bytes = magic[6] == 1 ? 2 : 4;
  unsigned char length[4] = {};
  in.read(reinterpret_cast<char*>(length), static_cast<std::streamsize>(length_bytes));
  const std::uint64_t header_bytes =
      length[0] | length[1] << 8 | length[2] << 16 | static_cast<std::uint64_t>(length[3]) << 24;
  require<DataError>(in.good() && 8 + length_bytes + header_bytes <= file_bytes, path, "is truncated in its header");
  std::string header(header_bytes, '\0');
  in.read(header.data(), static_cast<std::streamsize>(header_bytes));

  const std::string type = detail::npy_field(header, "descr", '\'', '\'', path);
  require<DataError>(type == "<i8" || type == "<i4", path, "holds '", type,
                     "'; row numbers must be int64 ('<i8') or int32 ('<i4')");
  const std::string shape = detail::npy_field(header, "shape", '(', ')', path);
  std::uint64_t n = 0;
  std::size_t digits = 0;
  while (digits < shape.size() && digits < 18 && shape[digits] >= '0' && shape[digits] <= '9') {
    n = n * 10 + static_cast<std::uint64_t>(shape[digits++] - '0');
  }
  require<DataError>(digits > 0 && shape.substr(digits) == ",", path, "has shape (", shape,
                     "); row numbers must have one dimension");
  const std::uint64_t width = type == "<i8" ? 8 : 4;
  const std::uint64_t data_bytes = file_bytes - 8 - length_bytes - header_bytes;
  require<DataError>(n <= data_bytes / width, path, "is truncated: ", n, " numbers need ", n * width,
                     " bytes, the file has ", data_bytes);
  std::vector<std::int64_t> values(n);
  const auto read = [&](void* out) { in.read(static_cast<char*>(out), static_cast<std::streamsize>(n * width)); };
  if (width == 8) {
    read(values.data());
  } else {
    std::vector<std::int32_t> narrow(n);
    read(narrow.data());
    values.assign(narrow.begin(), narrow.end());
  }
  require<DataError>(in.good() || n == 0, path, "cannot be read to its end");
  return values;
}

}  // namespace stx
