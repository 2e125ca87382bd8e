// Profiles and top lists of DCAVAE, and the file that keeps them.
#include <cmath>
#include <filesystem>
#include <fstream>

#include "examples/dcavae/list_store.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "stx/data/csr_select.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"

using namespace stx;
using namespace stx::test;
using namespace stx::dcavae;

namespace {

Task small_task() {
  Task task;
  const auto counts = [](std::int64_t rows, std::uint64_t seed) {
    Matrix<float> m(rows, 6);
    const auto u = random_values(rows * 6, seed, 0, 1);
    for (std::size_t i = 0; i < u.size(); ++i) m.values[i] = static_cast<float>(std::floor(u[i] * u[i] * 9));
    for (std::int64_t g = 0; g < 6; ++g) m(3, g) = 0;     // a row without counts
    for (std::int64_t i = 0; i < rows; ++i) m(i, 2) = 0;  // a gene without counts
    return to_csr(m);
  };
  task.cells = counts(40, 1);
  task.spots = counts(30, 2);
  task.genes = {"a", "b", "c", "d", "e", "f"};
  task.n_shared = 6;
  task.split.train = {0, 2, 3, 5};
  for (const Modality m : {Modality::cells, Modality::spots}) {
    const CsrMatrix<float>& x = m == Modality::cells ? task.cells : task.spots;
    for (std::int64_t i = 0; i < x.rows; ++i) {
      double total = 0;
      for (const float v : x.row_values(i)) total += v;
      (m == Modality::cells ? task.cell_totals : task.spot_totals).push_back(total);
    }
  }
  return task;
}

/// Section 2 of the specification, step by step.
Matrix<double> naive_profiles(const Matrix<float>& counts, const std::vector<double>& totals,
                              const std::vector<std::int64_t>& genes, bool pearson) {
  std::vector<double> some;
  for (const double t : totals)
    if (t > 0) some.push_back(t);
  std::sort(some.begin(), some.end());
  const std::size_t n = some.size();
  const double median = n % 2 ? some[n / 2] : (some[n / 2 - 1] + some[n / 2]) / 2;
  Matrix<double> out(counts.rows, static_cast<std::int64_t>(genes.size()));
  for (std::int64_t c = 0; c < out.cols; ++c) {
    double mean = 0, square = 0;
    for (std::int64_t i = 0; i < out.rows; ++i) {
      out(i, c) = std::log(1 + (totals[i] > 0 ? counts(i, genes[c]) * median / totals[i] : 0));
      mean += out(i, c) / static_cast<double>(out.rows);
    }
    for (std::int64_t i = 0; i < out.rows; ++i) square += (out(i, c) - mean) * (out(i, c) - mean);
    const double sd = std::sqrt(square / static_cast<double>(out.rows - 1));
    for (std::int64_t i = 0; i < out.rows; ++i) out(i, c) = (out(i, c) - mean) / (sd > 0 ? sd : 1);
  }
  for (std::int64_t i = 0; i < out.rows; ++i) {
    double mean = 0, square = 0;
    for (const double v : out.row(i)) mean += pearson ? v / static_cast<double>(out.cols) : 0;
    for (const double v : out.row(i)) square += (v - mean) * (v - mean);
    for (double& v : out.row(i)) v = (v - mean) / (std::sqrt(square) + 1e-8);
  }
  return out;
}

/// Profiles of counts as they are, or of their ranks: 1 + those below + half of the others that are equal, centred.
Matrix<double> naive_count_profiles(const Matrix<float>& counts, const std::vector<std::int64_t>& genes, bool ranked) {
  Matrix<double> out(counts.rows, static_cast<std::int64_t>(genes.size()));
  for (std::int64_t i = 0; i < out.rows; ++i) {
    double square = 0;
    for (std::int64_t c = 0; c < out.cols; ++c) {
      double value = counts(i, genes[c]), rank = 1;
      for (std::int64_t k = 0; k < out.cols; ++k)
        if (k != c) rank += counts(i, genes[k]) < value ? 1 : counts(i, genes[k]) == value ? 0.5 : 0;
      out(i, c) = ranked ? rank - 0.5 * static_cast<double>(out.cols + 1) : value;
      square += out(i, c) * out(i, c);
    }
    for (double& v : out.row(i)) v /= std::sqrt(square) + 1e-8;
  }
  return out;
}

}  // namespace

TEST_CASE("profiles of counts as they are, and of their ranks: inner products are cosines and Spearman's rho") {
  const Task task = small_task();
  for (const Similarity s : {Similarity::raw_cosine, Similarity::spearman})
    for (const Modality m : {Modality::cells, Modality::spots}) {
      const auto got = unit_profiles(task, m, s, 2);
      const auto want = naive_count_profiles(to_dense(m == Modality::cells ? task.cells : task.spots), task.split.train,
                                             s == Similarity::spearman);
      CHECK(max_error(got.values, want.values) < 1e-6);
      for (const float v : got.row(3)) CHECK(v == 0);  // without counts
    }
  // scipy.stats.spearmanr([4, 0, 0, 7, 1], [3, 1, 0, 2, 2]).statistic, the first row a spot, the second a cell
  Matrix<float> pair(2, 5);
  pair.values = {4, 0, 0, 7, 1, 3, 1, 0, 2, 2};
  const std::vector<std::int64_t> genes = {0, 1, 2, 3, 4};
  const std::vector<double> totals = {12, 8};
  const auto ranked = unit_profiles(to_csr(pair), genes, totals, Similarity::spearman);
  double rho = 0;
  for (std::int64_t g = 0; g < 5; ++g) rho += double{ranked(0, g)} * ranked(1, g);
  CHECK(std::abs(rho - 0.7894736842105264) < 1e-6);
}

TEST_CASE("profiles: the steps of the specification, a row and a gene without counts") {
  const Task task = small_task();
  for (const Similarity s : {Similarity::cosine, Similarity::pearson})
    for (const Modality m : {Modality::cells, Modality::spots}) {
      const bool cells = m == Modality::cells;
      const auto got = unit_profiles(task, m, s);
      const auto want =
          naive_profiles(to_dense(cells ? task.cells : task.spots), cells ? task.cell_totals : task.spot_totals,
                         task.split.train, s == Similarity::pearson);
      CHECK(max_error(got.values, want.values) < 1e-6);
    }
  CHECK(similarity_of("pearson") == Similarity::pearson);
  CHECK_THROWS_WITH_AS(similarity_of("dice"),
                       "[dcavae] similarity must be cosine, pearson, raw_cosine or spearman, got 'dice'",
                       ArgumentError);
  for (const char* name : {"raw_cosine", "spearman"}) {
    Options o;
    o.similarity = name;
    o.check();
    CHECK((similarity_of(name) == Similarity::spearman) == (o.similarity == "spearman"));
  }
  Options o;
  o.similarity = "kendall";
  CHECK_THROWS_WITH_AS(
      o.check(),
      "[settings] similarity = kendall is not offered: it compares all pairs of genes of a row, "
      "n (n - 1) / 2 numbers for each cell and spot where the others take n; spearman judges by ranks too",
      ArgumentError);
}

TEST_CASE("list sizes: scaled, capped, and more than there is") {
  Options o;
  CHECK(list_sizes(12969, 19150, o).of_cell == 73);  // the published sizes
  CHECK(list_sizes(12969, 19150, o).of_spot == 50);
  CHECK(list_sizes(14249, 2376, o).of_spot == 299);
  CHECK(list_sizes(100000, 1000, o).of_spot == 500);
  CHECK(list_sizes(40, 30, o).of_cell == 30);
  o.k_scaled = false;
  CHECK(list_sizes(100000, 1000, o).of_spot == 50);
  CHECK_THROWS_WITH_AS(list_sizes(1000, 30, o),
                       "[dcavae] k = 50 spots for each of the cells exceed the data: there are 30 spots; lower k, or "
                       "set k_scaled = true",
                       ArgumentError);
  o.k = 2000;
  CHECK_THROWS_WITH_AS(list_sizes(9000, 9000, o),
                       "[dcavae] lists of 2000 partners are too long; k and k_cap may be at most 1024", ArgumentError);
  CHECK_THROWS_WITH_AS(list_sizes(0, 5, o), "[dcavae] pairs need at least one cell and one spot, got 0 and 5",
                       DataError);
}

TEST_CASE("top lists: made once, read again, made anew when the file is damaged or the data are others") {
  Task task = small_task();
  Options o;
  o.k = 3;
  const std::string folder = (std::filesystem::temp_directory_path() / "stx_dcavae_lists").string();
  std::filesystem::remove_all(folder);
  const auto cells = unit_profiles(task, Modality::cells, Similarity::cosine);
  const auto spots = unit_profiles(task, Modality::spots, Similarity::cosine);
  const auto lists = [&] { return *ListStore(folder).lists<Cpu>({.threads = 2}, task, o, cells, spots); };
  const TopLists made = lists();
  REQUIRE((made.of_cells.cols == 3 && made.of_spots.cols == 4));
  for (std::int64_t i = 0; i < 40; ++i) {
    CHECK(std::is_sorted(made.of_cells.row(i).begin(), made.of_cells.row(i).end()));
    // No spot outside the list is nearer than one inside.
    const auto dot = [&](std::int64_t j) {
      double sum = 0;
      for (std::int64_t g = 0; g < 4; ++g) sum += double{cells(i, g)} * spots(j, g);
      return sum;
    };
    double furthest = 2;
    for (const std::int32_t j : made.of_cells.row(i)) furthest = std::min(furthest, dot(j));
    std::int64_t nearer = 0;
    for (std::int64_t j = 0; j < 30; ++j) nearer += dot(j) > furthest + 1e-6;
    CHECK(nearer < 3);
  }
  const ListSizes sizes = list_sizes(40, 30, o);
  const std::uint64_t key = lists_key(task, sizes, Similarity::cosine);
  const std::string path = lists_path(folder, key);
  REQUIRE(std::filesystem::exists(path));
  TopLists other = made;
  other.of_cells.values.assign(other.of_cells.values.size(), 7);
  save_lists(path, key, other);
  CHECK(lists().of_cells.values == other.of_cells.values);  // the file was read
  save_lists(path, key + 1, other);
  CHECK(lists().of_cells.values == made.of_cells.values);
  other.of_cells.values[0] = 30;  // no such spot
  save_lists(path, key, other);
  CHECK(lists().of_cells.values == made.of_cells.values);
  std::ofstream(path, std::ios::trunc) << "not safetensors";
  CHECK(lists().of_cells.values == made.of_cells.values);
  CHECK(load_lists(path, key, task, sizes).has_value());  // and was written again

  CHECK(lists_key(task, {3, 5}, Similarity::cosine) != key);
  CHECK(lists_key(task, sizes, Similarity::pearson) != key);
  task.genes[2] = "z";
  CHECK(lists_key(task, sizes, Similarity::cosine) != key);
  task.genes[2] = "c";
  task.spots.values[0] += 1;
  CHECK(lists_key(task, sizes, Similarity::cosine) != key);
  std::filesystem::remove_all(folder);
}

TEST_CASE("top lists in memory: made once for a key, the longest unused leave first") {
  Task task = small_task();
  Options o;
  o.k = 3;
  const auto cells = unit_profiles(task, Modality::cells, Similarity::cosine);
  const auto spots = unit_profiles(task, Modality::spots, Similarity::cosine);
  const std::size_t one = 4 * (40 * 3 + 30 * 4);
  ListStore store("", 2 * one + 1);
  const auto lists = [&] { return store.lists<Cpu>({.threads = 1}, task, o, cells, spots); };
  const auto first = lists();
  CHECK(lists() == first);  // the same, not equal ones
  CHECK(store.bytes() == one);
  task.genes[0] = "z";
  const auto second = lists();
  CHECK(second != first);
  CHECK(second->of_cells.values == first->of_cells.values);
  task.genes[0] = "a";
  CHECK(lists() == first);
  task.genes[0] = "y";
  const auto third = lists();  // the second leaves
  CHECK(store.bytes() == 2 * one);
  task.genes[0] = "a";
  CHECK(lists() == first);
  task.genes[0] = "z";
  CHECK(lists() != second);
  task.genes[0] = "y";
  CHECK(lists() != third);
  ListStore small("", one - 1);  // lists too large are not kept
  CHECK(small.lists<Cpu>({.threads = 1}, task, o, cells, spots)->of_cells.values == first->of_cells.values);
  CHECK(small.bytes() == 0);
}
