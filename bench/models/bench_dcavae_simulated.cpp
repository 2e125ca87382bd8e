// bench_dcavae_simulated: the parts of DCAVAE's training timed on a simulated tissue, without any file or library of
// files; one JSON object on standard output, with what Times of time_training.hpp holds.
//
//   bench_dcavae_simulated [--device auto|cpu|cuda] [--cells N] [--spots N] [--genes N] [--batch N] [--threads N]
//                          [--steps N] [--epochs N] [--positions N]
#include <cstdio>
#include <map>

#include "bench/models/simulated_task.hpp"
#include "bench/models/time_training.hpp"

namespace {

using namespace stx;

std::int64_t number(const std::string& flag, const char* text) {
  std::size_t used = 0;
  std::int64_t value = -1;
  try {
    value = std::stoll(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  require(used > 0 && text[used] == '\0' && value >= 0, "bench_dcavae_simulated", flag, " takes a number, got '", text,
          "'");
  return value;
}

}  // namespace

int main(int argc, char** argv) try {
  std::string device = "auto";
  std::map<std::string, std::int64_t> flags{{"--cells", 20000}, {"--spots", 20000}, {"--genes", 300},
                                            {"--batch", 1024},  {"--threads", 0},   {"--steps", 40},
                                            {"--epochs", 5},    {"--positions", 0}};
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i];
    require(i + 1 < argc && (flag == "--device" || flags.count(flag) > 0), "bench_dcavae_simulated",
            "unknown flag or no value: '", flag, "'");
    if (flag == "--device") {
      device = argv[i + 1];
    } else {
      flags[flag] = number(flag, argv[i + 1]);
    }
  }
  const int threads = threads_or_all(static_cast<int>(flags["--threads"]));
  const dcavae::Task task = dcavae::simulated_task(
      {.n_spots = flags["--spots"], .n_cells = flags["--cells"], .n_genes = flags["--genes"]}, threads);
  dcavae::Options options = dcavae::Options::of_revision("sound");
  options.batch_size = flags["--batch"];
  options.check();
  const dcavae::Times times = dcavae::time_training(device, {.threads = threads}, task, options,
                                                    {flags["--steps"], flags["--epochs"], flags["--positions"]});
  std::printf("%s\n", dcavae::to_json(times).c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
