// The API of cuBLASLt: handles, attributes, and the checks of a call. Every pointer must have the
// alignment promised to the heuristic.
#include <cstring>
#include <string>

#include "cublaslt.hpp"
#include "device.hpp"

using stx_emulator::device;
using stx_emulator::find_mismatch;
using stx_emulator::Product;

namespace {

cublasStatus_t refuse(cublasStatus_t status, const std::string& why) {
  device().report = "[stx_emulator] cublasLt: " + why;
  return status;
}

template <class T, class... Values>
cublasStatus_t create(T** handle, Values... values) {
  const std::lock_guard lock(device().mutex);
  *handle = new T{values...};
  ++device().objects.cublas_objects;
  return CUBLAS_STATUS_SUCCESS;
}

template <class T>
cublasStatus_t destroy(T* handle) {
  const std::lock_guard lock(device().mutex);
  if (!handle) return refuse(CUBLAS_STATUS_INVALID_VALUE, "a null handle was destroyed");
  delete handle;
  --device().objects.cublas_objects;
  return CUBLAS_STATUS_SUCCESS;
}

template <class Field>
cublasStatus_t assign(Field& field, const void* value, std::size_t bytes) {
  if (bytes != sizeof field) {
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "an attribute came with a wrong size");
  }
  std::memcpy(&field, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

double scalar(const void* value, cudaDataType_t type) {
  return type == CUDA_R_64F ? *static_cast<const double*>(value) : *static_cast<const float*>(value);
}

}  // namespace

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) { return create(handle); }
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) { return destroy(handle); }

const char* cublasLtGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
    default:
      return "unknown cublasStatus_t";
  }
}

const char* cublasLtGetStatusString(cublasStatus_t status) {
  thread_local std::string text;
  text = cublasLtGetStatusName(status);
  if (status != CUBLAS_STATUS_SUCCESS) text += ": " + device().report;
  return text.c_str();
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t compute_type,
                                        cudaDataType_t scale) {
  return create(desc, compute_type, scale);
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) { return destroy(desc); }

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, std::size_t bytes) {
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_COMPUTE_TYPE:
      return assign(desc->compute, value, bytes);
    case CUBLASLT_MATMUL_DESC_SCALE_TYPE:
      return assign(desc->scale, value, bytes);
    case CUBLASLT_MATMUL_DESC_POINTER_MODE:
      return assign(desc->pointer_mode, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return assign(desc->op_a, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return assign(desc->op_b, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return assign(desc->epilogue, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return assign(desc->bias, value, bytes);
  }
  return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "unknown attribute of a product");
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type, std::uint64_t rows,
                                          std::uint64_t cols, std::int64_t ld) {
  return create(layout, type, rows, cols, ld);
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) { return destroy(layout); }

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute, const void* value,
                                                std::size_t bytes) {
  switch (attribute) {
    case CUBLASLT_MATRIX_LAYOUT_TYPE:
      return assign(layout->type, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_ORDER:
      return assign(layout->order, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_ROWS:
      return assign(layout->rows, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_COLS:
      return assign(layout->cols, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_LD:
      return assign(layout->ld, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT:
      return assign(layout->batch_count, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET:
      return assign(layout->batch_offset, value, bytes);
  }
  return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "unknown attribute of a layout");
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) { return create(preference); }
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) { return destroy(preference); }

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute, const void* value,
                                                    std::size_t bytes) {
  std::uint32_t ignored = 0;  // which algorithms may be chosen: there is one
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
      return assign(preference->workspace_bytes, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
      return assign(preference->alignments[0], value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
      return assign(preference->alignments[1], value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
      return assign(preference->alignments[2], value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
      return assign(preference->alignments[3], value, bytes);
    case CUBLASLT_MATMUL_PREF_SEARCH_MODE:
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
      return assign(ignored, value, bytes);
  }
  return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "unknown preference");
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a,
                                              cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                                              cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference,
                                              int requested, cublasLtMatmulHeuristicResult_t results[], int* found) {
  *found = 0;
  if (requested < 1) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no algorithm was asked for");
  const std::string wrong = find_mismatch(*desc, *a, *b, *c, *d);
  if (!wrong.empty()) return refuse(CUBLAS_STATUS_INVALID_VALUE, wrong);
  *found = 1;
  results[0] = {};
  for (std::size_t at = 0; at < 4; ++at) results[0].algo.data[at] = preference->alignments[at];
  results[0].state = CUBLAS_STATUS_SUCCESS;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void* alpha, const void* a,
                              cublasLtMatrixLayout_t a_layout, const void* b, cublasLtMatrixLayout_t b_layout,
                              const void* beta, const void* c, cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t* algo, void* workspace,
                              std::size_t workspace_bytes, cudaStream_t stream) {
  const std::lock_guard lock(device().mutex);
  if (!handle) return refuse(CUBLAS_STATUS_NOT_INITIALIZED, "no handle");
  const std::string wrong = find_mismatch(*desc, *a_layout, *b_layout, *c_layout, *d_layout);
  if (!wrong.empty()) return refuse(CUBLAS_STATUS_INVALID_VALUE, wrong);
  if (desc->pointer_mode != CUBLASLT_POINTER_MODE_HOST) {
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "alpha and beta must be in host memory");
  }
  if (desc->epilogue & ~CUBLASLT_EPILOGUE_RELU_BIAS & ~CUBLASLT_EPILOGUE_DEFAULT) {
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "this epilogue is not emulated");
  }
  const void* const pointers[] = {a, b, c, d};
  for (std::size_t at = 0; algo && at < 4; ++at) {
    if (reinterpret_cast<std::uintptr_t>(pointers[at]) % algo->data[at]) {
      return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "a matrix is aligned less than the heuristic was told");
    }
  }
  const Product product{*desc,
                        *a_layout,
                        *b_layout,
                        *c_layout,
                        *d_layout,
                        a,
                        b,
                        c,
                        d,
                        scalar(alpha, desc->scale),
                        scalar(beta, desc->scale)};
  const cudaError_t error = stx_emulator::Call()([&]() -> cudaError_t {
    if (workspace_bytes && !device().memory.is_inside(workspace, workspace_bytes)) {
      return stx_emulator::refuse(cudaErrorInvalidValue, "cublasLtMatmul: bad workspace");
    }
    return stx_emulator::enqueue(stream, [product] { return execute(product); });
  });
  return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}
