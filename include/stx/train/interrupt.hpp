// Ctrl-C as a flag that long work looks at.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "stx/core/error.hpp"

namespace stx {

/// Thrown by long work that stopped because it was asked to; what it had is in a checkpoint.
class Interrupted : public Error {
 public:
  using Error::Error;
};

/// While one exists, SIGINT and SIGTERM set a flag instead of ending the process; a second signal
/// of either ends it at once. At most one at a time; the previous handlers come back with its end.
class InterruptScope {
 public:
  /// @param reply  written to standard error at the first signal; lives as long as the scope. nullptr: nothing
  explicit InterruptScope(const char* reply = nullptr) {
    flag().store(0);
    reply_to_signal().store(reply);
    previous_int_ = std::signal(SIGINT, &InterruptScope::on_signal);
    previous_term_ = std::signal(SIGTERM, &InterruptScope::on_signal);
  }
  ~InterruptScope() {
    std::signal(SIGINT, previous_int_);
    std::signal(SIGTERM, previous_term_);
  }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  static bool requested() { return flag().load() != 0; }

 private:
  // A signal handler can reach nothing but statics; these are lock-free atomics and nothing else.
  static std::atomic<int>& flag() {
    static std::atomic<int> value{0};
    return value;
  }
  static std::atomic<const char*>& reply_to_signal() {
    static std::atomic<const char*> value{nullptr};
    return value;
  }
  // Calls only what POSIX allows in a handler.
  static void on_signal(int) {
    flag().store(1);
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    const char* reply = reply_to_signal().load();
    if (reply == nullptr) return;
    const int error = errno;  // of the code that was interrupted
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, reply, std::strlen(reply));
    errno = error;
  }

  void (*previous_int_)(int);
  void (*previous_term_)(int);
};

}  // namespace stx
