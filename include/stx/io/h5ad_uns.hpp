// The unstructured part (uns) of an .h5ad file as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stx/io/h5ad_table.hpp"

namespace stx::h5ad {

namespace detail {

/// Folds flat row-major values into arrays nested as `dims` says.
template <class T>
nlohmann::json nested(const std::vector<T>& values, const std::vector<hsize_t>& dims, std::size_t level,
                      std::size_t& next) {
  if (level == dims.size()) return values[next++];
  nlohmann::json array = nlohmann::json::array();
  for (hsize_t i = 0; i < dims[level]; ++i) array.push_back(nested(values, dims, level + 1, next));
  return array;
}

template <class T>
nlohmann::json nested(const std::vector<T>& values, const std::vector<hsize_t>& dims) {
  std::size_t next = 0;
  return nested(values, dims, 0, next);
}

inline nlohmann::json read_value(const hdf5::Object& dataset, std::int64_t max_elements,
                                 std::vector<std::string>& skipped) {
  const hdf5::Extent extent = hdf5::extent_of(dataset);
  if (extent.null) return nullptr;
  if (extent.count > static_cast<std::size_t>(max_elements)) {
    skipped.push_back(dataset.path + ": more than " + std::to_string(max_elements) + " values");
    return nullptr;
  }
  // An array that is empty in an outer dimension could still nest very deep or wide.
  if (extent.count == 0) return nlohmann::json::array();
  switch (extent.element) {
    case hdf5::Element::string:
      return nested(hdf5::read_strings(dataset), extent.dims);
    case hdf5::Element::float32:
    case hdf5::Element::float64:
      return nested(hdf5::read_values<double>(dataset), extent.dims);
    case hdf5::Element::int32:
    case hdf5::Element::int64:
      return nested(hdf5::read_values<std::int64_t>(dataset), extent.dims);
    case hdf5::Element::boolean: {
      const auto bytes = hdf5::read_values<std::uint8_t>(dataset);
      return nested(std::vector<bool>(bytes.begin(), bytes.end()), extent.dims);
    }
    default:
      skipped.push_back(dataset.path + ": this type of data set is not supported");
  }
  return nullptr;
}

}  // namespace detail

/// Groups become objects, arrays nested arrays. What has no JSON form (tables, sparse matrices,
/// record arrays, arrays larger than `max_elements`) becomes null and is named in `skipped`.
inline nlohmann::json read_uns(const hdf5::Object& object, std::int64_t max_elements, std::vector<std::string>& skipped,
                               int depth = 0) {
  require<DataError>(depth < 64, object.where(), "is nested deeper than 64 levels (a cycle of links?)");
  if (hdf5::kind(object) == hdf5::Kind::dataset) {
    return detail::read_value(object, max_elements, skipped);
  }
  const std::string encoding = hdf5::string_attribute(object, "encoding-type").value_or("");
  if (hdf5::kind(object) != hdf5::Kind::group || (!encoding.empty() && encoding != "dict")) {
    skipped.push_back(object.path + ": encoding '" + encoding + "' is not supported here");
    return nullptr;
  }
  nlohmann::json result = nlohmann::json::object();
  for (const std::string& name : hdf5::children(object)) {
    result[name] = read_uns(hdf5::open(object, name), max_elements, skipped, depth + 1);
  }
  return result;
}

}  // namespace stx::h5ad
