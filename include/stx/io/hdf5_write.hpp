// Writing HDF5 groups, arrays, strings and attributes in anndata's element encodings.
#pragma once

#include <algorithm>
#include <concepts>
#include <span>
#include <string>
#include <vector>

#include "stx/io/hdf5_output.hpp"
#include "stx/io/hdf5_read.hpp"

namespace stx::hdf5 {

namespace detail {

inline Handle string_type(const std::string& where) {
  Handle type = own(H5Tcopy(H5T_C_S1), H5Tclose, where, "write strings");
  check(H5Tset_size(type.get(), H5T_VARIABLE), where, "write strings");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), where, "write strings");
  return type;
}

/// The enumeration by which h5py stores booleans.
inline Handle boolean_type(const std::string& where) {
  Handle type = own(H5Tenum_create(H5T_NATIVE_INT8), H5Tclose, where, "write booleans");
  const std::int8_t no = 0, yes = 1;
  check(H5Tenum_insert(type.get(), "FALSE", &no), where, "write booleans");
  check(H5Tenum_insert(type.get(), "TRUE", &yes), where, "write booleans");
  return type;
}

inline Handle shape(const std::vector<hsize_t>& dims, const std::string& where) {
  return own(
      dims.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
      H5Sclose, where, "describe the shape");
}

inline void write_attribute(const Object& object, const std::string& name, hid_t type, const std::vector<hsize_t>& dims,
                            const void* values) {
  const Quiet quiet;
  const std::string where = object.where() + "@" + name;
  const Handle space = shape(dims, where);
  const Handle attribute = own(H5Acreate2(object.get(), name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                               H5Aclose, where, "create");
  if (std::count(dims.begin(), dims.end(), hsize_t{0}) > 0) return;  // nothing to write
  check(H5Awrite(attribute.get(), type, values), where, "write");
}

inline std::vector<const char*> pointers(std::span<const std::string> texts, const std::string& where) {
  std::vector<const char*> result;
  for (const std::string& text : texts) {
    require(text.find('\0') == std::string::npos, where, "string '", text.c_str(),
            "...' contains a zero byte, which HDF5 cannot store");
    result.push_back(text.c_str());
  }
  return result;
}

}  // namespace detail

/// How arrays are stored.
struct Storage {
  int gzip_level = 4;  ///< 0 (none) to 9
};

inline void write_attribute(const Object& object, const std::string& name, const std::string& text) {
  const char* pointer = text.c_str();
  detail::write_attribute(object, name, detail::string_type(object.where()).get(), {}, &pointer);
}

inline void write_attribute(const Object& object, const std::string& name, bool flag) {
  const std::int8_t value = flag;
  detail::write_attribute(object, name, detail::boolean_type(object.where()).get(), {}, &value);
}

inline void write_attribute(const Object& object, const std::string& name, const std::vector<std::int64_t>& values) {
  detail::write_attribute(object, name, H5T_NATIVE_INT64, {values.size()}, values.data());
}

inline void write_attribute(const Object& object, const std::string& name, const std::vector<std::string>& texts) {
  const auto pointers = detail::pointers(texts, object.where());
  detail::write_attribute(object, name, detail::string_type(object.where()).get(), {texts.size()}, pointers.data());
}

inline void write_encoding(const Object& object, const std::string& type, const std::string& version) {
  write_attribute(object, "encoding-type", type);
  write_attribute(object, "encoding-version", version);
}

inline void require_link_name(const Object& parent, const std::string& name) {
  require(!name.empty() && name != "." && name.find('/') == std::string::npos && name.find('\0') == std::string::npos,
          parent.where(), "cannot hold a member called '", name,
          "': names must not be empty or '.' and must not contain '/'");
}

inline Object create_group(const Object& parent, const std::string& name, const std::string& encoding,
                           const std::string& version) {
  const Quiet quiet;
  require_link_name(parent, name);
  Object group{Handle(), parent.file, child_path(parent, name), 0};
  group.id = own(H5Gcreate2(parent.get(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose, group.where(),
                 "create");
  write_encoding(group, encoding, version);
  return group;
}

/// An array without values yet, of HDF5 type `type`; compressed from 1 KiB on.
inline Object create_dataset(const Object& parent, const std::string& name, hid_t type,
                             const std::vector<hsize_t>& dims, const Storage& storage) {
  const Quiet quiet;
  require_link_name(parent, name);
  Object dataset{Handle(), parent.file, child_path(parent, name), 0};
  const std::string where = dataset.where();
  const Handle space = detail::shape(dims, where);
  const Handle layout = own(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, where, "create");
  hsize_t bytes = H5Tget_size(type);
  for (const hsize_t dim : dims) bytes *= dim;
  if (storage.gzip_level > 0 && bytes >= 1024 && !dims.empty()) {
    // Chunks of whole rows, about 512 KiB: readers take rows.
    std::vector<hsize_t> chunk = dims;
    const hsize_t row_bytes = bytes / dims[0];
    chunk[0] = std::clamp<hsize_t>((hsize_t{1} << 19) / row_bytes, 1, dims[0]);
    if (row_bytes > (hsize_t{1} << 30)) chunk.back() = 1u << 16;  // HDF5 refuses chunks of 4 GiB
    check(H5Pset_chunk(layout.get(), static_cast<int>(chunk.size()), chunk.data()), where, "create");
    check(H5Pset_shuffle(layout.get()), where, "create");
    check(H5Pset_deflate(layout.get(), static_cast<unsigned>(storage.gzip_level)), where, "create");
  }
  dataset.id = own(H5Dcreate2(parent.get(), name.c_str(), type, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT),
                   H5Dclose, where, "create");
  return dataset;
}

/// Writes raw values of HDF5 type `type`.
inline Object write_dataset(const Object& parent, const std::string& name, hid_t type, const std::vector<hsize_t>& dims,
                            const void* values, const Storage& storage) {
  Object dataset = create_dataset(parent, name, type, dims, storage);
  const Quiet quiet;
  if (std::count(dims.begin(), dims.end(), hsize_t{0}) == 0)
    check(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), dataset.where(), "write");
  return dataset;
}

/// Writes rows [first, first + n) of an array of two dimensions and `cols` columns.
template <class T>
void write_rows(const Object& dataset, std::int64_t first, std::int64_t n, std::int64_t cols, const T* values) {
  if (n == 0 || cols == 0) return;
  const Quiet quiet;
  const std::string where = dataset.where();
  const hsize_t start[] = {static_cast<hsize_t>(first), 0},
                count[] = {static_cast<hsize_t>(n), static_cast<hsize_t>(cols)};
  const Handle target = own(H5Dget_space(dataset.get()), H5Sclose, where, "write");
  check(H5Sselect_hyperslab(target.get(), H5S_SELECT_SET, start, nullptr, count, nullptr), where, "write");
  const Handle memory = own(H5Screate_simple(2, count, nullptr), H5Sclose, where, "write");
  check(H5Dwrite(dataset.get(), native_type<T>(), memory.get(), target.get(), H5P_DEFAULT, values), where, "write");
}

/// Numbers of shape `dims` (empty: one number).
template <class T>
void write_numbers(const Object& parent, const std::string& name, std::span<const T> values,
                   const std::vector<hsize_t>& dims, const Storage& storage) {
  const Object dataset = write_dataset(parent, name, native_type<T>(), dims, values.data(), storage);
  write_encoding(dataset, dims.empty() ? "numeric-scalar" : "array", "0.2.0");
}

/// Booleans (0 or 1) of shape `dims` (empty: one boolean).
inline void write_booleans(const Object& parent, const std::string& name, std::span<const std::uint8_t> values,
                           const std::vector<hsize_t>& dims, const Storage& storage) {
  std::vector<std::int8_t> flags(values.size());
  std::transform(values.begin(), values.end(), flags.begin(), [](auto v) { return v != 0; });
  const Handle type = detail::boolean_type(parent.where());
  const Object dataset = write_dataset(parent, name, type.get(), dims, flags.data(), storage);
  write_encoding(dataset, dims.empty() ? "numeric-scalar" : "array", "0.2.0");
}

/// Strings of shape `dims` (empty: one string). Not compressed: HDF5 stores the text elsewhere.
inline void write_strings(const Object& parent, const std::string& name, std::span<const std::string> texts,
                          const std::vector<hsize_t>& dims) {
  const auto pointers = detail::pointers(texts, child_path(parent, name));
  const Handle type = detail::string_type(parent.where());
  const Object dataset = write_dataset(parent, name, type.get(), dims, pointers.data(), Storage{0});
  write_encoding(dataset, dims.empty() ? "string" : "string-array", "0.2.0");
}

}  // namespace stx::hdf5
