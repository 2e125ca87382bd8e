// Runs a built program as a person would, and makes small data for it.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "io/golden.hpp"
#include "stx/data/simulate.hpp"
#include "stx/io/h5ad_write.hpp"

namespace program {

/// ThreadSanitizer keeps its own memory in files, which the limit on files would hit.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool file_limit_works = false;
#elif defined(__has_feature)
inline constexpr bool file_limit_works = !__has_feature(thread_sanitizer);
#else
inline constexpr bool file_limit_works = true;
#endif

struct Result {
  int status = -1;  ///< exit status; 256 + signal when a signal ended it
  std::string out, err;
};

/// A program with a working folder of its own, where its output is kept.
class Program {
 public:
  Program(std::string path, std::string folder) : path_(std::move(path)), folder_(std::move(folder)) {}

  /// Runs it to its end. `interrupt_at`: `signal` is sent as soon as standard error holds this text.
  /// `file_limit`: no file may grow beyond so many bytes, as on a full disk.
  Result operator()(const std::vector<std::string>& arguments, const std::string& interrupt_at = {},
                    rlim_t file_limit = RLIM_INFINITY, int signal = SIGINT) const {
    const std::string err = folder_ + "/.stderr";
    if (interrupt_at.empty()) return run(arguments, {}, file_limit, signal);
    return run(
        arguments, [&] { return golden::slurp(err).find(interrupt_at) != std::string::npos; }, file_limit, signal);
  }

  /// Runs it until `when`, bool(), is true, and kills it then (kill -9), unless it ends before.
  Result killed(const std::vector<std::string>& arguments, const std::function<bool()>& when) const {
    return run(arguments, when, RLIM_INFINITY, SIGKILL);
  }

 private:
  Result run(const std::vector<std::string>& arguments, const std::function<bool()>& when, rlim_t file_limit,
             int signal) const {
    const std::string out = folder_ + "/.stdout", err = folder_ + "/.stderr";
    golden::spit(err, "");  // what an earlier run said is no sign of this one
    const pid_t child = ::fork();
    if (child == 0) {
      std::vector<char*> argv{const_cast<char*>(path_.c_str())};
      for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
      argv.push_back(nullptr);
      const int to_out = ::open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
      const int to_err = ::open(err.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
      ::dup2(to_out, STDOUT_FILENO);
      ::dup2(to_err, STDERR_FILENO);
      if (file_limit != RLIM_INFINITY) {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{file_limit, file_limit};
        ::setrlimit(RLIMIT_FSIZE, &limit);
      }
      if (::chdir(folder_.c_str()) != 0) ::_exit(126);
      ::execv(path_.c_str(), argv.data());
      ::_exit(127);
    }
    bool pending = when != nullptr;
    int status = 0;
    while (::waitpid(child, &status, pending ? WNOHANG : 0) == 0) {
      if (when()) {
        ::kill(child, signal);
        pending = false;
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(signal == SIGKILL ? 50 : 2000));
      }
    }
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status), golden::slurp(out), golden::slurp(err)};
  }

  std::string path_, folder_;
};

inline std::vector<std::string> numbered(const std::string& prefix, std::int64_t n) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < n; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

/// Spots with places and single cells of a simulated tissue.
struct Pair {
  stx::AnnData st, sc;
};

inline Pair make_pair(std::int64_t n_spots = 120, std::int64_t n_cells = 80, std::int64_t n_genes = 30,
                      std::int64_t n_measured = 15) {
  stx::SimulationOptions options;
  options.n_spots = n_spots;
  options.n_cells = n_cells;
  options.n_genes = n_genes;
  options.n_measured = n_measured;
  options.n_types = 4;
  const stx::SimulatedTissue tissue = stx::simulate_tissue(options, 1);
  Pair pair;
  pair.st.x = tissue.spots;
  pair.st.obs.index = numbered("spot", n_spots);
  for (const std::int64_t g : tissue.measured) pair.st.var.index.push_back(tissue.gene_names[g]);
  pair.st.obsm["spatial"] = tissue.coordinates;
  pair.sc.x = tissue.cells;
  pair.sc.obs.index = numbered("cell", n_cells);
  pair.sc.var.index = tissue.gene_names;
  return pair;
}

inline void write_pair(const Pair& pair, const golden::Folder& folder) {
  stx::write_h5ad(folder / "st.h5ad", pair.st, {.overwrite = true});
  stx::write_h5ad(folder / "sc.h5ad", pair.sc, {.overwrite = true});
}

/// Settings of a training that takes a moment.
inline std::vector<std::string> quick() {
  std::vector<std::string> flags;
  for (const char* setting :
       {"hidden=16", "width=8", "gene_hidden=16", "gene_width=8", "max_epochs=2", "gene_max_epochs=2",
        "gene_epoch_steps=2", "gene_batch_size=32", "n_components=10", "n_loadings=4", "batch_size=64"}) {
    flags.push_back("--set");
    flags.push_back(setting);
  }
  flags.push_back("--threads");
  flags.push_back("1");
  return flags;
}

inline std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace program
