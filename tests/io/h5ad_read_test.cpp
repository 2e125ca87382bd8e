#include "stx/io/h5ad_read.hpp"

#include <doctest/doctest.h>

#include "io/golden.hpp"
#include "stx/io/h5ad_stream.hpp"

using stx::Booleans;
using stx::Categorical;
using Strings = std::vector<std::string>;
using Wholes = std::vector<std::int64_t>;
using Reals = std::vector<double>;

namespace {

template <class T>
const T& column(const stx::Table& table, const std::string& name) {
  const stx::Column* found = table.find(name);
  REQUIRE(found != nullptr);
  REQUIRE(std::holds_alternative<T>(found->values));
  return std::get<T>(found->values);
}

void check_kind(const stx::Table& obs) {
  const auto& kind = column<Categorical>(obs, "kind");
  CHECK(kind.categories == Strings{"a", "b", "c"});
  CHECK(kind.codes == std::vector<std::int32_t>{1, 0, -1, 1, 0, 2, 1, 0, 2});
  CHECK_FALSE(kind.ordered);
}

}  // namespace

TEST_CASE("a current .h5ad file gives all of its parts") {
  const stx::AnnData a = stx::read_h5ad(golden::path("current.h5ad"));
  CHECK(a.obs.index == golden::cells());
  CHECK(a.obs.index_name == "barcode");
  CHECK(a.var.index == golden::genes());
  CHECK(a.var.index_name == "");
  REQUIRE(a.x.has_value());
  CHECK(std::holds_alternative<stx::CsrMatrix<float>>(*a.x));
  CHECK(golden::is_golden(*a.x));

  check_kind(a.obs);
  const auto& stage = column<Categorical>(a.obs, "stage");
  CHECK(stage.ordered);
  CHECK(stage.categories == Strings{"early", "late"});
  CHECK(stage.codes == std::vector<std::int32_t>{1, 0, 1, 1, 0, 1, 1, 0, 1});
  const auto& area = column<Reals>(a.obs, "area");
  for (int i = 0; i < 9; ++i) CHECK(area[i] == doctest::Approx(i / 4.0).epsilon(1e-15));
  CHECK(column<Wholes>(a.obs, "small") == Wholes{-4, -3, -2, -1, 0, 1, 2, 3, 4});
  CHECK(column<Booleans>(a.obs, "keep") == Booleans{1, 0, 1, 0, 1, 0, 1, 0, 1});
  CHECK(column<Strings>(a.obs, "note")[8] ==
        "\xC3\xA4"
        "8");
  const auto& maybe = column<stx::Nullable<std::int64_t>>(a.obs, "maybe");
  CHECK(maybe.values == Wholes{0, 0, 2, 3, 4, 5, 6, 7, 8});
  CHECK(maybe.missing == Booleans{0, 1, 0, 0, 0, 0, 0, 0, 0});
  const auto& flag = column<stx::Nullable<std::uint8_t>>(a.obs, "flag");
  CHECK(flag.values == Booleans{0, 1, 0, 0, 0, 1, 0, 1, 0});
  CHECK(flag.missing == Booleans{0, 0, 0, 1, 0, 0, 0, 0, 0});
  CHECK(column<Wholes>(a.var, "rank") == Wholes{0, 1, 2, 3, 4, 5});
  CHECK(a.obs.find("nothing") == nullptr);

  CHECK(golden::is_golden(a.layers.at("dense_int64")));
  CHECK(std::holds_alternative<stx::Matrix<std::int64_t>>(a.layers.at("dense_int64")));
  CHECK(golden::is_golden(a.layers.at("csc_int16")));
  CHECK(std::holds_alternative<stx::CsrMatrix<std::int32_t>>(a.layers.at("csc_int16")));
  CHECK(golden::is_golden(a.layers.at("scaled"), -1.5));

  const auto& spatial = a.obsm.at("spatial");
  CHECK((spatial.rows == 9 && spatial.cols == 2));
  for (int i = 0; i < 9; ++i) CHECK((spatial(i, 0) == 10.0 * i && spatial(i, 1) == 0.5 * i * i));
  CHECK(a.obsm.at("X_pca")(8, 2) == 26 / 4.0);
  CHECK(a.obsm.at("frame")(3, 1) == 1.5);
  CHECK(a.varm.at("loadings")(5, 1) == 11);
  CHECK(golden::at(a.obsp.at("distances"), 3, 3) == 1);

  REQUIRE(a.raw.has_value());
  CHECK(a.raw->var.rows() == 8);
  CHECK(golden::at(*a.raw->x, 3, 7) == golden::count(3, 1));
  CHECK(&stx::choose_matrix(a, "raw", "x").var->index == &a.raw->var.index);

  CHECK(a.uns["title"] == "tiny");
  CHECK(a.uns["n"] == 3);
  CHECK(a.uns["rate"] == 0.25);
  CHECK(a.uns["yes"] == true);
  CHECK(a.uns["names"] == nlohmann::json({"p", "q"}));
  CHECK(a.uns["grid"].dump() == "[[0,1,2],[3,4,5]]");
  CHECK(a.uns["nested"]["deep"]["x"] == nlohmann::json({1.5, 2.5}));
  CHECK(a.skipped == Strings{"/uns/table: encoding 'dataframe' is not supported here"});
}

TEST_CASE("dense and CSC matrices, gzip and LZF") {
  const stx::AnnData dense = stx::read_h5ad(golden::path("dense_gzip.h5ad"));
  CHECK(std::holds_alternative<stx::Matrix<double>>(*dense.x));
  CHECK(golden::is_golden(*dense.x));
  check_kind(dense.obs);
  const stx::AnnData csc = stx::read_h5ad(golden::path("csc_lzf.h5ad"));
  CHECK(std::holds_alternative<stx::CsrMatrix<std::int32_t>>(*csc.x));
  CHECK(golden::is_golden(*csc.x));
  check_kind(csc.obs);
  const stx::AnnData large = stx::read_h5ad(golden::path("dense_lzf.h5ad"));
  REQUIRE((large.n_obs() == 360 && large.n_var() == 180));
  bool equal = true;
  for (int i = 0; i < 360; ++i) {
    for (int j = 0; j < 180; ++j) {
      equal = equal && golden::at(*large.x, i, j) == golden::count(i % 9, j % 6);
    }
  }
  CHECK(equal);
}

TEST_CASE("older encodings") {
  const stx::AnnData a07 = stx::read_h5ad(golden::path("legacy_07.h5ad"));
  CHECK(golden::is_golden(*a07.x));
  CHECK(a07.obs.index == golden::cells());
  check_kind(a07.obs);
  CHECK(column<Reals>(a07.obs, "area")[8] == 2.0);
  CHECK(a07.obsm.at("spatial")(2, 0) == 20);
  const stx::AnnData a06 = stx::read_h5ad(golden::path("legacy_06.h5ad"));
  CHECK(golden::is_golden(*a06.x));
  CHECK(a06.obs.index == golden::cells());
  CHECK(a06.obs.index_name == "index");
  CHECK(a06.var.index[5] == "Vip");
  check_kind(a06.obs);
  CHECK(column<Reals>(a06.obs, "area")[4] == 1.0);
  REQUIRE(a06.raw.has_value());
  CHECK(golden::is_golden(*a06.raw->x));
}

TEST_CASE("matrices can be left out, and a file may have no X") {
  const stx::AnnData names = stx::read_h5ad(golden::path("current.h5ad"), {.matrices = false, .uns = false});
  CHECK_FALSE(names.x.has_value());
  CHECK(names.layers.empty());
  CHECK(names.uns.empty());
  CHECK(names.n_obs() == 9);
  const stx::AnnData none = stx::read_h5ad(golden::path("no_x.h5ad"));
  CHECK_FALSE(none.x.has_value());
  CHECK(golden::is_golden(*stx::choose_matrix(none, "counts", "no_x").matrix));
  CHECK_THROWS_WITH_AS(stx::choose_matrix(none, "", "no_x.h5ad"),
                       "[no_x.h5ad] has no matrix 'X'; it has counts. Name the one that holds counts", stx::DataError);
}

TEST_CASE("large arrays in uns are skipped, and said to be") {
  const stx::AnnData a = stx::read_h5ad(golden::path("current.h5ad"), {.max_uns_elements = 5});
  CHECK(a.uns["grid"].is_null());
  CHECK(a.skipped.at(0) == "/uns/grid: more than 5 values");
}

TEST_CASE("counts are streamed by rows from every kind of matrix") {
  const auto check_blocks = [](stx::H5adCounts reader) {
    REQUIRE((reader.rows() == 9 && reader.cols() == 6));
    for (const int size : {1, 2, 4, 9}) {
      for (int first = 0; first < 9; first += size) {
        const int count = std::min(size, 9 - first);
        const stx::CsrMatrix<float> block = reader.read_rows(first, count);
        stx::validate(block, "block");
        REQUIRE((block.rows == count && block.cols == 6));
        for (int i = 0; i < count; ++i) {
          for (int j = 0; j < 6; ++j) CHECK(golden::at(block, i, j) == golden::count(first + i, j));
        }
        for (const float v : block.values) CHECK(v > 0);
      }
    }
    CHECK(reader.read_rows(9, 0).nnz() == 0);
    CHECK(reader.n_fractional() == 0);
    CHECK_THROWS_AS(reader.read_rows(8, 2), stx::ArgumentError);
  };
  check_blocks(stx::H5adCounts(golden::path("current.h5ad")));
  check_blocks(stx::H5adCounts(golden::path("current.h5ad"), "csc_int16"));
  check_blocks(stx::H5adCounts(golden::path("current.h5ad"), "dense_int64"));
  check_blocks(stx::H5adCounts(golden::path("dense_gzip.h5ad")));
  check_blocks(stx::H5adCounts(golden::path("csc_lzf.h5ad")));
  CHECK(stx::H5adCounts(golden::path("current.h5ad"), "raw").cols() == 8);
  stx::H5adCounts scaled(golden::path("current.h5ad"), "scaled");
  CHECK(golden::message([&] { scaled.read_rows(3, 2); }) ==
        "[" + golden::path("current.h5ad") +
            ":/layers/scaled] row 3, column 1 is -1.5; counts cannot "
            "be negative (is this a scaled matrix? choose raw or a layer)");
  CHECK(golden::message([] { stx::H5adCounts(golden::path("current.h5ad"), "none"); }) ==
        "[" + golden::path("current.h5ad") + ":/layers] has no member 'none'");
}
