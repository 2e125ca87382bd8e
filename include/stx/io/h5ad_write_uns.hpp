// JSON as the unstructured part (uns) of an .h5ad file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stx/io/hdf5_write.hpp"

namespace stx::h5ad {

namespace detail {

/// The values of nested arrays in row-major order, and their common shape.
struct FlatArray {
  std::vector<hsize_t> dims;
  std::vector<const nlohmann::json*> values;
};

inline std::string element_where(const hdf5::Object& parent, const std::string& name) {
  return parent.file + ":" + hdf5::child_path(parent, name);
}

inline void flatten(const nlohmann::json& array, std::size_t level, const std::string& where, FlatArray& out) {
  const bool known = level < out.dims.size();
  if (!known) out.dims.push_back(array.size());
  require(out.dims[level] == array.size(), where, "has rows of ", out.dims[level], " and of ", array.size(),
          " values; only rectangular arrays can be stored");
  for (const nlohmann::json& item : array) {
    if (item.is_array()) {
      flatten(item, level + 1, where, out);
    } else {
      require(level + 1 == out.dims.size(), where, "mixes values and arrays; store it as text");
      out.values.push_back(&item);
    }
  }
}

template <class T>
std::vector<T> collect(const FlatArray& array) {
  std::vector<T> values;
  for (const nlohmann::json* item : array.values) values.push_back(item->get<T>());
  return values;
}

inline void write_flat(const hdf5::Object& parent, const std::string& name, const FlatArray& array,
                       const hdf5::Storage& storage) {
  const auto all = [&](auto is) {
    return std::all_of(array.values.begin(), array.values.end(), [&](const auto* v) { return is(*v); });
  };
  if (array.values.empty()) {
    hdf5::write_numbers<double>(parent, name, {}, array.dims.empty() ? std::vector<hsize_t>{0} : array.dims, storage);
  } else if (all([](const auto& v) { return v.is_string(); })) {
    hdf5::write_strings(parent, name, collect<std::string>(array), array.dims);
  } else if (all([](const auto& v) { return v.is_boolean(); })) {
    std::vector<std::uint8_t> flags;
    for (const auto* v : array.values) flags.push_back(v->template get<bool>());
    hdf5::write_booleans(parent, name, flags, array.dims, storage);
  } else if (all([](const auto& v) { return v.is_number_integer(); })) {
    hdf5::write_numbers<std::int64_t>(parent, name, collect<std::int64_t>(array), array.dims, storage);
  } else if (all([](const auto& v) { return v.is_number(); })) {
    hdf5::write_numbers<double>(parent, name, collect<double>(array), array.dims, storage);
  } else {
    fail(element_where(parent, name),
         "an array must hold only numbers, only strings or only booleans; store it as text");
  }
}

}  // namespace detail

/// Writes objects as groups, arrays and scalars as data sets. Errors (ArgumentError): null, arrays
/// that mix types or are ragged.
inline void write_uns(const hdf5::Object& parent, const std::string& name, const nlohmann::json& value,
                      const hdf5::Storage& storage) {
  if (value.is_object()) {
    const hdf5::Object group = hdf5::create_group(parent, name, "dict", "0.1.0");
    for (const auto& [key, item] : value.items()) write_uns(group, key, item, storage);
    return;
  }
  require(!value.is_null() && !value.is_discarded() && !value.is_binary(), detail::element_where(parent, name),
          "has no value (null), which cannot be stored; leave it out");
  detail::FlatArray array;
  if (value.is_array()) {
    detail::flatten(value, 0, detail::element_where(parent, name), array);
  } else {
    array.values.push_back(&value);
  }
  detail::write_flat(parent, name, array, storage);
}

}  // namespace stx::h5ad
