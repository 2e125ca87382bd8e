// What long work tells a person while it runs.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace stx {

/// Progress lines on standard error: a bar that redraws itself on a terminal, one plain line every
/// few seconds otherwise, nothing when quiet.
class Progress {
 public:
  explicit Progress(bool quiet = false)
      : quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0), start_(Clock::now()), last_(start_) {}

  /// Begins a task of `total` steps.
  void begin(std::string_view task, std::int64_t total) {
    task_ = task;
    total_ = total;
    start_ = Clock::now();
    last_ = start_ - std::chrono::hours(1);
  }

  /// Reports `done` of the task's steps; `detail` such as "loss 0.41".
  void update(std::int64_t done, std::string_view detail = {}) {
    if (quiet_ || total_ <= 0) return;
    const Clock::time_point now = Clock::now();
    if (done < total_ && now - last_ < (terminal_ ? std::chrono::milliseconds(100) : std::chrono::seconds(5))) return;
    last_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    const double left = rate > 0 ? static_cast<double>(total_ - done) / rate : 0;
    if (terminal_) {
      constexpr int width = 24;
      const int filled = static_cast<int>(width * done / total_);
      std::string bar(static_cast<std::size_t>(filled), '#');
      bar.append(static_cast<std::size_t>(width - filled), '.');
      std::fprintf(stderr, "\r\033[K%s [%s] %lld/%lld  %.*s  %.1f/s  %s left", task_.c_str(), bar.c_str(),
                   static_cast<long long>(done), static_cast<long long>(total_), static_cast<int>(detail.size()),
                   detail.data(), rate, duration(left).c_str());
    } else {
      std::fprintf(stderr, "%s %lld/%lld  %.*s  %.1f/s\n", task_.c_str(), static_cast<long long>(done),
                   static_cast<long long>(total_), static_cast<int>(detail.size()), detail.data(), rate);
    }
    std::fflush(stderr);
  }

  /// Ends the task with a line that stays.
  void end(std::string_view summary) {
    if (quiet_) return;
    std::fprintf(stderr, "%s%s\n", terminal_ ? "\r\033[K" : "", std::string(summary).c_str());
    std::fflush(stderr);
  }

  /// A line of its own.
  void note(std::string_view line) { end(line); }

 private:
  using Clock = std::chrono::steady_clock;

  static std::string duration(double seconds) {
    const long long s = static_cast<long long>(seconds + 0.5);
    char text[32];
    if (s >= 3600) {
      std::snprintf(text, sizeof text, "%lldh%02lldm", s / 3600, s / 60 % 60);
    } else {
      std::snprintf(text, sizeof text, "%lld:%02lld", s / 60, s % 60);
    }
    return text;
  }

  bool quiet_;
  bool terminal_;
  Clock::time_point start_, last_;
  std::string task_;
  std::int64_t total_ = 0;
};

}  // namespace stx
