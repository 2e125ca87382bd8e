// The real benchmark pairs open, with the shapes that their README states.
#include <doctest/doctest.h>

#include <iostream>

#include "io/golden.hpp"
#include "stx/io/counts.hpp"
#include "stx/io/h5ad_read.hpp"
#include "stx/io/h5ad_stream.hpp"
#include "stx/io/h5ad_write.hpp"
#include "stx/io/npy.hpp"

namespace {

struct Expected {
  const char* file;
  std::int64_t rows, cols;
  float max;
  bool spatial;
};

const Expected pairs[] = {{"osmfish/st", 3405, 33, 342, true},
                          {"osmfish/sc", 5613, 33, 215110, false},
                          {"starmap_vis_cortex/st", 930, 996, 302, true},
                          {"starmap_vis_cortex/sc", 200, 3529, 2373, false},
                          {"visium_hippocampus/st", 313, 276, 3071, true},
                          {"visium_hippocampus/sc", 510, 307, 3713, false},
                          {"pdac_a/st", 428, 19734, 1688, true},
                          {"pdac_a/sc", 1926, 19734, 2209, false}};

}  // namespace

TEST_CASE("real files: shapes, ranges, streaming and a round trip") {
  const std::string folder = STX_TEST_DATA_DIR;
  if (!std::filesystem::exists(folder + "/osmfish/st.h5ad")) {
    std::cout << "Skipped: no data at " << folder << "\n";
    return;
  }
  const golden::Folder out;
  for (const Expected& expected : pairs) {
    CAPTURE(expected.file);
    const std::string path = folder + "/" + expected.file + ".h5ad";
    const stx::AnnData a = stx::read_h5ad(path);
    REQUIRE((a.n_obs() == expected.rows && a.n_var() == expected.cols));
    CHECK(a.skipped.empty());
    const stx::CountMatrix c = stx::counts(*a.x, path);
    CHECK(c.warnings.empty());
    CHECK(*std::max_element(c.matrix.values.begin(), c.matrix.values.end()) == expected.max);
    CHECK((a.obsm.count("spatial") == 1) == expected.spatial);

    stx::H5adCounts reader(path);
    std::int64_t at = 0;
    bool equal = true;
    for (std::int64_t first = 0; first < reader.rows(); first += 500) {
      const auto block = reader.read_rows(first, std::min<std::int64_t>(500, reader.rows() - first));
      equal = equal && std::equal(block.values.begin(), block.values.end(), c.matrix.values.begin() + at) &&
              std::equal(block.indices.begin(), block.indices.end(), c.matrix.indices.begin() + at);
      at += block.nnz();
    }
    CHECK(equal);
    CHECK(at == c.matrix.nnz());

    stx::write_h5ad(out / "copy.h5ad", a, {.gzip_level = 1, .overwrite = true});
    const stx::AnnData b = stx::read_h5ad(out / "copy.h5ad");
    CHECK(stx::counts(*b.x, "copy").matrix.values == c.matrix.values);
    CHECK(b.var.index == a.var.index);
  }
  const auto train = stx::read_npy_indices(folder + "/osmfish/casper_train_indices.npy");
  const auto test = stx::read_npy_indices(folder + "/osmfish/casper_test_indices.npy");
  CHECK(train.size() == 2724);
  REQUIRE(test.size() == 681);
  CHECK((test[0] == 291 && test[1] == 736 && test[2] == 2098));
}
