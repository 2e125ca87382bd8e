// Pointers to a graph in device memory.
#pragma once

#include <cstdint>

namespace stx {

/// What kernels see of a DeviceGraph, which explains the members.
struct GraphView {
  const std::int64_t* indptr = nullptr;
  const std::int32_t* indices = nullptr;
  const std::int64_t* out_indptr = nullptr;
  const std::int32_t* out_indices = nullptr;
  const std::int32_t* out_edges = nullptr;
  std::int64_t n_nodes = 0, n_edges = 0;
};

}  // namespace stx
