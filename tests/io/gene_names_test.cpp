#include "stx/data/gene_names.hpp"

#include <doctest/doctest.h>

using Strings = std::vector<std::string>;
using Places = std::vector<std::int64_t>;

TEST_CASE("exact names, in the order of the first list") {
  const Strings a{"Sst", "Gad1", "Vip", "Pvalb"}, b{"Pvalb", "gad1", "Sst"};
  const stx::GeneMatch m = stx::match_genes(a, b);
  CHECK(m.index_a == Places{0, 3});
  CHECK(m.index_b == Places{2, 0});
  CHECK(m.notes.empty());
}

TEST_CASE("names up to case") {
  const Strings a{"GAD1", "Sst"}, b{"sst", "Gad1"};
  const stx::GeneMatch m = stx::match_genes(a, b, {.fold_case = true});
  CHECK(m.index_a == Places{0, 1});
  CHECK(m.index_b == Places{1, 0});
}

TEST_CASE("a table translates either list, with and without the version of an Ensembl id") {
  const stx::NameTable table{{"ENSMUSG01", "Gad1"}, {"ENSMUSG02", "Sst"}, {"ENSMUSG02", "Sst"}};
  const Strings a{"ENSMUSG02.11", "ENSMUSG01", "Vip", "H2-K1.2"}, b{"Gad1", "Sst", "Vip", "H2-K1"};
  const stx::GeneMatch m = stx::match_genes(a, b, {.table = &table});
  CHECK(m.index_a == Places{0, 1, 2});
  CHECK(m.index_b == Places{1, 0, 2});
  CHECK(stx::match_genes(b, a, {.table = &table}).index_b == Places{1, 0, 2});
  CHECK(m.notes.empty());
  const stx::NameTable two_ways{{"ENSMUSG01", "Gad1"}, {"ENSMUSG01", "Vip"}};
  const stx::GeneMatch n = stx::match_genes(a, b, {.table = &two_ways});
  CHECK(n.index_b == Places{0, 2});
  CHECK(n.notes == Strings{"the table translates 1 names in more than one way; the first is used"});
}

TEST_CASE("of repeated names the first is kept, and it is said") {
  const Strings a{"A", "B", "A", "C"}, b{"B", "A", "B", "B"};
  const stx::GeneMatch m = stx::match_genes(a, b);
  CHECK(m.index_a == Places{0, 1});
  CHECK(m.index_b == Places{1, 0});
  CHECK((m.n_duplicates_a == 1 && m.n_duplicates_b == 2));
  CHECK(m.notes == Strings{"list A has 1 genes whose name occurs before; the first of each is kept: 'A'",
                           "list B has 2 genes whose name occurs before; the first of each is kept: "
                           "'B', 'B'"});
  // Folding can make duplicates, too.
  CHECK(stx::match_genes(Strings{"a", "A"}, Strings{"a"}, {.fold_case = true}).n_duplicates_a == 1);
}

TEST_CASE("no shared gene: the error shows both namings") {
  const Strings a{"ENSG1", "ENSG2", "ENSG3", "ENSG4", "ENSG5", "ENSG6"}, b{"Gad1"};
  CHECK_THROWS_WITH_AS(stx::match_genes(a, b),
                       "[match_genes] the two data sets share no gene. First names: 'ENSG1', "
                       "'ENSG2', 'ENSG3', 'ENSG4', "
                       "'ENSG5', ... and 'Gad1'. Try matching without case, or give a table of two "
                       "columns (for example "
                       "Ensembl id and symbol)",
                       stx::DataError);
  CHECK_THROWS_WITH_AS(stx::match_genes({}, b, {.fold_case = true}),
                       "[match_genes] the two data sets share no gene. First names: none and "
                       "'Gad1'. Give a table of two "
                       "columns (for example Ensembl id and symbol)",
                       stx::DataError);
}

TEST_CASE("names that must be unique") {
  CHECK_NOTHROW(stx::require_unique(Strings{"a", "b"}, "x", "genes"));
  CHECK_THROWS_WITH_AS(stx::require_unique(Strings{"a", "b", "a", "b", "a"}, "st.h5ad", "gene names"),
                       "[st.h5ad] 3 gene names occur more than once: 'a', 'b', 'a'; make them unique", stx::DataError);
}
