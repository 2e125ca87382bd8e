// Sparse times dense: the contract of both backends.
#pragma once

#include "stx/autograd/grad_write.hpp"
#include "stx/core/context.hpp"

namespace stx {

/// y_i (+)= sum over the entries e of row i of values[order[e]] * x_{indices[e]}.
template <class T>
struct CsrMatmul {
  const std::int64_t* indptr = nullptr;   ///< rows + 1
  const std::int32_t* indices = nullptr;  ///< nnz: row of x
  const std::int32_t* order = nullptr;    ///< nnz: place of the entry's value; null: its own number
  const T* values = nullptr;              ///< nnz
  const T* x = nullptr;                   ///< any number of rows x width
  T* y = nullptr;                         ///< rows x width
  std::int64_t rows = 0, width = 0;
  GradWrite write = GradWrite::overwrite;
};

/// grad_values[e] (+)= grad_y_i . x_{indices[e]} for every entry e of row i.
template <class T>
struct CsrMatmulValues {
  const std::int64_t* indptr = nullptr;
  const std::int32_t* indices = nullptr;
  const T* grad_y = nullptr;  ///< rows x width
  const T* x = nullptr;       ///< any number of rows x width
  T* grad_values = nullptr;   ///< nnz
  std::int64_t rows = 0, width = 0;
  GradWrite write = GradWrite::overwrite;
};

template <class T>
void csr_matmul(Context<Cpu>& ctx, const CsrMatmul<T>& args);
template <class T>
void csr_matmul(Context<Cuda>& ctx, const CsrMatmul<T>& args);
template <class T>
void csr_matmul_values(Context<Cpu>& ctx, const CsrMatmulValues<T>& args);
template <class T>
void csr_matmul_values(Context<Cuda>& ctx, const CsrMatmulValues<T>& args);

}  // namespace stx
