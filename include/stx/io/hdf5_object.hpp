// RAII over HDF5's C interface: files, groups, data sets; its errors become stx::DataError.
// HDF5 is not thread-safe: use one thread at a time.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stx/core/error.hpp"
#include "stx/io/lzf.hpp"

namespace stx::hdf5 {

/// Keeps HDF5 from printing its error stack while alive; the previous setting returns afterwards.
class Quiet {
 public:
  Quiet() {
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Quiet() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

/// Owns one HDF5 identifier.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle() = default;
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() {
    if (id_ < 0) return;
    const Quiet quiet;
    close_(id_);
  }
  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  /// Closes now; false when HDF5 reports a failure.
  bool close() { return id_ < 0 || close_(std::exchange(id_, -1)) >= 0; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// The innermost message on HDF5's error stack, as " (HDF5: ...)", or nothing.
inline std::string last_error() {
  std::string message;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* error, void* out) -> herr_t {
        if (n == 0 && error->desc) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &message);
  return message.empty() ? message : " (HDF5: " + message + ")";
}

/// A file, group or data set, with the names that its error messages need.
struct Object {
  Handle id;
  std::string file;
  std::string path;              ///< inside the file, e.g. "/X/data"
  std::uint64_t file_bytes = 0;  ///< size of the file; bounds what an object may claim to hold

  std::string where() const { return file + ":" + path; }
  hid_t get() const { return id.get(); }
};

/// Returns the identifier as a Handle, or throws `[where] cannot <action> (HDF5: ...)`.
inline Handle own(hid_t id, Handle::Close close, const std::string& where, const char* action) {
  if (id < 0) fail<DataError>(where, "cannot ", action, last_error());
  return Handle(id, close);
}

inline void check(herr_t status, const std::string& where, const char* action) {
  if (status < 0) fail<DataError>(where, "cannot ", action, last_error());
}

/// Opens an HDF5 file for reading. Errors: missing, empty, not HDF5, truncated.
inline Object open_file(const std::string& path) {
  const Quiet quiet;
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  require<DataError>(std::filesystem::exists(status), path, "no such file");
  require<DataError>(std::filesystem::is_regular_file(status), path, "is not a regular file");
  Object file{Handle(), path, "/", std::filesystem::file_size(path, error)};
  require<DataError>(!error, path, "cannot be read: ", error.message());
  require<DataError>(file.file_bytes > 0, path, "is empty (0 bytes); fetch or write it again");
  register_lzf();
  const htri_t is_hdf5 = H5Fis_hdf5(path.c_str());
  if (is_hdf5 < 0) fail<DataError>(path, "cannot be read", last_error());
  require<DataError>(is_hdf5 > 0, path, "is not an HDF5 file (no HDF5 signature); .h5ad and 10x .h5 files are");
  const Handle access = own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, path, "prepare HDF5");
  // Locks only guard against concurrent writers, and fail on some network file systems.
  H5Pset_file_locking(access.get(), false, true);
  // Reading by blocks of rows meets the same chunk again: keep 32 MiB per data set, not 1.
  H5Pset_cache(access.get(), 0, 4099, 32u << 20, 0.75);
  file.id = Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!file.id) {
    const std::string reason = last_error();
    fail<DataError>(path,
                    reason.find("truncated") != std::string::npos ? "is truncated; fetch or write it again"
                                                                  : "cannot be opened; the file is damaged",
                    reason);
  }
  return file;
}

inline std::string child_path(const Object& parent, const std::string& name) {
  return (parent.path == "/" ? "/" : parent.path + "/") + name;
}

enum class Kind { group, dataset, other };

inline Kind kind(const Object& object) {
  const H5I_type_t type = H5Iget_type(object.get());
  if (type == H5I_GROUP || type == H5I_FILE) return Kind::group;
  return type == H5I_DATASET ? Kind::dataset : Kind::other;
}

/// The member `name` of a group, or nothing.
inline std::optional<Object> find(const Object& parent, const std::string& name) {
  const Quiet quiet;
  if (kind(parent) != Kind::group || H5Lexists(parent.get(), name.c_str(), H5P_DEFAULT) <= 0) {
    return std::nullopt;
  }
  Object child{Handle(), parent.file, child_path(parent, name), parent.file_bytes};
  child.id = own(H5Oopen(parent.get(), name.c_str(), H5P_DEFAULT), H5Oclose, child.where(), "open");
  return child;
}

/// The member `name` of a group; its absence is an error.
inline Object open(const Object& parent, const std::string& name) {
  std::optional<Object> child = find(parent, name);
  require<DataError>(child.has_value(), parent.where(), "has no member '", name, "'");
  return std::move(*child);
}

/// Names of the members of a group, ascending.
inline std::vector<std::string> children(const Object& group) {
  const Quiet quiet;
  H5G_info_t info{};
  check(H5Gget_info(group.get(), &info), group.where(), "list");
  std::vector<std::string> names;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    const auto name_at = [&](char* out, std::size_t size) {
      return H5Lget_name_by_idx(group.get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, out, size, H5P_DEFAULT);
    };
    const ssize_t length = name_at(nullptr, 0);
    check(length < 0 ? -1 : 0, group.where(), "list");
    std::string name(static_cast<std::size_t>(length) + 1, '\0');
    check(name_at(name.data(), name.size()) < 0 ? -1 : 0, group.where(), "list");
    name.resize(static_cast<std::size_t>(length));
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace stx::hdf5
