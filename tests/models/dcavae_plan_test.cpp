// What an evaluation of DCAVAE hides and what it scores: folds, tasks, truth.
#include <doctest/doctest.h>

#include <cmath>

#include "examples/dcavae/evaluation_parts.hpp"
#include "examples/dcavae/task.hpp"
#include "models/dcavae_pair.hpp"
#include "stx/data/folds.hpp"

using namespace stx::dcavae;
using stx::Matrix;
using Genes = std::vector<std::int64_t>;

TEST_CASE("plan: folds hold out every shared gene once; the published split is the one of its code") {
  stx::PairData pair = dcavae_pair::small_pair();
  const EvaluationPlan folds = plan_of(pair, "genes", 5, Options(), {});
  REQUIRE(folds.folds.size() == 5);
  std::vector<int> held_out(18, 0);
  for (const Genes& fold : folds.folds) {
    CHECK(std::is_sorted(fold.begin(), fold.end()));
    for (const std::int64_t g : fold) ++held_out.at(static_cast<std::size_t>(g));
  }
  CHECK(held_out == std::vector<int>(18, 1));
  CHECK(folds.variants.front().options.validation_genes == 0.1);

  // 230 genes whose order by name, whatever the case, is the reverse of that in the file.
  pair.shared.clear();
  pair.shared_st.clear();
  for (int g = 0; g < 230; ++g) {
    pair.shared.push_back((g % 2 == 0 ? "GENE" : "gene") + std::to_string(999 - g));
    pair.shared_st.push_back(0);
  }
  const EvaluationPlan paper = plan_of(pair, "paper", 5, Options(), {});
  REQUIRE(paper.folds.size() == 1);
  const Genes& test = paper.folds[0];
  CHECK(test.size() == 46);
  CHECK(paper.variants.front().options.validation_genes == 0);
  for (const std::int64_t shown : {139, 201, 122, 186, 141})  // the permutation begins with these: they train
    CHECK_FALSE(std::binary_search(test.begin(), test.end(), 229 - shown));
  stx::NumpyRandomState generator(0);
  Genes last;
  for (const std::int64_t g : generator.permutation(230)) last.push_back(229 - g);
  last.erase(last.begin(), last.begin() + 184);
  std::sort(last.begin(), last.end());
  CHECK(test == last);
}

TEST_CASE("split: test, validation and training genes share none; without_validation shows all but the test genes") {
  Options o;
  o.validation_genes = 0.2;
  const Genes test = {17, 2, 5};
  const GeneSplit split = split_genes(18, test, o, 7);
  CHECK(split.test == Genes{2, 5, 17});
  CHECK((split.validation.size() == 3 && split.train.size() == 12));
  std::vector<int> seen(18, 0);
  for (const Genes* part : {&split.train, &split.validation, &split.test})
    for (const std::int64_t g : *part) ++seen.at(static_cast<std::size_t>(g));
  CHECK(seen == std::vector<int>(18, 1));
  CHECK(split_genes(18, test, o, 8).validation != split.validation);
  const GeneSplit all = without_validation(split);
  CHECK((all.validation.empty() && all.train.size() == 15 && all.test == split.test));
  CHECK(std::is_sorted(all.train.begin(), all.train.end()));
  o.validation_genes = 0;
  CHECK(split_genes(18, test, o, 7).validation.empty());
}

TEST_CASE("task: spots show counts of training genes alone, and their totals are over these") {
  const stx::PairData pair = dcavae_pair::small_pair();
  Options o;
  o.extra_genes = -1;
  o.validation_genes = 0.2;
  const GeneSplit split = split_genes(18, {2, 5, 17}, o, 7);
  const Matrix<float> spots = stx::to_dense(pair.st.counts), cells = stx::to_dense(pair.sc.counts);
  for (const bool masked : {true, false}) {
    o.mask_cell_encoder = masked;
    const Task task = make_task(pair, split, o);
    REQUIRE((task.n_shared == 18 && task.n_genes() == 22));
    std::vector<char> trained(22, 0);
    for (const std::int64_t g : split.train) trained[static_cast<std::size_t>(g)] = 1;
    const Matrix<float> shown = stx::to_dense(task.spots), reference = stx::to_dense(task.cells);
    bool hidden = true, kept = true, of_cells = true, totals = true;
    for (std::int64_t i = 0; i < 90; ++i) {
      double total = 0;
      for (std::int64_t g = 0; g < 22; ++g) {
        if (!trained[static_cast<std::size_t>(g)]) {
          hidden = hidden && shown(i, g) == 0;
          continue;
        }
        kept = kept && shown(i, g) == spots(i, pair.shared_st[static_cast<std::size_t>(g)]);
        total += shown(i, g);
      }
      totals = totals && task.spot_totals[static_cast<std::size_t>(i)] == total;
    }
    for (std::int64_t i = 0; i < 60; ++i)
      for (std::int64_t g = 0; g < 22; ++g)
        of_cells = of_cells && reference(i, g) == cells(i, task.reference[static_cast<std::size_t>(g)]);
    CHECK(totals);
    CHECK((hidden && kept && of_cells));
    for (std::int64_t g = 0; g < 22; ++g)  // names go with the columns
      CHECK(task.genes[static_cast<std::size_t>(g)] ==
            pair.sc.genes[static_cast<std::size_t>(task.reference[static_cast<std::size_t>(g)])]);
    CHECK(std::vector<std::string>(task.genes.begin(), task.genes.begin() + 18) == pair.shared);
    CHECK((masked ? task.cell_inputs == split.train : task.cell_inputs.size() == 22));
    REQUIRE(task.validation_counts.cols == 3);
    for (std::int64_t j = 0; j < 3; ++j)
      CHECK(task.validation_counts(4, j) ==
            spots(4, pair.shared_st[static_cast<std::size_t>(split.validation[static_cast<std::size_t>(j)])]));
  }
  CHECK_THROWS_WITH_AS(make_task(pair, {{3}, {}, {}}, o),
                       "[dcavae] at least 2 shared genes must be measured in space, got 1", stx::DataError);
}

TEST_CASE("truth of a fold: counts, logs over all shared genes, totals over the measured ones; rounded throughout") {
  stx::PairData pair = dcavae_pair::small_pair();
  for (std::size_t e = 0; e < pair.st.counts.values.size(); e += 3) pair.st.counts.values[e] += 0.4f;
  const Matrix<float> raw = stx::to_dense(pair.st.counts);
  const Genes test = {1, 6, 7}, rows = {0, 3, 89};
  for (const bool rounded : {false, true}) {
    INFO("rounded ", rounded);
    const FoldTruth truth = fold_truth(pair, test, rows, rounded);
    REQUIRE((truth.counts.rows == 3 && truth.counts.cols == 3 && truth.totals.size() == 3));
    for (std::int64_t i = 0; i < 3; ++i) {
      double total = 0, measured = 0;
      const auto count = [&](std::int64_t g) {
        const float v = raw(rows[static_cast<std::size_t>(i)], pair.shared_st[static_cast<std::size_t>(g)]);
        return rounded ? std::round(v) : v;
      };
      for (std::int64_t g = 0; g < 18; ++g) {
        total += count(g);
        measured += std::find(test.begin(), test.end(), g) == test.end() ? count(g) : 0.0f;
      }
      CHECK(truth.totals[static_cast<std::size_t>(i)] == doctest::Approx(measured));
      for (std::int64_t j = 0; j < 3; ++j) {
        CHECK(truth.counts(i, j) == count(test[static_cast<std::size_t>(j)]));
        CHECK(truth.logs(i, j) == doctest::Approx(std::log1p(1e4 * count(test[static_cast<std::size_t>(j)]) / total)));
      }
    }
  }
}
