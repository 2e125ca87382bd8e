// What cuBLASLt needs for a matrix product, looked up once for each shape.
#pragma once

#include <compare>
#include <cstdint>
#include <map>

#include "stx/backend/cuda/handles.hpp"

namespace stx::cuda {

/// A column-major product c (m x n) = op(a) op(b), or several of one shape. Alignments are powers
/// of two in bytes, strides the values from one matrix of a batch to the next.
struct GemmKey {
  std::int64_t m, n, k, lda, ldb, ldc;
  bool transpose_a, transpose_b;
  std::uint32_t align_a, align_b, align_c;
  std::int32_t batch = 1;
  std::int64_t stride_a = 0, stride_b = 0, stride_c = 0;
  auto operator<=>(const GemmKey&) const = default;
};

struct GemmPlan {
  MatmulDesc operation;
  MatrixLayout a, b, c;
  cublasLtMatmulAlgo_t algorithm;
};

/// Plans by shape: the first use of a shape asks cuBLASLt's heuristic, later ones find the answer.
class GemmPlans {
 public:
  GemmPlans(bool tf32, std::size_t workspace_bytes) : tf32_(tf32), workspace_bytes_(workspace_bytes) {}

  const GemmPlan& find(cublasLtHandle_t handle, const GemmKey& key) {
    const auto found = plans_.find(key);
    if (found != plans_.end()) return found->second;
    return plans_.emplace(key, make(handle, key)).first->second;
  }

 private:
  static MatrixLayout layout(std::int64_t rows, std::int64_t cols, std::int64_t ld, std::int32_t batch,
                             std::int64_t stride) {
    cublasLtMatrixLayout_t raw = nullptr;
    check(cublasLtMatrixLayoutCreate(&raw, CUDA_R_32F, static_cast<std::uint64_t>(rows),
                                     static_cast<std::uint64_t>(cols), ld),
          "cublasLtMatrixLayoutCreate");
    MatrixLayout layout(raw);
    if (batch == 1) return layout;
    check(cublasLtMatrixLayoutSetAttribute(raw, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch, sizeof batch),
          "cublasLtMatrixLayoutSetAttribute");
    check(cublasLtMatrixLayoutSetAttribute(raw, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof stride),
          "cublasLtMatrixLayoutSetAttribute");
    return layout;
  }

  template <class V>
  static void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute, V value) {
    check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value),
          "cublasLtMatmulPreferenceSetAttribute");
  }

  GemmPlan make(cublasLtHandle_t handle, const GemmKey& key) const {
    GemmPlan plan{};
    cublasLtMatmulDesc_t operation = nullptr;
    check(cublasLtMatmulDescCreate(&operation, tf32_ ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F),
          "cublasLtMatmulDescCreate");
    plan.operation.reset(operation);
    const cublasOperation_t op_a = key.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t op_b = key.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
    check(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &op_a, sizeof op_a),
          "cublasLtMatmulDescSetAttribute");
    check(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSB, &op_b, sizeof op_b),
          "cublasLtMatmulDescSetAttribute");
    plan.a = key.transpose_a ? layout(key.k, key.m, key.lda, key.batch, key.stride_a)
                             : layout(key.m, key.k, key.lda, key.batch, key.stride_a);
    plan.b = key.transpose_b ? layout(key.n, key.k, key.ldb, key.batch, key.stride_b)
                             : layout(key.k, key.n, key.ldb, key.batch, key.stride_b);
    plan.c = layout(key.m, key.n, key.ldc, key.batch, key.stride_c);

    cublasLtMatmulPreference_t raw = nullptr;
    check(cublasLtMatmulPreferenceCreate(&raw), "cublasLtMatmulPreferenceCreate");
    const MatmulPreference preference(raw);
    set(raw, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace_bytes_);
    // Split products are summed through the workspace in a fixed order: the same bits in every run.
    set(raw, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
        static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    set(raw, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.align_a);
    set(raw, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.align_b);
    set(raw, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.align_c);
    set(raw, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.align_c);

    cublasLtMatmulHeuristicResult_t result{};
    int found = 0;
    check(cublasLtMatmulAlgoGetHeuristic(handle, operation, plan.a.get(), plan.b.get(), plan.c.get(), plan.c.get(), raw,
                                         1, &result, &found),
          "cublasLtMatmulAlgoGetHeuristic");
    require<DeviceError>(found > 0, "gemm", "cuBLASLt knows no algorithm for m = ", key.m, ", n = ", key.n,
                         ", k = ", key.k, ", batch = ", key.batch);
    plan.algorithm = result.algo;
    return plan;
  }

  bool tf32_;
  std::size_t workspace_bytes_;
  std::map<GemmKey, GemmPlan> plans_;
};

}  // namespace stx::cuda
