// Bounded reads of HDF5 data sets and attributes: numbers (whole or by rows) and strings.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "stx/io/hdf5_object.hpp"

namespace stx::hdf5 {

/// The HDF5 type of T in memory.
template <class T>
hid_t native_type() {
  if constexpr (std::same_as<T, float>) return H5T_NATIVE_FLOAT;
  if constexpr (std::same_as<T, double>) return H5T_NATIVE_DOUBLE;
  if constexpr (std::same_as<T, std::int8_t>) return H5T_NATIVE_INT8;
  if constexpr (std::same_as<T, std::uint8_t>) return H5T_NATIVE_UINT8;
  if constexpr (std::same_as<T, std::int32_t>) return H5T_NATIVE_INT32;
  if constexpr (std::same_as<T, std::int64_t>) return H5T_NATIVE_INT64;
}

/// What the elements of a data set or attribute are, by the narrowest stx type that holds them.
enum class Element { float32, float64, int32, int64, boolean, string, other };

inline Element element_of(hid_t type) {
  const std::size_t size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      return size <= 4 ? Element::float32 : Element::float64;
    case H5T_INTEGER:
      return size < 4 || (size == 4 && H5Tget_sign(type) == H5T_SGN_2) ? Element::int32 : Element::int64;
    case H5T_ENUM:
      return H5Tget_nmembers(type) == 2 ? Element::boolean : Element::other;
    case H5T_STRING:
      return Element::string;
    default:
      return Element::other;
  }
}

/// Type and shape of a data set or attribute, checked against what the file can hold.
struct Extent {
  Handle type;
  Handle space;
  Element element = Element::other;
  std::vector<hsize_t> dims;  ///< empty for a scalar
  std::size_t count = 0;      ///< number of elements
  bool null = false;          ///< no value at all (HDF5 null data space)
};

/// `ratio`: how many times larger than the file the values may be (deflate reaches 1032).
inline Extent describe(Handle type, Handle space, const Object& at, const std::string& where, std::uint64_t ratio) {
  Extent extent{std::move(type), std::move(space), Element::other, {}, 0, false};
  extent.element = element_of(extent.type.get());
  const H5S_class_t shape = H5Sget_simple_extent_type(extent.space.get());
  extent.null = shape == H5S_NULL;
  if (extent.null) return extent;
  const int rank = H5Sget_simple_extent_ndims(extent.space.get());
  check(rank, where, "read the shape");
  extent.dims.resize(static_cast<std::size_t>(rank));
  if (rank > 0) {
    check(H5Sget_simple_extent_dims(extent.space.get(), extent.dims.data(), nullptr), where, "read the shape");
  }
  long double bytes = static_cast<long double>(H5Tget_size(extent.type.get()));
  for (const hsize_t dim : extent.dims) bytes *= static_cast<long double>(dim);
  const long double limit = static_cast<long double>(at.file_bytes) * static_cast<long double>(ratio) + (1u << 28);
  require<DataError>(bytes <= limit, where, "claims to hold ", bytes, " bytes, but its file has only ", at.file_bytes,
                     "; the file is damaged");
  extent.count = 1;
  for (const hsize_t dim : extent.dims) extent.count *= static_cast<std::size_t>(dim);
  return extent;
}

inline Extent extent_of(const Object& dataset) {
  const Quiet quiet;
  const std::string where = dataset.where();
  require<DataError>(kind(dataset) == Kind::dataset, where, "must be a data set");
  return describe(own(H5Dget_type(dataset.get()), H5Tclose, where, "read the type"),
                  own(H5Dget_space(dataset.get()), H5Sclose, where, "read the shape"), dataset, where, 1100);
}

/// Throws unless values of this element kind convert to T without loss of meaning.
template <class T>
void require_convertible(const Extent& extent, const std::string& where) {
  constexpr bool integral = std::integral<T>;
  const bool whole =
      extent.element == Element::int32 || extent.element == Element::int64 || extent.element == Element::boolean;
  const bool real = extent.element == Element::float32 || extent.element == Element::float64;
  require<DataError>(whole || (real && !integral), where, "must hold ", integral ? "integers" : "numbers");
  const bool narrow = sizeof(T) < 8 && extent.element == Element::int64;
  require<DataError>(!(integral && narrow), where, "holds 64-bit integers; read them as int64");
}

/// HDF5 clamps unsigned 64-bit values to the signed maximum; a clamped value is an error here.
template <class T>
void refuse_clamped(std::span<const T> values, const Extent& extent, const std::string& where) {
  if constexpr (std::same_as<T, std::int64_t>) {
    if (H5Tget_sign(extent.type.get()) != H5T_SGN_NONE || H5Tget_size(extent.type.get()) < 8) return;
    const auto at = std::find(values.begin(), values.end(), std::numeric_limits<T>::max());
    require<DataError>(at == values.end(), where, "entry ", at - values.begin(),
                       " does not fit into a signed 64-bit integer");
  }
}

/// Reads rows [first, first + count) of the leading dimension, all of the others, into `out`.
template <class T>
void read_rows(const Object& dataset, std::int64_t first, std::int64_t count, std::span<T> out) {
  const Quiet quiet;
  const std::string where = dataset.where();
  const Extent extent = extent_of(dataset);
  require_convertible<T>(extent, where);
  require<DataError>(!extent.dims.empty(), where, "must be an array, got a scalar");
  const auto rows = static_cast<std::int64_t>(extent.dims[0]);
  require<ArgumentError>(first >= 0 && count >= 0 && first <= rows && count <= rows - first, where, "rows ", first,
                         " to ", first + count, " asked for, there are ", rows);
  std::vector<hsize_t> start(extent.dims.size(), 0), size = extent.dims;
  start[0] = static_cast<hsize_t>(first);
  size[0] = static_cast<hsize_t>(count);
  std::size_t n = 1;
  for (const hsize_t s : size) n *= static_cast<std::size_t>(s);
  require<ArgumentError>(n == out.size(), where, "buffer holds ", out.size(), " values, need ", n);
  if (n == 0) return;
  check(H5Sselect_hyperslab(extent.space.get(), H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr), where,
        "select rows");
  const Handle memory =
      own(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose, where, "select rows");
  check(H5Dread(dataset.get(), native_type<T>(), memory.get(), extent.space.get(), H5P_DEFAULT, out.data()), where,
        "read the values; the file is damaged");
  refuse_clamped<T>(out, extent, where);
}

/// All values of a data set of any rank, row-major.
template <class T>
std::vector<T> read_values(const Object& dataset) {
  const Quiet quiet;
  const std::string where = dataset.where();
  const Extent extent = extent_of(dataset);
  require_convertible<T>(extent, where);
  std::vector<T> values(extent.count);
  if (values.empty()) return values;
  check(H5Dread(dataset.get(), native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), where,
        "read the values; the file is damaged");
  refuse_clamped<T>(values, extent, where);
  return values;
}

/// The values of a data set that must have exactly one dimension.
template <class T>
std::vector<T> read_vector(const Object& dataset) {
  const std::size_t rank = extent_of(dataset).dims.size();
  require<DataError>(rank == 1, dataset.where(), "must have one dimension, got ", rank);
  return read_values<T>(dataset);
}

namespace detail {

/// Cuts a fixed-width HDF5 string at its padding.
inline std::string unpadded(const char* text, std::size_t size, H5T_str_t padding) {
  std::size_t length = 0;
  while (length < size && text[length] != '\0') ++length;
  if (padding == H5T_STR_SPACEPAD) {
    while (length > 0 && text[length - 1] == ' ') --length;
  }
  return {text, length};
}

/// Strings, fixed or variable in length; `read(memory_type, buffer)` fetches the raw elements.
template <class Read>
std::vector<std::string> strings(const Extent& extent, const std::string& where, const Read& read) {
  require<DataError>(extent.element == Element::string, where, "must hold strings");
  std::vector<std::string> result(extent.count);
  if (result.empty()) return result;
  const hid_t stored = extent.type.get();
  const bool variable = H5Tis_variable_str(stored) > 0;
  const std::size_t width = variable ? H5T_VARIABLE : H5Tget_size(stored);
  const Handle memory = own(H5Tcopy(H5T_C_S1), H5Tclose, where, "read strings");
  check(H5Tset_size(memory.get(), width), where, "read strings");
  check(H5Tset_cset(memory.get(), H5Tget_cset(stored)), where, "read strings");
  check(H5Tset_strpad(memory.get(), H5Tget_strpad(stored)), where, "read strings");
  if (variable) {
    std::vector<char*> texts(extent.count, nullptr);
    const herr_t status = read(memory.get(), static_cast<void*>(texts.data()));
    const std::string reason = status < 0 ? last_error() : "";
    if (status >= 0) {
      for (std::size_t i = 0; i < texts.size(); ++i) result[i] = texts[i] ? texts[i] : "";
    }
    H5Dvlen_reclaim(memory.get(), extent.space.get(), H5P_DEFAULT, texts.data());
    require<DataError>(status >= 0, where, "cannot read strings; the file is damaged", reason);
  } else {
    std::vector<char> texts(extent.count * width);
    check(read(memory.get(), static_cast<void*>(texts.data())), where, "read strings");
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = unpadded(texts.data() + i * width, width, H5Tget_strpad(stored));
    }
  }
  return result;
}

}  // namespace detail

/// All strings of a data set.
inline std::vector<std::string> read_strings(const Object& dataset) {
  const Quiet quiet;
  return detail::strings(extent_of(dataset), dataset.where(), [&](hid_t type, void* out) {
    return H5Dread(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
  });
}

}  // namespace stx::hdf5
