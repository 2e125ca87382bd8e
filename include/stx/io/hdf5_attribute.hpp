// Reading HDF5 attributes: strings, numbers, lists of either.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stx/io/hdf5_read.hpp"

namespace stx::hdf5 {

inline bool has_attribute(const Object& object, const std::string& name) {
  const Quiet quiet;
  return H5Aexists(object.get(), name.c_str()) > 0;
}

namespace detail {

struct Attribute {
  Handle id;
  Extent extent;
  std::string where;
};

inline Attribute open_attribute(const Object& object, const std::string& name) {
  const std::string where = object.where() + "@" + name;
  Handle id = own(H5Aopen(object.get(), name.c_str(), H5P_DEFAULT), H5Aclose, where, "open");
  Handle type = own(H5Aget_type(id.get()), H5Tclose, where, "read the type");
  Handle space = own(H5Aget_space(id.get()), H5Sclose, where, "read the shape");
  Extent extent = describe(std::move(type), std::move(space), object, where, 1);
  return {std::move(id), std::move(extent), where};
}

}  // namespace detail

/// Strings of an attribute (one for a scalar); empty when there is no such attribute.
inline std::vector<std::string> strings_attribute(const Object& object, const std::string& name) {
  const Quiet quiet;
  if (!has_attribute(object, name)) return {};
  const detail::Attribute attribute = detail::open_attribute(object, name);
  if (attribute.extent.count == 0) return {};  // h5py writes an empty list as an empty float array
  return detail::strings(attribute.extent, attribute.where,
                         [&](hid_t type, void* out) { return H5Aread(attribute.id.get(), type, out); });
}

/// A scalar string attribute; nothing when it is absent or not a string.
inline std::optional<std::string> string_attribute(const Object& object, const std::string& name) {
  const Quiet quiet;
  if (!has_attribute(object, name)) return std::nullopt;
  const detail::Attribute attribute = detail::open_attribute(object, name);
  if (attribute.extent.element != Element::string || attribute.extent.count != 1) return std::nullopt;
  return strings_attribute(object, name).front();
}

/// Integers of an attribute (booleans as 0 and 1); empty when there is no such attribute.
inline std::vector<std::int64_t> integers_attribute(const Object& object, const std::string& name) {
  const Quiet quiet;
  if (!has_attribute(object, name)) return {};
  const detail::Attribute attribute = detail::open_attribute(object, name);
  require_convertible<std::int64_t>(attribute.extent, attribute.where);
  std::vector<std::int64_t> values(attribute.extent.count);
  if (values.empty()) return values;
  check(H5Aread(attribute.id.get(), H5T_NATIVE_INT64, values.data()), attribute.where, "read");
  return values;
}

}  // namespace stx::hdf5
