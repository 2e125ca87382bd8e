#include "stx/io/tenx_h5.hpp"

#include <doctest/doctest.h>

#include "io/golden.hpp"
#include "stx/io/h5ad_write.hpp"
#include "stx/io/read_any.hpp"

using Strings = std::vector<std::string>;

TEST_CASE("10x files of versions 3 and 2 become cells x genes") {
  for (const char* name : {"tenx_v3.h5", "tenx_v2.h5"}) {
    const stx::AnnData a = stx::read_any(golden::path(name));
    CHECK(golden::is_golden(*a.x));
    CHECK(a.obs.index == golden::cells());
    CHECK(a.var.index == Strings{"Gad1", "Slc17a7", "Pvalb", "Sst", "Name", "Vip"});
    CHECK(std::get<Strings>(a.var.find("gene_ids")->values)[1] == "ENSMUSG00001");
  }
  const stx::AnnData v3 = stx::read_tenx_h5(golden::path("tenx_v3.h5"));
  CHECK(std::get<Strings>(v3.var.find("feature_types")->values)[0] == "Gene Expression");
}

TEST_CASE("other HDF5 files are not taken for 10x files") {
  CHECK_THROWS_WITH_AS(stx::read_tenx_h5(golden::path("no_x.h5ad")),
                       ("[" + golden::path("no_x.h5ad") + "] is not a 10x file: it has no group 'matrix'").c_str(),
                       stx::DataError);
  const golden::Folder folder;
  {
    stx::hdf5::OutputFile file(folder / "two.h5", false);
    for (const char* genome : {"hg38", "mm10"}) {
      const auto group = stx::hdf5::create_group(file.root(), genome, "", "");
      for (const char* name : {"barcodes", "gene_names"}) stx::hdf5::write_strings(group, name, Strings{"a"}, {1});
    }
    file.commit();
  }
  CHECK_THROWS_WITH_AS(
      stx::read_any(folder / "two.h5"),
      ("[" + (folder / "two.h5") + "] holds several genomes (hg38, mm10); split it into one file for each").c_str(),
      stx::DataError);
}
