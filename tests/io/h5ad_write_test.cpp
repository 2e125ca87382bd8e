#include "stx/io/h5ad_write.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <csignal>

#include "io/golden.hpp"
#include "stx/io/h5ad_read.hpp"

namespace {

bool same(const stx::Table& a, const stx::Table& b) {
  if (a.index != b.index || a.index_name != b.index_name || a.columns.size() != b.columns.size()) {
    return false;
  }
  for (std::size_t k = 0; k < a.columns.size(); ++k) {
    if (a.columns[k].name != b.columns[k].name) return false;
    const bool equal = std::visit(
        [&](const auto& x) {
          const auto* y = std::get_if<std::decay_t<decltype(x)>>(&b.columns[k].values);
          if (!y) return false;
          if constexpr (requires { x.codes; }) {
            return x.codes == y->codes && x.categories == y->categories && x.ordered == y->ordered;
          } else if constexpr (requires { x.missing; }) {
            return x.values == y->values && x.missing == y->missing;
          } else {
            return x == *y;
          }
        },
        a.columns[k].values);
    if (!equal) return false;
  }
  return true;
}

bool same(const stx::AnyMatrix& a, const stx::AnyMatrix& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&](const auto& x) {
        const auto& y = std::get<std::decay_t<decltype(x)>>(b);
        bool equal = x.rows == y.rows && x.cols == y.cols && x.values == y.values;
        if constexpr (requires { x.indptr; }) {
          equal = equal && x.indptr == y.indptr && x.indices == y.indices;
        }
        return equal;
      },
      a);
}

}  // namespace

TEST_CASE("what is written is read back equal, at every compression") {
  const golden::Folder folder;
  stx::AnnData a = stx::read_h5ad(golden::path("current.h5ad"));
  a.uns.erase("table");  // null: a part the reader skipped
  a.uns["flags"] = {true, false};
  a.uns["empty"] = nlohmann::json::array();
  a.obs.set("words", stx::Nullable<std::string>{std::vector<std::string>(9, "w"), stx::Booleans(9, 0)});
  for (const int level : {0, 1, 9}) {
    const std::string path = folder / ("a" + std::to_string(level) + ".h5ad");
    stx::write_h5ad(path, a, {.gzip_level = level});
    const stx::AnnData b = stx::read_h5ad(path);
    CHECK(same(a.obs, b.obs));
    CHECK(same(a.var, b.var));
    CHECK(same(*a.x, *b.x));
    REQUIRE(b.layers.size() == a.layers.size());
    for (const auto& [name, m] : a.layers) CHECK(same(m, b.layers.at(name)));
    for (const auto& [name, m] : a.obsm) CHECK(same(m, b.obsm.at(name)));
    for (const auto& [name, m] : a.varm) CHECK(same(m, b.varm.at(name)));
    for (const auto& [name, m] : a.obsp) CHECK(same(m, b.obsp.at(name)));
    REQUIRE(b.raw.has_value());
    CHECK(same(*a.raw->x, *b.raw->x));
    CHECK(same(a.raw->var, b.raw->var));
    CHECK(a.uns == b.uns);
    CHECK(b.skipped.empty());
  }
  CHECK(folder.n_files() == 3);
}

TEST_CASE("matrices larger than a chunk survive") {
  const golden::Folder folder;
  stx::AnnData a;
  for (int i = 0; i < 3000; ++i) a.obs.index.push_back("c" + std::to_string(i));
  for (int j = 0; j < 70; ++j) a.var.index.push_back("g" + std::to_string(j));
  stx::Matrix<double> m(3000, 70);
  for (std::size_t k = 0; k < m.values.size(); ++k) m.values[k] = static_cast<double>(k * 7919 % 1001);
  a.x = m;
  stx::write_h5ad(folder / "large.h5ad", a);
  CHECK(same(*stx::read_h5ad(folder / "large.h5ad").x, *a.x));
}

TEST_CASE("zero cells and zero genes are legal") {
  const golden::Folder folder;
  stx::AnnData a;
  stx::CsrMatrix<float> none;
  a.x = none;
  stx::write_h5ad(folder / "none.h5ad", a);
  const stx::AnnData b = stx::read_h5ad(folder / "none.h5ad");
  CHECK((b.n_obs() == 0 && b.n_var() == 0 && stx::rows_of(*b.x) == 0));
  a.obs.index = {"only"};
  a.x = stx::Matrix<float>(1, 0);
  stx::write_h5ad(folder / "genes.h5ad", a);
  CHECK(stx::rows_of(*stx::read_h5ad(folder / "genes.h5ad").x) == 1);
}

TEST_CASE("an existing file is refused, or replaced when asked") {
  const golden::Folder folder;
  const std::string path = folder / "out.h5ad";
  golden::spit(path, "precious");
  const stx::AnnData a = stx::read_h5ad(golden::path("no_x.h5ad"));
  CHECK(golden::message([&] { stx::write_h5ad(path, a); }) ==
        "[" + path + "] exists already and is not overwritten; choose another output path, or remove it");
  CHECK(golden::slurp(path) == "precious");
  stx::write_h5ad(path, a, {.overwrite = true});
  CHECK(stx::read_h5ad(path).n_obs() == 9);
  CHECK(folder.n_files() == 1);
}

TEST_CASE("a folder that is missing or a path that is a folder is named") {
  const golden::Folder folder;
  const stx::AnnData a = stx::read_h5ad(golden::path("no_x.h5ad"));
  const std::string path = folder / "missing/out.h5ad";
  CHECK(golden::message([&] { stx::write_h5ad(path, a); }) ==
        "[" + path + "] cannot create a file in folder '" + (folder / "missing") +
            "': No such file or directory; choose a folder that exists and is writable");
  CHECK(golden::message([&] { stx::write_h5ad(folder.path(), a, {.overwrite = true}); }) ==
        "[" + folder.path() + "] exists and is not a regular file; choose another output path");
}

TEST_CASE("a folder without write permission is named") {
  if (::geteuid() == 0) return;  // root may write everywhere
  const golden::Folder folder;
  ::chmod(folder.path().c_str(), 0500);
  const std::string path = folder / "out.h5ad";
  const stx::AnnData a = stx::read_h5ad(golden::path("no_x.h5ad"));
  CHECK(golden::message([&] { stx::write_h5ad(path, a); }) ==
        "[" + path + "] cannot create a file in folder '" + folder.path() +
            "': Permission denied; choose a folder that exists and is writable");
  ::chmod(folder.path().c_str(), 0700);
}

TEST_CASE("a full disk gives an error and leaves no file, at whichever write it strikes") {
  const golden::Folder folder;
  stx::AnnData a = stx::read_h5ad(golden::path("current.h5ad"));
  a.uns.erase("table");  // null: a part the reader skipped
  const std::string path = folder / "out.h5ad";
  stx::write_h5ad(path, a);
  const auto whole = static_cast<rlim_t>(std::filesystem::file_size(path));
  std::filesystem::remove(path);
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  for (rlim_t limit = 0; limit < whole; limit += whole / 11) {
    const rlimit small{limit, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const std::string message = golden::message([&] { stx::write_h5ad(path, a); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    CHECK(message == "[" + path +
                         "] cannot write: File too large; make room or choose another folder "
                         "(no partial file was left)");
    CHECK(folder.n_files() == 0);
  }
  std::signal(SIGXFSZ, previous);
  stx::write_h5ad(path, a);  // HDF5 still works afterwards
  CHECK(stx::read_h5ad(path).n_obs() == 9);
}

TEST_CASE("parts that disagree or have no form in the file are refused") {
  const golden::Folder folder;
  const std::string path = folder / "out.h5ad";
  const stx::AnnData good = stx::read_h5ad(golden::path("dense_gzip.h5ad"));
  const auto refused = [&](auto change) {
    stx::AnnData a = good;
    change(a);
    return golden::message([&] { stx::write_h5ad(path, a); });
  };
  CHECK(refused([](auto& a) {
          a.var.index.pop_back();
          a.var.columns.clear();
        }) == "[" + path + ":/] matrix 'X' is 9 x 6, expected 9 x 5");
  CHECK(refused([](auto& a) {
          a.obs.columns.push_back({"area", stx::Booleans(9)});
        }) == "[" + path + ":/obs] has two columns called 'area'");
  CHECK(refused([](auto& a) {
          a.obs.columns.push_back({"short", stx::Booleans(8)});
        }) == "[" + path + ":/obs] column 'short' has 8 values, the table 9 rows");
  CHECK(refused([](auto& a) { a.obs.set("a/b", stx::Booleans(9)); }) ==
        "[" + path +
            ":/obs] cannot hold a member called 'a/b': names must not be empty or '.' and "
            "must not contain '/'");
  CHECK(refused([](auto& a) {
          a.obs.set("k", stx::Categorical{std::vector<std::int32_t>(9, 1), {"x"}, false});
        }) == "[" + path + ":/obs] column 'k' has category code 1, outside [-1, 1)");
  CHECK(refused([](auto& a) { a.uns["none"] = nullptr; }) ==
        "[" + path + ":/uns/none] has no value (null), which cannot be stored; leave it out");
  CHECK(refused([](auto& a) {
          a.uns["mixed"] = {1, "a"};
        }) == "[" + path +
                  ":/uns/mixed] an array must hold only numbers, only strings or only booleans; "
                  "store it as text");
  CHECK(refused([](auto& a) {
          a.uns["ragged"] = {{1, 2}, {3}};
        }) == "[" + path +
                  ":/uns/ragged] has rows of 2 and of 1 values; only rectangular arrays can be "
                  "stored");
  CHECK(refused([](auto& a) {
          a.layers["bad"] = stx::CsrMatrix<float>{9, 6, {0}, {}, {}};
        }) == "[" + path + ":/layers/bad] CSR indptr must have rows + 1 = 10 entries, got 1");
  CHECK(folder.n_files() == 0);
}
