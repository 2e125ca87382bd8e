// Files that appear whole or not at all: temporary name, fsync, rename, fsync of the folder.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "stx/core/error.hpp"
#include "stx/io/leftover_files.hpp"

namespace stx {

/// A file written under a temporary name in the folder of `path` and renamed to `path` by commit().
/// A reader of `path` sees the old content or the complete new one, also after a crash or a power
/// cut. Without commit() the destructor removes the temporary file, so a failure leaves nothing. What a
/// killed program left stays until the next file for the same path removes it; files that others
/// are writing, which they lock, it leaves alone.
///
/// Errors (DataError): `path` exists and `overwrite` is false, `path` is not a regular file, the
/// folder is missing or not writable, the disk is full.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path, bool overwrite = false) : path_(std::move(path)), overwrite_(overwrite) {
    refuse_existing();
    const std::filesystem::path target(path_);
    folder_ = target.has_parent_path() ? target.parent_path().string() : ".";
    const std::string hidden = "." + target.filename().string() + ".";
    remove_leftovers(folder_, hidden);
    const std::string stem = folder_ + "/" + hidden + std::to_string(::getpid()) + ".";
    for (int attempt = 0; attempt < 1000 && fd_ < 0; ++attempt) {
      temporary_ = stem + std::to_string(attempt) + ".tmp";
      fd_ = ::open(temporary_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
      if (fd_ < 0 && errno != EEXIST) break;
      if (fd_ >= 0 && !lock()) ::close(std::exchange(fd_, -1));
    }
    if (fd_ < 0) {
      fail<DataError>(path_, "cannot create a file in folder '", folder_, "': ", std::strerror(errno),
                      "; choose a folder that exists and is writable");
    }
  }

  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  ~AtomicFile() {
    if (fd_ >= 0) ::close(fd_);
    if (lock_ >= 0) ::close(lock_);
    if (!committed_) ::unlink(temporary_.c_str());
  }

  int descriptor() const { return fd_; }
  const std::string& path() const { return path_; }

  /// Appends `size` bytes.
  void write(const void* data, std::size_t size) {
    const char* next = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t written = ::write(fd_, next, size);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail_write(errno);
      next += written;
      size -= static_cast<std::size_t>(written);
    }
  }
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// Makes the file durable and gives it its name.
  void commit() {
    if (::fsync(fd_) != 0) fail_write(errno);
    if (::close(std::exchange(fd_, -1)) != 0) fail_write(errno);
    refuse_existing();
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_write(errno);
    committed_ = true;
    // The rename itself must survive a power cut. Some file systems refuse to sync a folder.
    const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
      ::fsync(folder);
      ::close(folder);
    }
  }

  /// Throws the DataError for a failed write with system error `code`.
  [[noreturn]] void fail_write(int code) const {
    fail<DataError>(path_, "cannot write: ", std::strerror(code),
                    code == ENOSPC || code == EDQUOT || code == EFBIG
                        ? "; make room or choose another folder (no partial file was left)"
                        : " (no partial file was left)");
  }

 private:
  /// Marks the temporary file as being written, until the rename: a second descriptor outlives the first's
  /// close(). False when someone took it for a leftover in the moment before. A file system without locks is
  /// as good: nothing can be taken for a leftover there.
  bool lock() {
    ::flock(fd_, LOCK_EX);
    struct stat info {};
    if (::fstat(fd_, &info) != 0 || info.st_nlink == 0) return false;
    lock_ = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
    return true;
  }

  void refuse_existing() const {
    struct stat info {};
    if (::stat(path_.c_str(), &info) != 0) return;
    require<DataError>(S_ISREG(info.st_mode), path_, "exists and is not a regular file; choose another output path");
    require<DataError>(overwrite_, path_,
                       "exists already and is not overwritten; choose another output path, or remove it");
  }

  std::string path_;
  std::string folder_;
  std::string temporary_;
  int fd_ = -1;
  int lock_ = -1;  ///< holds the lock
  bool overwrite_ = false;
  bool committed_ = false;
};

/// Writes `text` to `path` atomically. `overwrite` = false refuses an existing file.
inline void write_text_atomically(const std::string& path, std::string_view text, bool overwrite = false) {
  AtomicFile file(path, overwrite);
  file.write(text);
  file.commit();
}

}  // namespace stx
