// cuBLASLt's matrix product, computed in double by Eigen. Every element that the call would touch
// must lie in device memory, and every pointer must have the alignment promised to the heuristic.
#include <cublasLt.h>

#include <Eigen/Core>
#include <array>
#include <bit>
#include <cstring>
#include <sstream>
#include <string>

#include "device.hpp"

using stx_emulator::device;

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

std::size_t size_of(cudaDataType type) { return type == CUDA_R_64F ? 8 : 4; }

std::int64_t elements(const StxEmulatorMatrixLayout& layout) {
  const bool by_column = layout.order == CUBLASLT_ORDER_COL;
  const auto lines = static_cast<std::int64_t>(by_column ? layout.cols : layout.rows);
  const auto length = static_cast<std::int64_t>(by_column ? layout.rows : layout.cols);
  return (layout.batch_count - 1) * layout.batch_offset + (lines - 1) * layout.ld + length;
}

/// All that one product needs, copied at the call: a captured one is run later.
struct Product {
  StxEmulatorMatmulDesc desc;
  StxEmulatorMatrixLayout a_layout, b_layout, c_layout, d_layout;
  const void *a, *b, *c;
  void* d;
  double alpha, beta;
};

std::string find_bad_layout(const char* name, const StxEmulatorMatrixLayout& layout) {
  const auto length = layout.order == CUBLASLT_ORDER_COL ? layout.rows : layout.cols;
  if (layout.type != CUDA_R_32F && layout.type != CUDA_R_64F) return std::string(name) + ": type";
  if (layout.rows == 0 || layout.cols == 0) return std::string(name) + ": empty";
  if (layout.ld < static_cast<std::int64_t>(length))
    return std::string(name) + ": leading dimension";
  return {};
}

std::string find_mismatch(const StxEmulatorMatmulDesc& desc, const StxEmulatorMatrixLayout& a,
                          const StxEmulatorMatrixLayout& b, const StxEmulatorMatrixLayout& c,
                          const StxEmulatorMatrixLayout& d) {
  for (const auto& [name, layout] :
       {std::pair("A", &a), std::pair("B", &b), std::pair("C", &c), std::pair("D", &d)}) {
    const std::string wrong = find_bad_layout(name, *layout);
    if (!wrong.empty()) return wrong;
    if (layout->type != d.type || layout->batch_count != d.batch_count) {
      return std::string(name) + ": type or batch count differs from D's";
    }
  }
  const bool a_flipped = desc.op_a == CUBLAS_OP_T, b_flipped = desc.op_b == CUBLAS_OP_T;
  const auto m = a_flipped ? a.cols : a.rows, k = a_flipped ? a.rows : a.cols;
  const auto b_k = b_flipped ? b.cols : b.rows, n = b_flipped ? b.rows : b.cols;
  if (b_k != k || d.rows != m || d.cols != n || c.rows != m || c.cols != n) {
    std::ostringstream text;
    text << "op(A) is " << m << " x " << k << ", op(B) " << b_k << " x " << n << ", C " << c.rows
         << " x " << c.cols << ", D " << d.rows << " x " << d.cols;
    return text.str();
  }
  return {};
}

std::string find_outside(const Product& p) {
  const auto is_outside = [&](const void* data, std::int64_t count) {
    const auto found = device().memory.find(data);
    return !found.allocation || found.allocation->place != stx_emulator::Place::device ||
           !device().memory.is_inside(data,
                                      static_cast<std::size_t>(count) * size_of(p.d_layout.type));
  };
  if (is_outside(p.a, elements(p.a_layout))) return "A does not lie in one device allocation";
  if (is_outside(p.b, elements(p.b_layout))) return "B does not lie in one device allocation";
  if (p.beta != 0.0 && is_outside(p.c, elements(p.c_layout))) {
    return "C does not lie in one device allocation";
  }
  if (is_outside(p.d, elements(p.d_layout))) return "D does not lie in one device allocation";
  if ((p.desc.epilogue & CUBLASLT_EPILOGUE_BIAS) &&
      is_outside(p.desc.bias, static_cast<std::int64_t>(p.d_layout.rows))) {
    return "the bias does not lie in one device allocation";
  }
  return {};
}

// Ten bits of mantissa, rounded to nearest.
double to_tf32(double value) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return value - value == 0.0 ? std::bit_cast<float>((bits + 0x1000u) & 0xffffe000u) : value;
}

template <class T>
auto view(T* data, const StxEmulatorMatrixLayout& layout, int batch) {
  using Plain = Eigen::Matrix<std::remove_const_t<T>, -1, -1>;
  using Base = std::conditional_t<std::is_const_v<T>, const Plain, Plain>;
  using Stride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  const bool by_column = layout.order == CUBLASLT_ORDER_COL;
  return Eigen::Map<Base, 0, Stride>(data + batch * layout.batch_offset,
                                     static_cast<Eigen::Index>(layout.rows),
                                     static_cast<Eigen::Index>(layout.cols),
                                     Stride(by_column ? layout.ld : 1, by_column ? 1 : layout.ld));
}

template <class T>
void compute(const Product& p) {
  for (int batch = 0; batch < p.d_layout.batch_count; ++batch) {
    Eigen::MatrixXd a = view(static_cast<const T*>(p.a), p.a_layout, batch).template cast<double>();
    Eigen::MatrixXd b = view(static_cast<const T*>(p.b), p.b_layout, batch).template cast<double>();
    if (p.desc.op_a == CUBLAS_OP_T) a = a.transpose().eval();
    if (p.desc.op_b == CUBLAS_OP_T) b = b.transpose().eval();
    if (p.desc.compute == CUBLAS_COMPUTE_32F_FAST_TF32) {
      a = a.unaryExpr(&to_tf32);
      b = b.unaryExpr(&to_tf32);
    }
    Eigen::MatrixXd d = p.alpha * (a * b);
    if (p.beta != 0.0) {  // else C is not read at all
      d += p.beta * view(static_cast<const T*>(p.c), p.c_layout, batch).template cast<double>();
    }
    if (p.desc.epilogue & CUBLASLT_EPILOGUE_BIAS) {
      using Bias = Eigen::Matrix<T, -1, 1>;
      d.colwise() += Eigen::Map<const Bias>(static_cast<const T*>(p.desc.bias), d.rows())
                         .template cast<double>();
    }
    if (p.desc.epilogue & CUBLASLT_EPILOGUE_RELU) d = d.cwiseMax(0.0);
    view(static_cast<T*>(p.d), p.d_layout, batch) = d.template cast<T>();
  }
}

cudaError_t execute(const Product& p) {
  const std::string outside = find_outside(p);
  if (!outside.empty()) {
    return stx_emulator::fault(cudaErrorIllegalAddress, "cublasLtMatmul: " + outside);
  }
  ++device().counters.matmuls;
  p.d_layout.type == CUDA_R_64F ? compute<double>(p) : compute<float>(p);
  return cudaSuccess;
}

double scalar(const void* value, cudaDataType_t type) {
  return type == CUDA_R_64F ? *static_cast<const double*>(value)
                            : *static_cast<const float*>(value);
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

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* desc,
                                        cublasComputeType_t compute_type, cudaDataType_t scale) {
  return create(desc, compute_type, scale);
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) { return destroy(desc); }

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                              cublasLtMatmulDescAttributes_t attribute,
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

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type,
                                          std::uint64_t rows, std::uint64_t cols, std::int64_t ld) {
  return create(layout, type, rows, cols, ld);
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  return destroy(layout);
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute,
                                                const void* value, std::size_t bytes) {
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

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  return create(preference);
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return destroy(preference);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, std::size_t bytes) {
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

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t desc,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int requested,
                                              cublasLtMatmulHeuristicResult_t results[],
                                              int* found) {
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

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t* algo,
                              void* workspace, std::size_t workspace_bytes, cudaStream_t stream) {
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
      return refuse(CUBLAS_STATUS_NOT_SUPPORTED,
                    "a matrix is aligned less than the heuristic was told");
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
