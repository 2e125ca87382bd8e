// The obs and var tables of an .h5ad file: current and older encodings, and the oldest (compound).
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "stx/io/anndata.hpp"
#include "stx/io/hdf5_attribute.hpp"

namespace stx::h5ad {

/// Any one-dimensional values as strings (categories may be numbers).
inline std::vector<std::string> read_as_strings(const hdf5::Object& dataset) {
  std::vector<std::string> texts;
  switch (hdf5::extent_of(dataset).element) {
    case hdf5::Element::float32:
    case hdf5::Element::float64:
      for (const double v : hdf5::read_values<double>(dataset)) texts.push_back(fmt::format("{}", v));
      break;
    case hdf5::Element::int32:
    case hdf5::Element::int64:
      for (const auto v : hdf5::read_values<std::int64_t>(dataset)) texts.push_back(std::to_string(v));
      break;
    case hdf5::Element::boolean:
      for (const auto v : hdf5::read_values<std::uint8_t>(dataset)) {
        texts.push_back(v ? "True" : "False");
      }
      break;
    default:
      texts = hdf5::read_strings(dataset);
  }
  return texts;
}

inline Categorical read_categorical(const hdf5::Object& codes, const hdf5::Object& categories, bool ordered) {
  Categorical result{{}, read_as_strings(categories), ordered};
  const auto n = static_cast<std::int64_t>(result.categories.size());
  for (const std::int64_t code : hdf5::read_vector<std::int64_t>(codes)) {
    require<DataError>(code >= -1 && code < n, codes.where(), "row ", result.codes.size(), " has category code ", code,
                       ", outside [-1, ", n, ")");
    result.codes.push_back(static_cast<std::int32_t>(code));
  }
  return result;
}

inline bool is_ordered(const hdf5::Object& object) {
  const auto flag = hdf5::integers_attribute(object, "ordered");
  return !flag.empty() && flag[0] != 0;
}

/// Numbers, booleans or strings; nothing for other types.
inline std::optional<ColumnValues> read_plain_column(const hdf5::Object& dataset) {
  switch (hdf5::extent_of(dataset).element) {
    case hdf5::Element::float32:
    case hdf5::Element::float64:
      return hdf5::read_vector<double>(dataset);
    case hdf5::Element::int32:
    case hdf5::Element::int64:
      return hdf5::read_vector<std::int64_t>(dataset);
    case hdf5::Element::boolean:
      return hdf5::read_vector<std::uint8_t>(dataset);
    case hdf5::Element::string:
      return hdf5::read_strings(dataset);
    default:
      return std::nullopt;
  }
}

/// pandas' nullable column: values beside a mask that is true where there is none.
template <class T>
Nullable<T> nullable(std::vector<T> values, const hdf5::Object& mask) {
  Nullable<T> result{std::move(values), hdf5::read_vector<std::uint8_t>(mask)};
  require<DataError>(result.values.size() == result.missing.size(), mask.where(), "has ", result.missing.size(),
                     " entries for ", result.values.size(), " values");
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    if (result.missing[i]) result.values[i] = T{};
  }
  return result;
}

/// A column stored as a group: categorical or nullable; nothing for other encodings.
inline std::optional<ColumnValues> read_group_column(const hdf5::Object& group) {
  const std::string encoding = hdf5::string_attribute(group, "encoding-type").value_or("");
  if (encoding == "categorical") {
    return read_categorical(hdf5::open(group, "codes"), hdf5::open(group, "categories"), is_ordered(group));
  }
  if (!encoding.starts_with("nullable-")) return std::nullopt;
  const hdf5::Object values = hdf5::open(group, "values"), mask = hdf5::open(group, "mask");
  if (encoding == "nullable-integer") return nullable(hdf5::read_vector<std::int64_t>(values), mask);
  if (encoding == "nullable-boolean") return nullable(hdf5::read_vector<std::uint8_t>(values), mask);
  if (encoding == "nullable-string-array") return nullable(hdf5::read_strings(values), mask);
  return std::nullopt;
}

inline std::optional<ColumnValues> read_column(const hdf5::Object& table, const std::string& name) {
  const hdf5::Object column = hdf5::open(table, name);
  if (hdf5::kind(column) == hdf5::Kind::group) return read_group_column(column);
  // anndata 0.7: the data set holds codes, the categories lie in a side group.
  if (const auto side = hdf5::find(table, "__categories")) {
    if (const auto categories = hdf5::find(*side, name)) {
      return read_categorical(column, *categories, is_ordered(*categories));
    }
  }
  return read_plain_column(column);
}

inline Table read_table_group(const hdf5::Object& group, std::vector<std::string>& skipped) {
  Table table;
  std::string index = hdf5::string_attribute(group, "_index").value_or("_index");
  table.index = read_as_strings(hdf5::open(group, index));
  table.index_name = index == "_index" ? "" : index;
  std::vector<std::string> names = hdf5::strings_attribute(group, "column-order");
  if (!hdf5::has_attribute(group, "column-order")) {
    names = hdf5::children(group);
    std::erase_if(names, [&](const auto& n) { return n == index || n == "__categories"; });
  }
  for (const std::string& name : names) {
    std::optional<ColumnValues> values = read_column(group, name);
    if (!values) {
      skipped.push_back(hdf5::child_path(group, name) + ": this type of column is not supported");
      continue;
    }
    require<DataError>(size_of(*values) == table.rows(), group.where(), "column '", name, "' has ", size_of(*values),
                       " values, the table ", table.rows(), " rows");
    table.columns.push_back({name, std::move(*values)});
  }
  return table;
}

namespace detail {

/// One field of a compound data set, as if it were a data set of its own.
inline ColumnValues read_field(const hdf5::Object& dataset, unsigned field, const std::string& name,
                               const hdf5::Handle& compound) {
  using hdf5::Element;
  const std::string where = dataset.where() + "/" + name;
  hdf5::Extent extent = hdf5::extent_of(dataset);
  extent.type = hdf5::own(H5Tget_member_type(compound.get(), field), H5Tclose, where, "read the type");
  extent.element = hdf5::element_of(extent.type.get());
  const auto read = [&](hid_t type, void* out) {
    const hdf5::Handle one = hdf5::own(H5Tcreate(H5T_COMPOUND, H5Tget_size(type)), H5Tclose, where, "read the field");
    hdf5::check(H5Tinsert(one.get(), name.c_str(), 0, type), where, "read the field");
    return H5Dread(dataset.get(), one.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
  };
  const auto numbers = [&]<class T>(T) {
    std::vector<T> values(extent.count);
    hdf5::check(read(hdf5::native_type<T>(), values.data()), where, "read the field");
    return values;
  };
  if (extent.element == Element::string) return hdf5::detail::strings(extent, where, read);
  if (extent.element == Element::boolean) return numbers(std::uint8_t{});
  if (extent.element == Element::float32 || extent.element == Element::float64) return numbers(0.0);
  require<DataError>(extent.element != Element::other, where, "has a type that is not supported");
  return numbers(std::int64_t{});
}

}  // namespace detail

/// anndata before 0.7: one compound data set; categories lie in uns as "<column>_categories".
inline Table read_table_compound(const hdf5::Object& dataset, const hdf5::Object& root) {
  const hdf5::Quiet quiet;
  const std::string where = dataset.where();
  const hdf5::Extent extent = hdf5::extent_of(dataset);
  const hdf5::Handle type = hdf5::own(H5Dget_type(dataset.get()), H5Tclose, where, "read the type");
  require<DataError>(H5Tget_class(type.get()) == H5T_COMPOUND && extent.dims.size() == 1, where,
                     "must be a table (a data frame group or a compound data set)");
  const std::optional<hdf5::Object> uns = hdf5::find(root, "uns");
  Table table;
  for (int field = 0; field < H5Tget_nmembers(type.get()); ++field) {
    char* text = H5Tget_member_name(type.get(), static_cast<unsigned>(field));
    const std::string name = text ? text : "";
    H5free_memory(text);
    ColumnValues values = detail::read_field(dataset, static_cast<unsigned>(field), name, type);
    if (field == 0) {
      require<DataError>(std::holds_alternative<std::vector<std::string>>(values), where, "first field '", name,
                         "' must be the names of the rows");
      table.index = std::get<std::vector<std::string>>(std::move(values));
      table.index_name = name == "_index" ? "" : name;
      continue;
    }
    const auto* codes = std::get_if<std::vector<std::int64_t>>(&values);
    const auto categories = uns ? hdf5::find(*uns, name + "_categories") : std::nullopt;
    if (codes && categories) {
      Categorical named{{}, read_as_strings(*categories), false};
      const auto n = static_cast<std::int64_t>(named.categories.size());
      for (const std::int64_t code : *codes) {
        require<DataError>(code >= -1 && code < n, where, "column '", name, "' has category code ", code,
                           ", outside [-1, ", n, ")");
        named.codes.push_back(static_cast<std::int32_t>(code));
      }
      values = std::move(named);
    }
    table.columns.push_back({name, std::move(values)});
  }
  return table;
}

/// The table at `name` below `root`, in whichever encoding. `skipped` collects unsupported columns.
inline Table read_table(const hdf5::Object& root, const std::string& name, std::vector<std::string>& skipped) {
  const hdf5::Object object = hdf5::open(root, name);
  if (hdf5::kind(object) == hdf5::Kind::dataset) return read_table_compound(object, root);
  return read_table_group(object, skipped);
}

}  // namespace stx::h5ad
