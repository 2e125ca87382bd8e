// Runs of several trainings: Ctrl-C, checkpoints, and what cannot be resumed.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "examples/common/train_job.hpp"
#include "io/golden.hpp"
#include "models/program.hpp"
#include "models/toy_model.hpp"
#include "stx/io/safetensors.hpp"
#include "support/compare.hpp"

using namespace stx::test;
using stx::Cpu;

namespace {

const nlohmann::ordered_json settings = {{"model", "toy"}, {"seed", 3}};

/// After fill() no file may grow beyond 100 bytes, as on a full disk; the end makes room again.
class FullDisk {
 public:
  FullDisk() { ::getrlimit(RLIMIT_FSIZE, &before_); }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  void fill() const {
    const rlimit full{100, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

/// Two jobs of one run; `interrupt` is called after each epoch of the second.
std::vector<float> run_jobs(stx::RunState& state, const std::function<void(std::size_t)>& interrupt) {
  const stx::InterruptScope scope;
  stx::Progress progress(true);
  stx::RunTools tools{state, progress, "Continue with --resume."};
  std::vector<std::int64_t> rows(n_rows);
  for (std::int64_t i = 0; i < n_rows; ++i) rows[i] = i;
  if (state.finished("first job") == nullptr) {
    Toy model;
    stx::JobResult r = stx::train_job<Cpu>(tools, "first job", model, rows, toy_fit(), [] { return 0.0; });
    r.prediction = stx::Matrix<float>(2, 3, 0.25f);
    state.finish("first job", std::move(r));
  }
  Toy model;
  std::size_t epoch = state.active("second job") != nullptr ? state.active("second job")->epochs.size() : 0;
  stx::train_job<Cpu>(tools, "second job", model, rows, toy_fit(), [&] {
    interrupt(++epoch);
    return static_cast<double>(epoch);
  });
  return model.values();
}

}  // namespace

TEST_CASE("Ctrl-C leaves a checkpoint, and the resumed run equals an uninterrupted one") {
  const golden::Folder folder;
  stx::RunState uninterrupted(folder / "none", settings);
  const std::vector<float> want = run_jobs(uninterrupted, [](std::size_t) {});
  CHECK(folder.n_files() == 0);

  const std::string path = folder / "run.checkpoint";
  stx::RunState first(path, settings);
  const auto press = [](std::size_t epoch) {
    if (epoch == 4) std::raise(SIGINT);
  };
  CHECK_THROWS_WITH_AS(run_jobs(first, press),
                       ("[second job] stopped after 4 epochs; saved to " + path + ". Continue with --resume.").c_str(),
                       stx::Interrupted);
  CHECK(folder.n_files() == 1);

  stx::RunState second(path, settings);
  second.resume(path);
  const stx::JobResult* done = second.finished("first job");
  REQUIRE(done != nullptr);
  const stx::JobResult& kept = *first.finished("first job");
  CHECK(done->prediction.values == kept.prediction.values);
  CHECK((done->prediction.rows == 2 && done->prediction.cols == 3));
  CHECK(done->attention.values.empty());
  CHECK(done->best_epoch == kept.best_epoch);
  CHECK(done->epochs.size() == kept.epochs.size());
  CHECK(done->epochs.back().loss == kept.epochs.back().loss);
  REQUIRE(second.active("second job") != nullptr);
  CHECK(second.active("second job")->epochs.size() == 4);
  CHECK(second.active("first job") == nullptr);
  CHECK(same_bits(run_jobs(second, [](std::size_t) {}), want));
  second.remove_file();
  CHECK(folder.n_files() == 0);
}

TEST_CASE("the first signal is answered at once, a second one of either kind ends the program") {
  int ends[2] = {-1, -1};
  REQUIRE(::pipe(ends) == 0);
  const int standard_error = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  void (*handlers[2])(int) = {SIG_ERR, SIG_ERR};
  {
    const stx::InterruptScope scope("stopping soon\n");
    std::raise(SIGTERM);
    for (int k = 0; k < 2; ++k) handlers[k] = std::signal(k == 0 ? SIGINT : SIGTERM, SIG_DFL);
    CHECK(stx::InterruptScope::requested());
  }
  ::dup2(standard_error, STDERR_FILENO);
  ::close(standard_error);
  ::close(ends[1]);
  char said[64];
  CHECK(std::string(said, static_cast<std::size_t>(::read(ends[0], said, sizeof said))) == "stopping soon\n");
  ::close(ends[0]);
  CHECK((handlers[0] == SIG_DFL && handlers[1] == SIG_DFL));
}

TEST_CASE("a checkpoint for which there is no room: the run goes on, the last whole one stays" *
          doctest::skip(!program::file_limit_works)) {
  const golden::Folder folder;
  stx::RunState uninterrupted(folder / "none", settings);
  const std::vector<float> want = run_jobs(uninterrupted, [](std::size_t) {});
  const std::string path = folder / "run.checkpoint";
  stx::RunState state(path, settings, std::chrono::seconds(0));  // after every epoch
  {
    FullDisk disk;
    CHECK(same_bits(run_jobs(state,
                             [&](std::size_t epoch) {
                               if (epoch == 4) disk.fill();
                             }),
                    want));
  }
  CHECK(folder.n_files() == 1);
  stx::RunState kept(path, settings);
  kept.resume(path);
  REQUIRE(kept.active("second job") != nullptr);
  CHECK(kept.active("second job")->epochs.size() == 3);
  CHECK(same_bits(run_jobs(kept, [](std::size_t) {}), want));
}

TEST_CASE("a run never takes or removes the checkpoint of another") {
  const golden::Folder folder;
  const std::string path = folder / "run.checkpoint";
  golden::spit(path, "of somebody else");
  const std::string own = stx::free_checkpoint_path(path);
  CHECK(own == folder / "run-2.checkpoint");
  stx::RunState state(own, settings);
  state.save("job", {});
  CHECK(stx::free_checkpoint_path(path) == folder / "run-3.checkpoint");
  state.remove_file();
  CHECK(golden::slurp(path) == "of somebody else");
  CHECK(folder.n_files() == 1);
}

TEST_CASE("of settings in groups those that differ are named, and no others") {
  const golden::Folder folder;
  const std::string path = folder / "run.checkpoint";
  const auto with = [](nlohmann::ordered_json config) {
    return nlohmann::ordered_json{{"seed", 3}, {"config", config}};
  };
  stx::RunState(path, with({{"tau", 0.5}, {"keys", "all"}, {"k", 50}})).save("job", small_state(3));
  const auto differences = [&](const nlohmann::ordered_json& own) {
    const std::string text = golden::message([&] { stx::RunState(folder / "x", own).resume(path); });
    const std::string begin = "[" + path + "] belongs to a run with other settings: ";
    REQUIRE(text.starts_with(begin));
    return text.substr(begin.size(), text.find(". Give") - begin.size());
  };
  CHECK(differences(with({{"tau", 1.5}, {"keys", "all"}, {"k", 50}})) == "'tau' was 0.5, now it is 1.5");
  CHECK(differences(with({{"tau", 0.5}, {"keys", "sampled"}, {"k", 20}})) ==
        "'keys' was \"all\", now it is \"sampled\", 'k' was 50, now it is 20");
  CHECK(differences(with({{"tau", 0.5}, {"keys", "all"}, {"align", "none"}})) ==
        "'align' was not set, now it is \"none\", 'k' was 50, now it is not set");
}

TEST_CASE("checkpoints that cannot be resumed") {
  const golden::Folder folder;
  const std::string path = folder / "run.checkpoint";
  stx::RunState state(path, settings);
  state.save("job", small_state(3));
  const auto resume = [&](const nlohmann::ordered_json& own) {
    return golden::message([&] { stx::RunState(folder / "x", own).resume(path); });
  };
  const std::string advice = ". Give the settings of that run, or begin anew without --resume";
  CHECK(resume(settings) == "");
  CHECK(resume({{"seed", 3}, {"model", "toy"}}) == "");  // in whatever order
  CHECK(resume({{"model", "toy"}, {"seed", 4}}) ==
        "[" + path + "] belongs to a run with other settings: 'seed' was 3, now it is 4" + advice);
  CHECK(resume({{"model", "toy"}, {"seed", 3}, {"folds", 5}}) ==
        "[" + path + "] belongs to a run with other settings: 'folds' was not set, now it is 5" + advice);
  CHECK(resume({{"model", "toy"}}) ==
        "[" + path + "] belongs to a run with other settings: 'seed' was 3, now it is not set" + advice);
  const std::string whole = golden::slurp(path);
  golden::spit(path, whole.substr(0, whole.size() - 9));
  CHECK(resume(settings).ends_with("; the file is truncated or damaged"));
  golden::spit(path, whole.substr(0, 40));
  CHECK(resume(settings).ends_with("; it is truncated or damaged"));
  golden::spit(path, "no checkpoint");
  CHECK(resume(settings).ends_with("Is it a safetensors file?"));
  std::filesystem::remove(path);
  stx::write_safetensors(path, {}, {{"model", "casper"}});
  CHECK(resume(settings) == "[" + path + "] is not a checkpoint of a run");
  std::filesystem::remove(path);
  stx::write_safetensors(path, {}, {{"run", "3"}});
  CHECK(resume(settings) == "[" + path + "] is not a checkpoint of a run: its settings cannot be read");
  std::filesystem::remove(path);
  stx::write_safetensors(path, {}, {{"run", settings.dump()}, {"active", "job"}});
  CHECK(resume(settings) == "[" + path + "] has no tensor 'active/values'");
  std::filesystem::remove(path);
  CHECK(resume(settings) == "[" + path + "] no such file (or not a regular one)");
}
