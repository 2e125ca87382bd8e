// cuSPARSE's product of a sparse and a dense matrix, to be measured beside stx's: the library itself does without.
#pragma once

#include <cusparse.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stx/backend/csr_matmul.hpp"
#include "stx/core/transfer.hpp"
#include "stx/cuda.hpp"
#include "stx/data/matrix.hpp"

namespace stx::bench {

inline void check(cusparseStatus_t status, const char* call) {
  if (status != CUSPARSE_STATUS_SUCCESS) fail<DeviceError>(call, cusparseGetErrorString(status));
}

/// y = A x by cusparseSpMM on the stream of a context, all row-major, 32-bit offsets. What the library prepares for a
/// matrix is prepared once, before the first product.
class CusparseProduct {
 public:
  CusparseProduct(Context<Cuda>& ctx, const CsrMatmul<float>& p, const std::vector<std::int64_t>& indptr,
                  std::int64_t cols, cusparseSpMMAlg_t algorithm)
      : algorithm_(algorithm) {
    const std::vector<std::int32_t> offsets(indptr.begin(), indptr.end());
    const auto on_device = to_device(ctx, offsets, Shape{static_cast<std::int64_t>(offsets.size())});
    check(cusparseCreate(&handle_), "cusparseCreate");
    check(cusparseSetStream(handle_, ctx.stream()), "cusparseSetStream");
    check(cusparseCreateCsr(&a_, p.rows, cols, indptr.back(), on_device.data, const_cast<std::int32_t*>(p.indices),
                            const_cast<float*>(p.values), CUSPARSE_INDEX_32I, CUSPARSE_INDEX_32I,
                            CUSPARSE_INDEX_BASE_ZERO, CUDA_R_32F),
          "cusparseCreateCsr");
    check(cusparseCreateDnMat(&x_, cols, p.width, p.width, const_cast<float*>(p.x), CUDA_R_32F, CUSPARSE_ORDER_ROW),
          "cusparseCreateDnMat");
    check(cusparseCreateDnMat(&y_, p.rows, p.width, p.width, p.y, CUDA_R_32F, CUSPARSE_ORDER_ROW),
          "cusparseCreateDnMat");
    std::size_t bytes = 0;
    check(cusparseSpMM_bufferSize(handle_, none, none, &one_, a_, x_, &zero_, y_, CUDA_R_32F, algorithm_, &bytes),
          "cusparseSpMM_bufferSize");
    buffer_ = ctx.make_persistent<char>(Shape{static_cast<std::int64_t>(bytes)});
    check(cusparseSpMM_preprocess(handle_, none, none, &one_, a_, x_, &zero_, y_, CUDA_R_32F, algorithm_, buffer_.data),
          "cusparseSpMM_preprocess");
  }
  ~CusparseProduct() {
    cusparseDestroyDnMat(y_);
    cusparseDestroyDnMat(x_);
    cusparseDestroySpMat(a_);
    cusparseDestroy(handle_);
  }
  CusparseProduct(const CusparseProduct&) = delete;
  CusparseProduct& operator=(const CusparseProduct&) = delete;

  void run() {
    check(cusparseSpMM(handle_, none, none, &one_, a_, x_, &zero_, y_, CUDA_R_32F, algorithm_, buffer_.data),
          "cusparseSpMM");
  }

 private:
  static constexpr cusparseOperation_t none = CUSPARSE_OPERATION_NON_TRANSPOSE;
  const float one_ = 1, zero_ = 0;
  cusparseSpMMAlg_t algorithm_;
  cusparseHandle_t handle_ = nullptr;
  cusparseSpMatDescr_t a_ = nullptr;
  cusparseDnMatDescr_t x_ = nullptr, y_ = nullptr;
  Tensor<char, Cuda> buffer_;
};

/// Calls add(name, make) for the algorithm that cuSPARSE recommends for row-major matrices, and for its
/// deterministic one; make(ctx, product, indptr, cols) returns the run of a case.
template <class AddProduct>
void with_library_spmm(AddProduct&& add) {
  const auto with = [&](const std::string& name, cusparseSpMMAlg_t algorithm) {
    add(name, [algorithm](Context<Cuda>& ctx, const CsrMatmul<float>& product, const std::vector<std::int64_t>& indptr,
                          std::int64_t cols) {
      const auto library = std::make_shared<CusparseProduct>(ctx, product, indptr, cols, algorithm);
      return std::function<void()>([library] { library->run(); });
    });
  };
  with("cusparse_alg2", CUSPARSE_SPMM_CSR_ALG2);
  with("cusparse_alg3", CUSPARSE_SPMM_CSR_ALG3);
}

}  // namespace stx::bench
