#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>

#include "data/rand_index.hpp"
#include "examples/common/cell_space.hpp"
#include "stx/data/folds.hpp"
#include "stx/data/spot_split.hpp"
#include "stx/io/counts.hpp"
#include "stx/io/h5ad_read.hpp"
#include "stx/io/npy.hpp"
#include "support/golden.hpp"

namespace {

const std::string folder = std::string(STX_TEST_DATA_DIR) + "/osmfish";

bool absent() {
  if (std::filesystem::exists(folder)) return false;
  std::printf("Skipped: no data at %s\n", folder.c_str());
  return true;
}

stx::CsrMatrix<float> load_counts(const stx::AnnData& data) { return stx::counts(*data.x, "osmfish").matrix; }

}  // namespace

TEST_CASE("osmFISH: the published row split, element for element") {
  if (absent()) return;
  const stx::TrainTest split = stx::train_test_split(3405, 0.2, 42);
  CHECK(split.train == stx::read_npy_indices(folder + "/casper_train_indices.npy"));
  CHECK(split.test == stx::read_npy_indices(folder + "/casper_test_indices.npy"));
}

TEST_CASE("osmFISH: copies are found, leak through the published split, and not through ours") {
  if (absent()) return;
  const stx::AnnData st = stx::read_h5ad(folder + "/st.h5ad");
  const stx::Matrix<double>& place = st.obsm.at("spatial");
  const stx::CopyGroups copies = stx::group_exact_copies(load_counts(st), &place);
  CHECK(copies.n_groups == 3089);
  CHECK(copies.n_copied == 2 * 316);

  const auto leaks = [&](const std::vector<std::int64_t>& train, const std::vector<std::int64_t>& test) {
    std::vector<char> trained(static_cast<std::size_t>(copies.n_groups), 0);
    for (const std::int64_t i : train) trained[copies.group[i]] = 1;
    int n = 0;
    for (const std::int64_t i : test) n += trained[copies.group[i]];
    return n;
  };
  const stx::TrainTest published = stx::train_test_split(3405, 0.2, 42);
  CHECK(leaks(published.train, published.test) == 104);
  for (const stx::SpotSplit& split : {stx::split_spots_random(copies), stx::split_spots_blocks(place, copies)}) {
    CHECK(split.n_copied == 632);
    CHECK(leaks(split.train, split.test) == 0);
    CHECK(leaks(split.train, split.validation) == 0);
    CHECK(leaks(split.validation, split.test) == 0);
    CHECK(std::abs(static_cast<double>(split.test.size()) - 681) <= 70);
    MESSAGE("train ", split.train.size(), ", validation ", split.validation.size(), ", test ", split.test.size(),
            ", dropped ", split.dropped.size());
  }
}

TEST_CASE("osmFISH: clusters of the single cells are scanpy's, as far as its own seeds agree") {
  if (absent()) return;
  const golden::Arrays expected = golden::load("data/osmfish_leiden.txt");
  const stx::AnnData sc = stx::read_h5ad(folder + "/sc.h5ad");
  const stx::FilteredCounts kept = stx::filter_counts(load_counts(sc));
  const stx::CsrMatrix<float> cells = stx::normalize_log1p(kept.counts);
  const stx::PcaResult components = stx::principal_axes(cells, {.n_components = 13});
  for (int c = 0; c < 13; ++c) {
    CHECK(std::abs(components.variance[c] / expected.at("variance").values[c] - 1) <= 1e-4);
  }
  const stx::ClusterResult got = stx::clusters_of_cells(cells, {.n_components = 13});
  const std::vector<double>& labels = expected.at("labels").values;
  const std::vector<double>& seeds = expected.at("between_seeds").values;
  const double worst_seed = *std::min_element(seeds.begin(), seeds.end());
  const double index = adjusted_rand_index(got.labels, {labels.begin(), labels.end()});
  MESSAGE(got.n_clusters, " clusters, adjusted Rand index to scanpy's ", index,
          "; scanpy's own seeds among each other: ", worst_seed, " and more");
  CHECK(index > worst_seed - 0.03);
  CHECK(got.n_clusters >= 20);
  CHECK(got.n_clusters <= 32);
}
