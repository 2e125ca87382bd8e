// safetensors files: named tensors and a map of strings, without code or pickles.
// Format: 8 bytes little-endian header length, JSON header, tensor bytes.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "stx/core/error.hpp"
#include "stx/io/atomic_file.hpp"
#include "stx/io/float_formats.hpp"

namespace stx {

static_assert(std::endian::native == std::endian::little, "safetensors holds little-endian numbers");

using TensorValues =
    std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>, std::vector<std::int32_t>>;

/// One tensor, row-major. An empty shape is a scalar (one value).
struct SafeTensor {
  std::vector<std::int64_t> shape;
  TensorValues values;
};

using TensorMap = std::map<std::string, SafeTensor>;
using MetadataMap = std::map<std::string, std::string>;

namespace safetensors {

inline constexpr std::uint64_t max_header_bytes = 100'000'000;
inline constexpr const char* metadata_key = "__metadata__";

/// Name of each alternative of TensorValues in the file, and its bytes per value; then the formats
/// that are read as F32 and never written.
inline constexpr const char* dtype_names[] = {"F32", "F64", "I64", "I32", "F16", "BF16"};
inline constexpr std::uint64_t dtype_bytes[] = {4, 8, 8, 4, 2, 2};

inline std::uint64_t size_of(const TensorValues& values) {
  return std::visit([](const auto& v) { return static_cast<std::uint64_t>(v.size()); }, values);
}

/// Product of the shape. Errors: negative, or more than 2^62 values.
inline std::uint64_t n_values(const std::vector<std::int64_t>& shape, const std::string& where) {
  std::uint64_t n = 1;
  for (const std::int64_t dim : shape) {
    require<DataError>(dim >= 0, where, "has the negative dimension ", dim);
    const auto d = static_cast<std::uint64_t>(dim);
    require<DataError>(d == 0 || n <= (std::uint64_t{1} << 62) / d, where, "has an absurd shape");
    n *= d;
  }
  return n;
}

/// Parses the header; a repeated name is an error, where JSON parsers would keep the last one.
inline nlohmann::json parse_header(const std::string& text, const std::string& path) {
  std::set<std::string> names;
  std::string repeated;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    if (event == nlohmann::json::parse_event_t::key && depth == 1 && repeated.empty()) {
      const std::string name = value.get<std::string>();
      if (!names.insert(name).second) repeated = name;
    }
    return true;
  };
  nlohmann::json header;
  try {
    header = nlohmann::json::parse(text, watch);
  } catch (const nlohmann::json::exception& error) {
    fail<DataError>(path, "the safetensors header is not valid JSON: ", error.what());
  }
  require<DataError>(header.is_object(), path, "the safetensors header must be a JSON object");
  require<DataError>(repeated.empty(), path, "the name '", repeated, "' occurs twice");
  return header;
}

/// Where one tensor lies in the file.
struct Entry {
  std::string name;
  std::size_t dtype = 0;  ///< place in dtype_names
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  ///< bytes after the header
};

inline Entry parse_entry(const std::string& name, const nlohmann::json& item, const std::string& path,
                         std::uint64_t data_bytes) {
  const std::string where = path + ":" + name;
  const auto is_offset = [](const nlohmann::json& v) { return v.is_number_unsigned(); };
  const bool complete = item.is_object() && item.contains("dtype") && item["dtype"].is_string() &&
                        item.contains("shape") && item["shape"].is_array() && item.contains("data_offsets") &&
                        item["data_offsets"].is_array() && item["data_offsets"].size() == 2 &&
                        std::all_of(item["shape"].begin(), item["shape"].end(), is_offset) &&
                        std::all_of(item["data_offsets"].begin(), item["data_offsets"].end(), is_offset);
  require<DataError>(complete, where, "must have dtype, shape and two data_offsets");
  Entry entry{name, 0, {}, item["data_offsets"][0], item["data_offsets"][1]};
  const std::string dtype = item["dtype"];
  const auto* known = std::find(std::begin(dtype_names), std::end(dtype_names), dtype);
  require<DataError>(known != std::end(dtype_names), where, "has dtype ", dtype,
                     "; supported are F32, F64, I64, I32, F16 and BF16");
  entry.dtype = static_cast<std::size_t>(known - std::begin(dtype_names));
  for (const nlohmann::json& dim : item["shape"]) {
    const auto d = dim.get<std::uint64_t>();
    require<DataError>(d <= std::uint64_t{1} << 62, where, "has an absurd shape");
    entry.shape.push_back(static_cast<std::int64_t>(d));
  }
  require<DataError>(entry.begin <= entry.end && entry.end <= data_bytes, where, "has data_offsets [", entry.begin,
                     ", ", entry.end, "), but the file holds ", data_bytes,
                     " bytes of data; the file is truncated or damaged");
  const std::uint64_t n = n_values(entry.shape, where);
  require<DataError>((entry.end - entry.begin) / dtype_bytes[entry.dtype] == n &&
                         (entry.end - entry.begin) % dtype_bytes[entry.dtype] == 0,
                     where, "has ", entry.end - entry.begin, " bytes of data, but its shape needs ", n, " values of ",
                     dtype_bytes[entry.dtype], " bytes");
  return entry;
}

/// Entries in the order of their data; the data must be covered without gap or overlap.
inline std::vector<Entry> parse_entries(const nlohmann::json& header, const std::string& path,
                                        std::uint64_t data_bytes) {
  std::vector<Entry> entries;
  for (const auto& [name, item] : header.items()) {
    if (name != metadata_key) entries.push_back(parse_entry(name, item, path, data_bytes));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  std::uint64_t next = 0;
  for (const Entry& entry : entries) {
    require<DataError>(entry.begin == next, path + ":" + entry.name, "begins at byte ", entry.begin,
                       " of the data, expected ", next,
                       entry.begin < next ? " (tensors overlap)" : " (a gap before it)");
    next = entry.end;
  }
  require<DataError>(next == data_bytes, path, "holds ", data_bytes, " bytes of data, its header names ", next,
                     "; the file is truncated or damaged");
  return entries;
}

}  // namespace safetensors

/// The content of a safetensors file.
struct SafetensorsFile {
  std::string path;
  TensorMap tensors;
  MetadataMap metadata;

  /// Values of the tensor `name`, which must have this shape and element type.
  template <class T>
  const std::vector<T>& get(const std::string& name, const std::vector<std::int64_t>& shape) const {
    const auto found = tensors.find(name);
    require<DataError>(found != tensors.end(), path, "has no tensor '", name, "'");
    const auto text = [](const std::vector<std::int64_t>& dims) {
      std::string s;
      for (const std::int64_t d : dims) s += (s.empty() ? "" : " x ") + std::to_string(d);
      return s.empty() ? std::string("a scalar") : s;
    };
    require<DataError>(found->second.shape == shape, path, "tensor '", name, "' is ", text(found->second.shape),
                       ", expected ", text(shape));
    const auto* values = std::get_if<std::vector<T>>(&found->second.values);
    require<DataError>(values != nullptr, path, "tensor '", name, "' has dtype ",
                       safetensors::dtype_names[found->second.values.index()], ", expected ",
                       safetensors::dtype_names[TensorValues(std::vector<T>()).index()]);
    return *values;
  }
};

/// Reads a safetensors file of F32, F64, I64 and I32 tensors; F16 and BF16 become float.
/// Errors (DataError): a header longer than 100 MB or than the file, invalid JSON, repeated names,
/// other dtypes, offsets that overlap, leave gaps or lie outside, shapes that disagree with them.
inline SafetensorsFile read_safetensors(const std::string& path) {
  std::error_code error;
  require<DataError>(std::filesystem::is_regular_file(path, error), path, "no such file (or not a regular one)");
  const std::uint64_t file_bytes = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  require<DataError>(!error && in.good(), path, "cannot be opened for reading");
  std::uint64_t header_bytes = 0;
  require<DataError>(file_bytes >= 8, path, "is not a safetensors file: it has only ", file_bytes, " bytes");
  in.read(reinterpret_cast<char*>(&header_bytes), 8);
  require<DataError>(header_bytes <= safetensors::max_header_bytes, path, "claims a header of ", header_bytes,
                     " bytes; at most ", safetensors::max_header_bytes, " are allowed. Is it a safetensors file?");
  require<DataError>(header_bytes <= file_bytes - 8, path, "claims a header of ", header_bytes,
                     " bytes, but the file has only ", file_bytes, "; it is truncated or damaged");
  std::string text(header_bytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(header_bytes));
  require<DataError>(in.good() || header_bytes == 0, path, "cannot be read");

  const nlohmann::json header = safetensors::parse_header(text, path);
  SafetensorsFile file{path, {}, {}};
  if (header.contains(safetensors::metadata_key)) {
    const nlohmann::json& metadata = header[safetensors::metadata_key];
    require<DataError>(metadata.is_object(), path, "__metadata__ must map strings to strings");
    for (const auto& [key, value] : metadata.items()) {
      require<DataError>(value.is_string(), path, "__metadata__ must map strings to strings");
      file.metadata[key] = value.get<std::string>();
    }
  }
  const auto read = [&]<class T>(std::vector<T> values, std::uint64_t bytes) {
    values.resize(bytes / sizeof(T));
    in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(bytes));
    require<DataError>(in.good() || bytes == 0, path, "cannot be read to its end");
    return values;
  };
  const auto read_narrow = [&](std::uint64_t bytes, float (*widen)(std::uint16_t)) {
    const std::vector<std::uint16_t> narrow = read(std::vector<std::uint16_t>(), bytes);
    std::vector<float> values(narrow.size());
    std::transform(narrow.begin(), narrow.end(), values.begin(), widen);
    return values;
  };
  for (auto& entry : safetensors::parse_entries(header, path, file_bytes - 8 - header_bytes)) {
    const std::uint64_t bytes = entry.end - entry.begin;
    TensorValues values;
    switch (entry.dtype) {
      case 0:
        values = read(std::vector<float>(), bytes);
        break;
      case 1:
        values = read(std::vector<double>(), bytes);
        break;
      case 2:
        values = read(std::vector<std::int64_t>(), bytes);
        break;
      case 3:
        values = read(std::vector<std::int32_t>(), bytes);
        break;
      case 4:
        values = read_narrow(bytes, from_half);
        break;
      default:
        values = read_narrow(bytes, from_bfloat16);
    }
    file.tensors[entry.name] = {std::move(entry.shape), std::move(values)};
  }
  return file;
}

/// Writes tensors atomically; wider types first, so that all are aligned, then by name.
/// Errors: ArgumentError when a shape disagrees with the number of values or a name is
/// "__metadata__"; DataError as AtomicFile.
inline void write_safetensors(const std::string& path, const TensorMap& tensors, const MetadataMap& metadata = {},
                              bool overwrite = false) {
  std::vector<const TensorMap::value_type*> order;
  for (const auto& item : tensors) order.push_back(&item);
  const auto width = [](const auto* item) { return safetensors::dtype_bytes[item->second.values.index()]; };
  std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) { return width(a) > width(b); });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[safetensors::metadata_key] = metadata;
  std::uint64_t next = 0;
  for (const auto* item : order) {
    const auto& [name, tensor] = *item;
    require(name != safetensors::metadata_key, path, "a tensor cannot be called __metadata__");
    const std::uint64_t n = safetensors::size_of(tensor.values);
    require(n == safetensors::n_values(tensor.shape, path + ":" + name), path, "tensor '", name, "' has ", n,
            " values, which do not fill its shape");
    const std::uint64_t end = next + n * width(item);
    header[name] = {{"dtype", safetensors::dtype_names[tensor.values.index()]},
                    {"shape", tensor.shape},
                    {"data_offsets", {next, end}}};
    next = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception& error) {
    fail(path, "names and metadata must be UTF-8 text: ", error.what());
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t header_bytes = text.size();
  require(header_bytes <= safetensors::max_header_bytes, path, "the header would have ", header_bytes,
          " bytes; at most ", safetensors::max_header_bytes, " are allowed");
  AtomicFile file(path, overwrite);
  file.write(&header_bytes, sizeof(header_bytes));
  file.write(text);
  for (const auto* item : order) {
    std::visit([&](const auto& v) { file.write(v.data(), v.size() * sizeof(v[0])); }, item->second.values);
  }
  file.commit();
}

}  // namespace stx
