#include "stx/io/h5ad_rows.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <csignal>

#include "io/golden.hpp"
#include "stx/io/h5ad_read.hpp"

namespace {

using FloatMatrix = stx::Matrix<float>;

/// Tables of n x g, and two more matrices of theirs.
stx::AnnData tables(std::int64_t n, std::int64_t g) {
  stx::AnnData a;
  for (std::int64_t i = 0; i < n; ++i) a.obs.index.push_back("spot" + std::to_string(i));
  for (std::int64_t j = 0; j < g; ++j) a.var.index.push_back("gene" + std::to_string(j));
  a.obsm["latent"] = stx::Matrix<double>(n, 2, 0.5);
  a.layers["held"] = FloatMatrix(n, g, 3);
  return a;
}

FloatMatrix numbers(std::int64_t n, std::int64_t g, int seed) {
  FloatMatrix m(n, g);
  for (std::size_t k = 0; k < m.values.size(); ++k) m.values[k] = static_cast<float>((k * 7919 + seed) % 1009) / 8;
  return m;
}

/// Writes `m` some rows at a time, `every` and then one more each time.
void append_all(stx::H5adRowWriter& file, const std::string& name, const FloatMatrix& m, std::int64_t every) {
  for (std::int64_t first = 0; first < m.rows; first += every++) {
    FloatMatrix part(std::min(every, m.rows - first), m.cols);
    std::copy_n(m.values.begin() + first * m.cols, part.values.size(), part.values.begin());
    file.append(name, part);
  }
}

}  // namespace

TEST_CASE("rows: the file is that of a whole matrix, whatever the blocks, with and without compression") {
  const golden::Folder folder;
  // 4,000 rows of 260 columns are eight chunks; 0 and 1 are the ends of what is legal.
  for (const auto& [n, g] : {std::pair{4000, 260}, {1, 1}, {0, 3}, {5, 0}, {0, 0}})
    for (const int level : {0, 4})
      for (const std::int64_t every : {1, 700}) {
        CAPTURE(n);
        CAPTURE(g);
        CAPTURE(every);
        const FloatMatrix x = numbers(n, g, 1), layer = numbers(n, g, 5);
        const std::string path = folder / "rows.h5ad";
        stx::H5adRowWriter file(path, n, g, {"expected"}, {.gzip_level = level, .overwrite = true});
        append_all(file, "X", x, every);
        append_all(file, "layers/expected", layer, every + 3);
        file.commit(tables(n, g));
        const stx::AnnData a = stx::read_h5ad(path);
        CHECK((a.obs.index == tables(n, g).obs.index && a.var.index == tables(n, g).var.index));
        CHECK(std::get<FloatMatrix>(*a.x).values == x.values);
        REQUIRE(a.layers.size() == 2);
        CHECK(std::get<FloatMatrix>(a.layers.at("expected")).values == layer.values);
        CHECK(std::get<FloatMatrix>(a.layers.at("held")).values == FloatMatrix(n, g, 3).values);
        CHECK(a.obsm.at("latent").values == stx::Matrix<double>(n, 2, 0.5).values);
        CHECK(folder.n_files() == 1);
      }
}

TEST_CASE("rows: what does not fit is refused, and no file appears") {
  const golden::Folder folder;
  const std::string path = folder / "rows.h5ad", begin = "[" + path + "] ";
  const auto refused = [&](auto use) {
    return golden::message([&] {
      stx::H5adRowWriter file(path, 3, 2, {"mean"});
      use(file);
    });
  };
  const FloatMatrix all = numbers(3, 2, 0);
  using File = stx::H5adRowWriter;
  CHECK(refused([&](File& f) { f.append("sd", all); }) == begin + "no matrix 'sd' was announced");
  CHECK(refused([&](File& f) { f.append("mean", all); }) == begin + "no matrix 'mean' was announced");
  CHECK(refused([&](File& f) { f.append("X", numbers(3, 3, 0)); }) ==
        begin + "rows of 'X' must be at most 3 x 2, got 3 x 3");
  CHECK(refused([&](File& f) {
          FloatMatrix short_of_one = all;
          short_of_one.values.pop_back();
          f.append("X", short_of_one);
        }) == begin + "rows of 'X' must have 6 values for 3 x 2, got 5");
  CHECK(refused([&](File& f) {
          f.append("X", numbers(2, 2, 0));
          f.append("X", numbers(2, 2, 0));
        }) == begin + "rows of 'X' must be at most 1 x 2, got 2 x 2");
  CHECK(refused([&](File& f) {
          f.append("X", all);
          f.append("layers/mean", numbers(2, 2, 0));
          f.commit(tables(3, 2));
        }) == begin + "'layers/mean' has 2 of 3 rows");
  const auto commits = [&](auto change) {
    return refused([&](File& f) {
      for (const char* name : {"X", "layers/mean"}) f.append(name, all);
      stx::AnnData rest = tables(3, 2);
      change(rest);
      f.commit(rest);
    });
  };
  CHECK(commits([](stx::AnnData& a) { a = tables(2, 2); }) ==
        begin + "the file was begun as 3 x 2, its tables are of 2 x 2");
  CHECK(commits([&](stx::AnnData& a) { a.x = all; }) == begin + "X was written by rows, and is there again");
  CHECK(commits([&](stx::AnnData& a) { a.layers["mean"] = all; }) ==
        begin + "layer 'mean' was written by rows, and is there again");
  CHECK(golden::message([&] {
          stx::H5adRowWriter(path, 3, 2, {"a", "b", "a"});
        }) == begin + "'layers/a' is announced twice");
  CHECK(golden::message([&] { stx::H5adRowWriter(path, 3, 2, {}, {.gzip_level = 10}); }) ==
        begin + "gzip_level must be 0 to 9, got 10");
  CHECK(folder.n_files() == 0);
  golden::spit(path, "precious");
  CHECK(refused([](File&) {}).find("exists already and is not overwritten") != std::string::npos);
  CHECK(golden::slurp(path) == "precious");
}

TEST_CASE("rows: a full disk gives an error and leaves no file, at whichever write it strikes") {
  const golden::Folder folder;
  const std::string path = folder / "rows.h5ad";
  const FloatMatrix x = numbers(2000, 300, 2);
  const auto write = [&] {
    stx::H5adRowWriter file(path, 2000, 300, {});
    append_all(file, "X", x, 100);
    file.commit(tables(2000, 300));
  };
  write();
  const auto whole = static_cast<rlim_t>(std::filesystem::file_size(path));
  std::filesystem::remove(path);
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  for (rlim_t limit = 0; limit < whole; limit += whole / 7) {
    const rlimit small{limit, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const std::string message = golden::message(write);
    ::setrlimit(RLIMIT_FSIZE, &before);
    CHECK(message.find("] cannot write: File too large; make room") != std::string::npos);
    CHECK(folder.n_files() == 0);
  }
  std::signal(SIGXFSZ, previous);
  write();
  CHECK(stx::read_h5ad(path).n_obs() == 2000);
}
