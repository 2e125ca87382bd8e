// Damaged AnnData files: each fault alone, with its exact message.
#include <doctest/doctest.h>

#include <functional>

#include "io/golden.hpp"
#include "stx/io/h5ad_read.hpp"
#include "stx/io/h5ad_stream.hpp"
#include "stx/io/h5ad_write.hpp"

namespace {

using Wholes = std::vector<std::int64_t>;

/// A 3 x 4 CSR file, one part of which a test may spoil.
struct Parts {
  Wholes indptr{0, 2, 2, 3};
  Wholes indices{1, 3, 0};
  std::vector<float> data{1, 2, 3};
  Wholes shape{3, 4};
  std::string encoding = "csr_matrix";
  bool with_var = true;
};

std::string read_spoiled(const std::string& path, const std::function<void(Parts&)>& spoil,
                         const stx::H5adReadOptions& options = {}) {
  Parts parts;
  spoil(parts);
  {
    stx::hdf5::OutputFile file(path, true);
    const auto& root = file.root();
    const auto write = [&]<class T>(const auto& at, const char* name, const std::vector<T>& v) {
      stx::hdf5::write_dataset(at, name, stx::hdf5::native_type<T>(), {v.size()}, v.data(), {0});
    };
    const auto x = stx::hdf5::create_group(root, "X", parts.encoding, "0.1.0");
    stx::hdf5::write_attribute(x, "shape", parts.shape);
    write(x, "indptr", parts.indptr);
    write(x, "indices", parts.indices);
    write(x, "data", parts.data);
    stx::h5ad::write_table(root, "obs", {{"a", "b", "c"}, "", {}}, {0});
    if (parts.with_var) stx::h5ad::write_table(root, "var", {{"g", "h", "i", "j"}, "", {}}, {0});
    file.commit();
  }
  return golden::message([&] {
    const stx::AnnData a = stx::read_h5ad(path, options);
    stx::counts(*a.x, "counts");
  });
}

}  // namespace

TEST_CASE("faults of a sparse matrix") {
  const golden::Folder folder;
  const std::string path = folder / "x.h5ad", at = "[" + path + ":/X] ";
  const auto spoiled = [&](const std::function<void(Parts&)>& spoil) { return read_spoiled(path, spoil); };
  CHECK(spoiled([](Parts&) {}) == "");
  CHECK(spoiled([](Parts& p) {
          p.indices = {3, 1, 0};
        }) == at + "row 0 has unsorted column indices (3 before 1); sort them first (in Python: "
                   "sort_indices()) or read with sort_indices");
  CHECK(read_spoiled(path, [](Parts& p) { p.indices = {3, 1, 0}; }, {.sort_indices = true}) == "");
  CHECK(spoiled([](Parts& p) { p.indices = {3, 3, 0}; }) == at + "row 0 has column 3 twice; sum duplicates first");
  CHECK(spoiled([](Parts& p) { p.indices = {1, 3, 4}; }) == at + "row 2 has column index 4, outside [0, 4)");
  CHECK(spoiled([](Parts& p) { p.indices = {-1, 3, 0}; }) == at + "row 0 has column index -1, outside [0, 4)");
  CHECK(spoiled([](Parts& p) {
          p.indices = {1, std::int64_t{1} << 33, 0};
        }) == at + "row 0 has column index 8589934592, outside [0, 4)");
  CHECK(spoiled([](Parts& p) {
          p.encoding = "csc_matrix";
          p.indptr = {0, 1, 2, 2, 3};
        }) == at + "column 1 has row index 3, outside [0, 3)");
  CHECK(spoiled([](Parts& p) { p.indices.pop_back(); }) == at + "has 2 indices but 3 values");
  CHECK(spoiled([](Parts& p) { p.indptr = {0, 2, 3}; }) == at + "indptr must have rows + 1 = 4 entries, got 3");
  CHECK(spoiled([](Parts& p) {
          p.indptr = {0, 2, 2, 4};
        }) == at + "indptr must run from 0 to the number of entries 3, got 0 to 4");
  CHECK(spoiled([](Parts& p) { p.indptr = {0, 3, 2, 3}; }) == at + "indptr decreases after entry 1");
  CHECK(spoiled([](Parts& p) { p.shape = {3}; }) == at + "must have a shape of two numbers, got 1");
  CHECK(spoiled([](Parts& p) { p.shape = {3, -4}; }) == at + "has the negative shape 3 x -4");
  CHECK(spoiled([](Parts& p) {
          p.shape = {3, 5};
        }) == at + "is 3 x 5, but the tables of rows and columns have 3 and 4 entries");
  CHECK(spoiled([](Parts& p) {
          p.shape = {3, std::int64_t{1} << 40};
        }) == at + "is 3 x 1099511627776; at most 2147483647 columns are supported");
  CHECK(spoiled([](Parts& p) { p.encoding = "coo_matrix"; }) ==
        at + "must be a csr_matrix or csc_matrix, got encoding 'coo_matrix'");
  CHECK(spoiled([](Parts& p) { p.with_var = false; }) == "[" + path + "] is not an AnnData file: it has no /var");
}

TEST_CASE("faults of the counts name row and column, also when streamed") {
  const golden::Folder folder;
  const std::string path = folder / "x.h5ad";
  const auto spoiled = [&](float value) {
    const std::string whole = read_spoiled(path, [&](Parts& p) { p.data[2] = value; });
    const std::string streamed = golden::message([&] { stx::H5adCounts(path).read_rows(1, 2); });
    CHECK(streamed.substr(streamed.find(']')) == whole.substr(whole.find(']')));
    return whole;
  };
  CHECK(spoiled(-1) ==
        "[counts] row 2, column 0 is -1; counts cannot be negative (is this a scaled "
        "matrix? choose raw or a layer)");
  CHECK(spoiled(std::numeric_limits<float>::quiet_NaN()) ==
        "[counts] row 2, column 0 is nan; counts must be finite numbers");
  CHECK(spoiled(std::numeric_limits<float>::infinity()) ==
        "[counts] row 2, column 0 is inf; counts must be finite numbers");
}

TEST_CASE("files that are no HDF5 files, or not whole") {
  const golden::Folder folder;
  const std::string path = folder / "x.h5ad";
  const auto read = [&] { return golden::message([&] { stx::read_h5ad(path); }); };
  CHECK(read() == "[" + path + "] no such file");
  golden::spit(path, "");
  CHECK(read() == "[" + path + "] is empty (0 bytes); fetch or write it again");
  golden::spit(path, "<!DOCTYPE html><html>404</html>");
  CHECK(read() == "[" + path + "] is not an HDF5 file (no HDF5 signature); .h5ad and 10x .h5 files are");
  const std::string whole = golden::slurp(golden::path("current.h5ad"));
  golden::spit(path, whole.substr(0, whole.size() / 2));
  CHECK(read().starts_with("[" + path + "] is truncated; fetch or write it again (HDF5: truncated file"));
  CHECK(golden::message([&] { stx::read_h5ad(folder.path()); }) == "[" + folder.path() + "] is not a regular file");
  {
    stx::hdf5::OutputFile file(path, true);
    file.commit();
  }
  CHECK(read() == "[" + path + "] is not an AnnData file: it has no /obs");
}

TEST_CASE("faults of the tables") {
  const golden::Folder folder;
  const std::string path = folder / "x.h5ad";
  const auto read_with = [&](const std::function<void(const stx::hdf5::Object&)>& add,
                             const std::vector<std::string>& columns) {
    {
      stx::hdf5::OutputFile file(path, true);
      stx::h5ad::write_table(file.root(), "var", {}, {0});
      const auto obs = stx::hdf5::create_group(file.root(), "obs", "dataframe", "0.2.0");
      stx::hdf5::write_attribute(obs, "_index", std::string("names"));
      stx::hdf5::write_attribute(obs, "column-order", columns);
      add(obs);
      file.commit();
    }
    return golden::message([&] { stx::read_h5ad(path); });
  };
  const auto names = [](const stx::hdf5::Object& obs) {
    stx::hdf5::write_strings(obs, "names", std::vector<std::string>{"a", "b"}, {2});
  };
  const std::string at = "[" + path + ":/obs";
  CHECK(read_with([](const auto&) {}, {}) == at + "] has no member 'names'");
  CHECK(read_with(names, {"k"}) == at + "] has no member 'k'");
  CHECK(read_with(
            [&](const auto& obs) {
              names(obs);
              stx::hdf5::write_numbers<double>(obs, "k", std::vector<double>{1, 2, 3}, {3}, {0});
            },
            {"k"}) == at + "] column 'k' has 3 values, the table 2 rows");
  CHECK(read_with(
            [&](const auto& obs) {
              names(obs);
              const auto k = stx::hdf5::create_group(obs, "k", "categorical", "0.2.0");
              stx::hdf5::write_strings(k, "categories", std::vector<std::string>{"x"}, {1});
              stx::hdf5::write_numbers<std::int32_t>(k, "codes", std::vector<std::int32_t>{0, 1}, {2}, {0});
            },
            {"k"}) == at + "/k/codes] row 1 has category code 1, outside [-1, 1)");
  CHECK(read_with(
            [&](const auto& obs) {
              names(obs);
              const auto k = stx::hdf5::create_group(obs, "k", "nullable-integer", "0.1.0");
              stx::hdf5::write_numbers<std::int64_t>(k, "values", Wholes{1, 2}, {2}, {0});
              stx::hdf5::write_booleans(k, "mask", stx::Booleans{1}, {1}, {0});
            },
            {"k"}) == at + "/k/mask] has 1 entries for 2 values");
}

TEST_CASE("a data set that claims more than its file can hold is refused before memory is taken") {
  const golden::Folder folder;
  const std::string path = folder / "x.h5ad";
  {
    stx::hdf5::OutputFile file(path, true);
    const stx::hdf5::Quiet quiet;
    const hsize_t dims[] = {1u << 30, 1u << 20}, chunk[] = {1024, 1};
    const stx::hdf5::Handle space(H5Screate_simple(2, dims, nullptr), H5Sclose);
    const stx::hdf5::Handle layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_chunk(layout.get(), 2, chunk);
    const stx::hdf5::Handle x(
        H5Dcreate2(file.root().get(), "X", H5T_NATIVE_FLOAT, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT),
        H5Dclose);
    stx::h5ad::write_table(file.root(), "obs", {}, {0});
    stx::h5ad::write_table(file.root(), "var", {}, {0});
    file.commit();
  }
  const std::string message = golden::message([&] { stx::read_h5ad(path); });
  CHECK(message.starts_with("[" + path + ":/X] claims to hold 4.5036e+15 bytes, but its file has only "));
}
