// Ctrl-C as a flag that long work looks at.
#pragma once

#include <atomic>
#include <csignal>

#include "stx/core/error.hpp"

namespace stx {

/// Thrown by long work that stopped because it was asked to; what it had is in a checkpoint.
class Interrupted : public Error {
 public:
  using Error::Error;
};

/// While one exists, SIGINT and SIGTERM set a flag instead of ending the process; a second signal
/// ends it at once. At most one at a time; the previous handlers come back with its end.
class InterruptScope {
 public:
  InterruptScope() {
    flag().store(0);
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
  // A signal handler can reach nothing but a static; it is a lock-free atomic and nothing else.
  static std::atomic<int>& flag() {
    static std::atomic<int> value{0};
    return value;
  }
  static void on_signal(int signal) {
    flag().store(1);
    std::signal(signal, SIG_DFL);
  }

  void (*previous_int_)(int);
  void (*previous_term_)(int);
};

}  // namespace stx
