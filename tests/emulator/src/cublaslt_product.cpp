// A product of cuBLASLt, computed in double by Eigen. Every element that it would touch must lie in
// device memory.
#include <Eigen/Core>
#include <bit>
#include <sstream>

#include "cublaslt.hpp"
#include "device.hpp"

namespace stx_emulator {
namespace {

std::size_t size_of(cudaDataType type) { return type == CUDA_R_64F ? 8 : 4; }

std::int64_t elements(const StxEmulatorMatrixLayout& layout) {
  const bool by_column = layout.order == CUBLASLT_ORDER_COL;
  const auto lines = static_cast<std::int64_t>(by_column ? layout.cols : layout.rows);
  const auto length = static_cast<std::int64_t>(by_column ? layout.rows : layout.cols);
  return (layout.batch_count - 1) * layout.batch_offset + (lines - 1) * layout.ld + length;
}

std::string find_bad_layout(const char* name, const StxEmulatorMatrixLayout& layout) {
  const auto length = layout.order == CUBLASLT_ORDER_COL ? layout.rows : layout.cols;
  if (layout.type != CUDA_R_32F && layout.type != CUDA_R_64F) return std::string(name) + ": type";
  if (layout.rows == 0 || layout.cols == 0) return std::string(name) + ": empty";
  if (layout.ld < static_cast<std::int64_t>(length)) return std::string(name) + ": leading dimension";
  return {};
}

std::string find_outside(const Product& p) {
  const auto is_outside = [&](const void* data, std::int64_t count) {
    const auto found = device().memory.find(data);
    return !found.allocation || found.allocation->place != Place::device ||
           !device().memory.is_inside(data, static_cast<std::size_t>(count) * size_of(p.d_layout.type));
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
  return Eigen::Map<Base, 0, Stride>(data + batch * layout.batch_offset, static_cast<Eigen::Index>(layout.rows),
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
      d.colwise() += Eigen::Map<const Bias>(static_cast<const T*>(p.desc.bias), d.rows()).template cast<double>();
    }
    if (p.desc.epilogue & CUBLASLT_EPILOGUE_RELU) d = d.cwiseMax(0.0);
    view(static_cast<T*>(p.d), p.d_layout, batch) = d.template cast<T>();
  }
}

}  // namespace

std::string find_mismatch(const StxEmulatorMatmulDesc& desc, const StxEmulatorMatrixLayout& a,
                          const StxEmulatorMatrixLayout& b, const StxEmulatorMatrixLayout& c,
                          const StxEmulatorMatrixLayout& d) {
  for (const auto& [name, layout] : {std::pair("A", &a), std::pair("B", &b), std::pair("C", &c), std::pair("D", &d)}) {
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
    text << "op(A) is " << m << " x " << k << ", op(B) " << b_k << " x " << n << ", C " << c.rows << " x " << c.cols
         << ", D " << d.rows << " x " << d.cols;
    return text.str();
  }
  return {};
}

cudaError_t execute(const Product& p) {
  const std::string outside = find_outside(p);
  if (!outside.empty()) {
    return fault(cudaErrorIllegalAddress, "cublasLtMatmul: " + outside);
  }
  ++device().counters.matmuls;
  p.d_layout.type == CUDA_R_64F ? compute<double>(p) : compute<float>(p);
  return cudaSuccess;
}

}  // namespace stx_emulator
