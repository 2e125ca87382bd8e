// Temporary files that a killed program left behind.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

namespace stx {

/// Whether `name` is `stem` with two numbers and ".tmp", as AtomicFile names temporary files.
inline bool is_temporary_of(std::string_view name, std::string_view stem) {
  if (!name.starts_with(stem) || !name.ends_with(".tmp")) return false;
  name.remove_prefix(stem.size());
  if (name.size() < 4) return false;
  name.remove_suffix(4);
  const std::size_t dot = name.find('.');
  const auto number = [](std::string_view s) {
    return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  return dot != std::string_view::npos && number(name.substr(0, dot)) && number(name.substr(dot + 1));
}

/// Removes the temporary files `stem` NUMBER.NUMBER.tmp in `folder` that nobody writes: a writer holds a lock
/// (flock) on its own, which ends with the process. What cannot be locked or removed stays; never throws for it.
inline void remove_leftovers(const std::string& folder, const std::string& stem) {
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (!is_temporary_of(entry->path().filename().string(), stem)) continue;
    const int fd = ::open(entry->path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) continue;
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) ::unlink(entry->path().c_str());
    ::close(fd);
  }
}

}  // namespace stx
