// What stands behind the handles of cuBLASLt, and one product.
#pragma once

#include <cublasLt.h>

#include <array>
#include <cstdint>
#include <string>

struct cublasLtContext {};

struct StxEmulatorMatmulDesc {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  cublasLtPointerMode_t pointer_mode = CUBLASLT_POINTER_MODE_HOST;
  cublasOperation_t op_a = CUBLAS_OP_N, op_b = CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;
};

struct StxEmulatorMatrixLayout {
  cudaDataType type;
  std::uint64_t rows, cols;
  std::int64_t ld;
  cublasLtOrder_t order = CUBLASLT_ORDER_COL;
  std::int32_t batch_count = 1;
  std::int64_t batch_offset = 0;
};

struct StxEmulatorMatmulPreference {
  std::uint64_t workspace_bytes = 0;
  std::array<std::uint32_t, 4> alignments{256, 256, 256, 256};  // of A, B, C, D
};

namespace stx_emulator {

/// All that one product needs, copied at the call: a captured one is run later.
struct Product {
  StxEmulatorMatmulDesc desc;
  StxEmulatorMatrixLayout a_layout, b_layout, c_layout, d_layout;
  const void *a, *b, *c;
  void* d;
  double alpha, beta;
};

/// Why these cannot be multiplied; empty if they can.
std::string find_mismatch(const StxEmulatorMatmulDesc& desc, const StxEmulatorMatrixLayout& a,
                          const StxEmulatorMatrixLayout& b, const StxEmulatorMatrixLayout& c,
                          const StxEmulatorMatrixLayout& d);

/// Multiplies, or reports a fault.
cudaError_t execute(const Product& p);

}  // namespace stx_emulator
