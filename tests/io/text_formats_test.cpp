// Matrix Market folders, delimited tables, tables of names, .npy and the reader of text below them.
#include <doctest/doctest.h>

#include "io/golden.hpp"
#include "stx/io/delimited.hpp"
#include "stx/io/matrix_market.hpp"
#include "stx/io/npy.hpp"
#include "stx/io/read_any.hpp"

using Strings = std::vector<std::string>;

TEST_CASE("lines end in LF or CRLF, the last one in nothing; a byte order mark is dropped") {
  const golden::Folder folder;
  golden::spit(folder / "t", "\xEF\xBB\xBFone\r\n\ntwo\r\nthree");
  stx::TextReader in(folder / "t");
  Strings lines;
  for (std::string line; in.next(line);) lines.push_back(line);
  CHECK(lines == Strings{"one", "", "two", "three"});
  CHECK(in.line_number() == 4);
  const std::string long_line(300000, 'x');
  golden::spit(folder / "long", long_line + "\n" + long_line + "y");
  stx::TextReader far(folder / "long");
  std::string line;
  CHECK((far.next(line) && line == long_line));
  CHECK((far.next(line) && line == long_line + "y"));
  CHECK_FALSE(far.next(line));
}

TEST_CASE("fields may be quoted") {
  CHECK(stx::split_fields("a,,\"b,c\",\"say \"\"hi\"\"\",d", ',', "x") == Strings{"a", "", "b,c", "say \"hi\"", "d"});
  CHECK(stx::split_fields("", ',', "x") == Strings{""});
  CHECK_THROWS_WITH_AS(stx::split_fields("a,\"b", ',', "x:3"), "[x:3] a quoted field does not end on this line",
                       stx::DataError);
}

TEST_CASE("Matrix Market folders, gzip and plain, become cells x genes") {
  for (const char* name : {"mtx_gz", "mtx_plain", "mtx_plain/matrix.mtx"}) {
    const stx::AnnData a = stx::read_any(golden::path(name));
    CHECK(golden::is_golden(*a.x));
    CHECK(a.obs.index == golden::cells());
    CHECK(a.var.index == golden::genes());
    REQUIRE(a.var.find("gene_ids") != nullptr);
    CHECK(std::get<Strings>(a.var.find("gene_ids")->values)[5] == "ENSMUSG00005");
    CHECK((a.var.find("feature_types") != nullptr) == (std::string(name) == "mtx_gz"));
  }
}

TEST_CASE("faults of a Matrix Market file") {
  const golden::Folder folder;
  const std::string path = folder / "matrix.mtx";
  const auto read = [&](const std::string& text) {
    golden::spit(path, text);
    const std::string message = golden::message([&] { stx::read_matrix_market(path); });
    return message.size() > path.size() ? message.substr(path.size() + 1) : message;
  };
  const std::string head = "%%MatrixMarket matrix coordinate integer general\n%note\n2 3 2\n";
  CHECK(read(head + "1 1 5\n2 3 1\n") == "");
  CHECK(read("") == "] is empty");
  CHECK(read("hello\n") == ":1] must begin with %%MatrixMarket");
  CHECK(read("%%MatrixMarket matrix array real general\n") ==
        ":1] must announce 'matrix coordinate integer|real general', got '%%matrixmarket matrix "
        "array "
        "real general'");
  CHECK(read("%%MatrixMarket matrix coordinate real general\n%\n") == "] ends before the line of sizes");
  CHECK(read("%%MatrixMarket matrix coordinate real general\n2 3\n") ==
        ":2] must hold rows, columns and entries, got '2 3'");
  CHECK(read(head + "1 1 5\n") == "] announces 2 entries, but has 1; the file is truncated or damaged");
  CHECK(read(head + "1 1 5\n3 1 1\n") == ":5] entry (3, 1) lies outside 2 x 3");
  CHECK(read(head + "1 1 5\n0 1 1\n") == ":5] entry (0, 1) lies outside 2 x 3");
  CHECK(read(head + "1 1 x\n") == ":4] must hold row, column and value, got '1 1 x'");
  CHECK(read(head + "1 2 5\n1 2 6\n") == "] row 0 has column 1 twice; sum duplicates first");
}

TEST_CASE("a folder that lacks a file, or whose lists do not fit") {
  const golden::Folder folder;
  golden::spit(folder / "matrix.mtx", "%%MatrixMarket matrix coordinate integer general\n2 1 1\n2 1 5\n");
  golden::spit(folder / "genes.tsv", "g1\tA\ng2\tB\n");
  CHECK_THROWS_WITH_AS(stx::read_matrix_market_folder(folder.path()),
                       ("[" + folder.path() +
                        "] must hold matrix.mtx, features.tsv (or genes.tsv) and barcodes.tsv, each plain "
                        "or .gz; missing: barcodes.tsv")
                           .c_str(),
                       stx::DataError);
  golden::spit(folder / "barcodes.tsv", "c1\nc2\nc3\n");
  CHECK_THROWS_WITH_AS(
      stx::read_matrix_market_folder(folder.path()),
      ("[" + folder.path() + "] the matrix is 2 genes x 1 cells, but there are 2 features and 3 barcodes").c_str(),
      stx::DataError);
  golden::spit(folder / "barcodes.tsv", "c1\n");
  CHECK(golden::at(*stx::read_any(folder.path()).x, 0, 1) == 5);
}

TEST_CASE("a truncated gzip file is an error, not a shorter table") {
  const golden::Folder folder;
  const std::string whole = golden::slurp(golden::path("mtx_gz/matrix.mtx.gz"));
  golden::spit(folder / "m.mtx.gz", whole.substr(0, whole.size() - 20));
  const std::string message = golden::message([&] { stx::read_matrix_market(folder / "m.mtx.gz"); });
  CHECK(message.find("the gzip file is truncated or damaged") != std::string::npos);
}

TEST_CASE("delimited tables in their variants") {
  const golden::Folder folder;
  const stx::AnnData csv = stx::read_any(golden::path("counts.csv"));
  CHECK(golden::is_golden(*csv.x));
  CHECK(csv.obs.index == golden::cells());
  CHECK(csv.var.index == golden::genes());
  const stx::AnnData turned = stx::read_delimited(golden::path("counts_genes_in_rows.tsv.gz"), {.genes_in_rows = true});
  CHECK(golden::is_golden(*turned.x));
  CHECK(turned.obs.index == golden::cells());
  golden::spit(folder / "r.txt", "g1 x\tg2\nc1\t1\t 2.5\nc2\t0\t1e3\n");  // R's header: no corner
  const stx::AnnData r = stx::read_any(folder / "r.txt");
  CHECK(r.var.index == Strings{"g1 x", "g2"});
  CHECK(golden::at(*r.x, 0, 1) == 2.5);
  CHECK(golden::at(*r.x, 1, 1) == 1000);
  golden::spit(folder / "s.csv", "id;a\nx;3\n");
  CHECK(golden::at(*stx::read_any(folder / "s.csv").x, 0, 0) == 3);
}

TEST_CASE("faults of a delimited table name line and gene") {
  const golden::Folder folder;
  const std::string path = folder / "t.csv";
  const auto read = [&](const std::string& text) {
    golden::spit(path, text);
    const std::string message = golden::message([&] { stx::read_delimited(path); });
    return message.size() > path.size() ? message.substr(path.size() + 1) : message;
  };
  CHECK(read("") == "] is empty");
  CHECK(read("id,a,b\n") == "] has a header, but no rows");
  CHECK(read("id,a,b\nx,1,2\ny,1\n") == ":3] has 2 fields, expected a name and 2 values");
  CHECK(read("id,a,b\nx,1,NA\n") == ":2] value of 'x' for 'b' must be a number, got 'NA'");
  CHECK(read("id,a,b\nx,,1\n") == ":2] value of 'x' for 'a' must be a number, got ''");
  CHECK(read("id,a,b\nx,1,0x3\n") == ":2] value of 'x' for 'b' must be a number, got '0x3'");
}

TEST_CASE("a table of two names") {
  const golden::Folder folder;
  golden::spit(folder / "t.csv", "id,symbol,more\nENS1,Gad1,x\nENS2,,y\nENS3,Sst,z\n");
  const auto pairs = stx::read_name_table(folder / "t.csv");
  CHECK(pairs.size() == 3);
  CHECK(pairs[2] == std::pair<std::string, std::string>("ENS3", "Sst"));
  golden::spit(folder / "t.csv", "one\n");
  CHECK_THROWS_WITH_AS(stx::read_name_table(folder / "t.csv"),
                       ("[" + (folder / "t.csv") + ":1] must hold two names, got 'one'").c_str(), stx::DataError);
}

TEST_CASE("row numbers from .npy") {
  const std::vector<std::int64_t> expected{5, 0, 3};
  CHECK(stx::read_npy_indices(golden::path("rows_int64.npy")) == expected);
  CHECK(stx::read_npy_indices(golden::path("rows_int32.npy")) == expected);
  const auto at = [](const char* name) { return "[" + golden::path(name) + "] "; };
  CHECK(golden::message([] { stx::read_npy_indices(golden::path("real.npy")); }) ==
        at("real.npy") + "holds '<f8'; row numbers must be int64 ('<i8') or int32 ('<i4')");
  CHECK(golden::message([] { stx::read_npy_indices(golden::path("matrix.npy")); }) ==
        at("matrix.npy") + "has shape (2, 2); row numbers must have one dimension");
  CHECK(golden::message([] { stx::read_npy_indices(golden::path("counts.csv")); }) ==
        at("counts.csv") + "is not a .npy file (no NUMPY signature)");
  const golden::Folder folder;
  const std::string whole = golden::slurp(golden::path("rows_int64.npy"));
  golden::spit(folder / "cut.npy", whole.substr(0, whole.size() - 1));
  CHECK(golden::message([&] { stx::read_npy_indices(folder / "cut.npy"); }) ==
        "[" + (folder / "cut.npy") + "] is truncated: 3 numbers need 24 bytes, the file has 23");
}

TEST_CASE("an unknown format is named with what is possible") {
  const golden::Folder folder;
  golden::spit(folder / "x.loom", "text");
  CHECK_THROWS_WITH_AS(stx::read_any(folder / "x.loom"),
                       ("[" + (folder / "x.loom") +
                        "] is of no known format; give an .h5ad, a 10x .h5, a folder with matrix.mtx, or a "
                        ".csv or .tsv table (cells in rows, genes in columns)")
                           .c_str(),
                       stx::DataError);
  CHECK_THROWS_WITH_AS(stx::read_any(folder / "y"), ("[" + (folder / "y") + "] no such file or folder").c_str(),
                       stx::DataError);
}
