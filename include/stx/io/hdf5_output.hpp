// An HDF5 file that appears atomically, and whose write errors never reach HDF5.
//
// HDF5 keeps a file open, leaks it and complains at program exit when a write fails (disk full). So
// stx gives HDF5 a small driver over the AtomicFile: it remembers the first error, tells HDF5 that
// all went well, and the writer asks for the error before the file gets its name.
#pragma once

#include <hdf5.h>
#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "stx/io/atomic_file.hpp"
#include "stx/io/hdf5_object.hpp"

namespace stx::hdf5 {

namespace detail {

/// What the driver and the writer share.
struct OutputState {
  int fd = -1;
  int error = 0;  ///< errno of the first failed write or read, 0 if none
};

/// HDF5's view of the open file; HDF5 requires its own part first.
struct OutputDriver {
  H5FD_t base{};
  OutputState* state = nullptr;
  haddr_t end_of_allocation = 0;
  haddr_t end_of_file = 0;
};

inline OutputDriver* driver(H5FD_t* file) { return reinterpret_cast<OutputDriver*>(file); }
inline const OutputDriver* driver(const H5FD_t* file) { return reinterpret_cast<const OutputDriver*>(file); }

inline H5FD_t* output_open(const char*, unsigned, hid_t access, haddr_t) {
  const void* info = H5Pget_driver_info(access);
  auto* opened = info ? new (std::nothrow) OutputDriver : nullptr;
  if (!opened) return nullptr;
  std::memcpy(&opened->state, info, sizeof(opened->state));
  return &opened->base;
}

inline herr_t output_close(H5FD_t* file) {
  delete driver(file);
  return 0;
}

inline herr_t output_query(const H5FD_t*, unsigned long* flags) {
  if (flags) {
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
  }
  return 0;
}

inline herr_t output_read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* buffer) {
  OutputState& state = *driver(file)->state;
  char* next = static_cast<char*>(buffer);
  while (size > 0) {
    const ssize_t n = ::pread(state.fd, next, size, static_cast<off_t>(address));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && state.error == 0) state.error = errno;
    if (n <= 0) break;
    next += n;
    address += static_cast<haddr_t>(n);
    size -= static_cast<std::size_t>(n);
  }
  std::memset(next, 0, size);  // beyond the end of the file, or unreadable
  return 0;
}

inline herr_t output_write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, const void* buffer) {
  OutputDriver& self = *driver(file);
  if (address + size > self.end_of_file) self.end_of_file = address + size;
  const char* next = static_cast<const char*>(buffer);
  while (size > 0 && self.state->error == 0) {
    const ssize_t n = ::pwrite(self.state->fd, next, size, static_cast<off_t>(address));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      self.state->error = errno;
      break;
    }
    next += n;
    address += static_cast<haddr_t>(n);
    size -= static_cast<std::size_t>(n);
  }
  return 0;
}

inline herr_t output_truncate(H5FD_t* file, hid_t, hbool_t) {
  OutputDriver& self = *driver(file);
  if (self.end_of_allocation == self.end_of_file) return 0;
  if (::ftruncate(self.state->fd, static_cast<off_t>(self.end_of_allocation)) != 0 && self.state->error == 0) {
    self.state->error = errno;
  }
  self.end_of_file = self.end_of_allocation;
  return 0;
}

inline H5FD_class_t output_class() {
  H5FD_class_t c{};
#if H5_VERSION_GE(1, 13, 0)
  c.version = H5FD_CLASS_VERSION;
  c.value = static_cast<H5FD_class_value_t>(600);  // from the range for private drivers
#endif
  c.name = "stx_output";
  c.maxaddr = (static_cast<haddr_t>(1) << 62) - 1;
  c.fc_degree = H5F_CLOSE_STRONG;  // closing the file closes whatever an exception left open
  c.fapl_size = sizeof(OutputState*);
  c.open = output_open;
  c.close = output_close;
  c.query = output_query;
  c.get_eoa = [](const H5FD_t* file, H5FD_mem_t) { return driver(file)->end_of_allocation; };
  c.set_eoa = [](H5FD_t* file, H5FD_mem_t, haddr_t address) -> herr_t {
    driver(file)->end_of_allocation = address;
    return 0;
  };
  c.get_eof = [](const H5FD_t* file, H5FD_mem_t) { return driver(file)->end_of_file; };
  c.read = output_read;
  c.write = output_write;
  c.truncate = output_truncate;
  constexpr H5FD_mem_t map[] = H5FD_FLMAP_DICHOTOMY;
  std::memcpy(c.fl_map, map, sizeof(map));
  return c;
}

}  // namespace detail

/// A new HDF5 file. Write below root(), then commit(); without it nothing appears at `path`.
class OutputFile {
 public:
  OutputFile(const std::string& path, bool overwrite) : file_(path, overwrite) {
    const Quiet quiet;
    state_->fd = file_.descriptor();
    const H5FD_class_t driver_class = detail::output_class();
    driver_ = own(H5FDregister(&driver_class), H5FDunregister, path, "prepare HDF5");
    const Handle access = own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, path, "prepare HDF5");
    detail::OutputState* state = state_.get();
    check(H5Pset_driver(access.get(), driver_.get(), &state), path, "prepare HDF5");
    root_.file = path;
    root_.path = "/";
    root_.id =
        own(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose, path, "create an HDF5 file");
  }

  const Object& root() const { return root_; }

  /// Throws if any write has failed so far; ask now and then, so that a long job ends early.
  void require_written() const {
    if (state_->error != 0) file_.fail_write(state_->error);
  }

  /// Completes the file and gives it its name.
  void commit() {
    const Quiet quiet;
    const bool closed = root_.id.close();
    require_written();
    require<DataError>(closed, file_.path(), "cannot finish the HDF5 file", last_error());
    file_.commit();
  }

 private:
  AtomicFile file_;
  std::unique_ptr<detail::OutputState> state_ = std::make_unique<detail::OutputState>();
  Handle driver_;
  Object root_;  // declared last: closed first, while driver and state still exist
};

}  // namespace stx::hdf5
