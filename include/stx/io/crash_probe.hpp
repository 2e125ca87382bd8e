// A trial in a child process, for files that may crash the library that reads them.
//
// libhdf5 (1.10 at least) trusts some addresses in a file: where bytes of its metadata were altered
// it may run into a segmentation fault instead of reporting an error. A program that must not die
// of a damaged file lets a child process read it first.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "stx/core/error.hpp"

namespace stx {

/// Runs `read()` in a child process and throws DataError if that dies; exceptions of `read` are
/// left to the caller's own attempt. `limit_s`: seconds after which a child that never ends is
/// stopped; 0 waits for ever. The child only reads, prints nothing and leaves by _exit.
template <class Read>
void probe_for_crash(const std::string& path, const Read& read, unsigned limit_s = 0) {
  const pid_t child = ::fork();
  require<DataError>(child >= 0, path, "cannot start a process to probe the file with");
  if (child == 0) {
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, STDERR_FILENO);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    for (const int s : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM}) std::signal(s, SIG_DFL);
    ::alarm(limit_s);
    try {
      read();
    } catch (...) {
    }
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  require<DataError>(WIFEXITED(status) && WEXITSTATUS(status) == 0, path, "is damaged: the HDF5 library fails on it (",
                     WIFSIGNALED(status) ? "signal " : "status ",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), "); fetch or write it again");
}

}  // namespace stx
