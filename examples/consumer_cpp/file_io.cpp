// Writes an AnnData file and reads it back.
#include <stx/io/h5ad_read.hpp>
#include <stx/io/h5ad_write.hpp>

#include <cstdio>

int main() {
  stx::AnnData data;
  stx::CsrMatrix<float> counts;  // 2 spots x 3 genes
  counts.rows = 2;
  counts.cols = 3;
  counts.indptr = {0, 2, 3};
  counts.indices = {0, 2, 1};
  counts.values = {4, 1, 7};
  data.x = counts;
  data.obs.index = {"spot0", "spot1"};
  data.var.index = {"Gad1", "Sst", "Vip"};
  stx::write_h5ad("counts.h5ad", data, {.overwrite = true});
  const stx::AnnData read = stx::read_h5ad("counts.h5ad");
  std::printf("%s\n", read.var.index.back().c_str());  // Vip
}
