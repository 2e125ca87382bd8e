// The emulated cuBLASLt product against three plain loops.
#include <cublasLt.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "support.hpp"

using namespace emulator_test;

namespace {

struct Case {
  int m = 5, n = 7, k = 3, batch = 1;
  bool transpose_a = false, transpose_b = false, row_order = false, bias = false, relu = false;
  float alpha = 1.0f, beta = 0.0f;
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
};

/// Sets up, runs and takes down one product; `leading` is added to every leading dimension.
class Product {
 public:
  explicit Product(const Case& c, int leading = 2)
      : c_(c), leading_(leading), a_(fill(c.transpose_a ? c.k : c.m, c.transpose_a ? c.m : c.k, 1)),
        b_(fill(c.transpose_b ? c.n : c.k, c.transpose_b ? c.k : c.n, 2)), d_(fill(c.m, c.n, 3)),
        bias_(std::vector<float>{1, -2, 3, -4, 5, -6, 7, -8, 9}), device_a_(a_), device_b_(b_), device_d_(d_),
        device_bias_(bias_) {
    cublasLtCreate(&handle_);
    cublasLtMatmulDescCreate(&desc_, c.compute, CUDA_R_32F);
    const cublasOperation_t op_a = c.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t op_b = c.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
    const auto epilogue =
        static_cast<cublasLtEpilogue_t>((c.bias ? 4 : 0) | (c.relu ? 2 : 0) | (c.bias || c.relu ? 0 : 1));
    const void* bias = device_bias_.data();
    cublasLtMatmulDescSetAttribute(desc_, CUBLASLT_MATMUL_DESC_TRANSA, &op_a, sizeof op_a);
    cublasLtMatmulDescSetAttribute(desc_, CUBLASLT_MATMUL_DESC_TRANSB, &op_b, sizeof op_b);
    cublasLtMatmulDescSetAttribute(desc_, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue);
    cublasLtMatmulDescSetAttribute(desc_, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias);
    layout_a_ = layout(c.transpose_a ? c.k : c.m, c.transpose_a ? c.m : c.k);
    layout_b_ = layout(c.transpose_b ? c.n : c.k, c.transpose_b ? c.k : c.n);
    layout_d_ = layout(c.m, c.n);
  }
  ~Product() {
    for (const auto it : {layout_a_, layout_b_, layout_d_}) cublasLtMatrixLayoutDestroy(it);
    cublasLtMatmulDescDestroy(desc_);
    cublasLtDestroy(handle_);
  }
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  cublasStatus_t run(cudaStream_t stream = nullptr, std::ptrdiff_t shift_b = 0) {
    return cublasLtMatmul(handle_, desc_, &c_.alpha, device_a_.data(), layout_a_, device_b_.data() + shift_b, layout_b_,
                          &c_.beta, device_d_.data(), layout_d_, device_d_.data(), layout_d_, nullptr, nullptr, 0,
                          stream);
  }

  double error() const {  // largest, against loops; NaN counts as infinite
    const auto got = device_d_.values();
    double largest = 0.0;
    for (int batch = 0; batch < c_.batch; ++batch) {
      for (int row = 0; row < c_.m; ++row) {
        for (int col = 0; col < c_.n; ++col) {
          double sum = 0.0;
          for (int at = 0; at < c_.k; ++at) {
            const float a =
                c_.transpose_a ? element(a_, c_.k, c_.m, at, row, batch) : element(a_, c_.m, c_.k, row, at, batch);
            const float b =
                c_.transpose_b ? element(b_, c_.n, c_.k, col, at, batch) : element(b_, c_.k, c_.n, at, col, batch);
            sum += static_cast<double>(a) * b;
          }
          sum *= c_.alpha;
          if (c_.beta != 0.0f) sum += c_.beta * element(d_, c_.m, c_.n, row, col, batch);
          if (c_.bias) sum += bias_[row];
          if (c_.relu && sum < 0.0) sum = 0.0;
          const double off = std::abs(element(got, c_.m, c_.n, row, col, batch) - sum);
          if (!(off <= largest)) largest = off == off ? off : std::numeric_limits<double>::infinity();
        }
      }
    }
    return largest;
  }
  int touched_padding() const {
    const auto got = device_d_.values();
    int touched = 0;
    for (std::size_t at = 0; at < got.size(); ++at) {
      touched += got[at] != d_[at] && d_[at] == padding;
    }
    return touched;
  }

 private:
  static constexpr float padding = 12345.0f;
  int lines(int rows, int cols) const { return c_.row_order ? rows : cols; }
  int ld(int rows, int cols) const { return (c_.row_order ? cols : rows) + leading_; }
  std::size_t index(int rows, int cols, int row, int col, int batch) const {
    const int line = c_.row_order ? row : col, at = c_.row_order ? col : row;
    return static_cast<std::size_t>((batch * lines(rows, cols) + line) * ld(rows, cols) + at);
  }
  float element(const std::vector<float>& x, int rows, int cols, int row, int col, int batch) const {
    return x[index(rows, cols, row, col, batch)];
  }
  std::vector<float> fill(int rows, int cols, unsigned seed) const {
    std::vector<float> x(static_cast<std::size_t>(c_.batch * lines(rows, cols) * ld(rows, cols)), padding);
    for (int batch = 0; batch < c_.batch; ++batch) {
      for (int row = 0; row < rows; ++row) {
        for (int col = 0; col < cols; ++col) {
          seed = seed * 1664525u + 1013904223u;
          x[index(rows, cols, row, col, batch)] = static_cast<float>(seed >> 8) / 8388608.0f - 1.0f;
        }
      }
    }
    return x;
  }
  cublasLtMatrixLayout_t layout(int rows, int cols) const {
    cublasLtMatrixLayout_t it = nullptr;
    const cublasLtOrder_t order = c_.row_order ? CUBLASLT_ORDER_ROW : CUBLASLT_ORDER_COL;
    const std::int32_t batch = c_.batch;
    const std::int64_t offset = lines(rows, cols) * ld(rows, cols);
    cublasLtMatrixLayoutCreate(&it, CUDA_R_32F, rows, cols, ld(rows, cols));
    cublasLtMatrixLayoutSetAttribute(it, CUBLASLT_MATRIX_LAYOUT_ORDER, &order, sizeof order);
    cublasLtMatrixLayoutSetAttribute(it, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch, sizeof batch);
    cublasLtMatrixLayoutSetAttribute(it, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &offset, sizeof offset);
    return it;
  }

  Case c_;
  int leading_;
  std::vector<float> a_, b_, d_, bias_;
  DeviceArray<float> device_a_, device_b_, device_d_, device_bias_;
  cublasLtHandle_t handle_ = nullptr;
  cublasLtMatmulDesc_t desc_ = nullptr;
  cublasLtMatrixLayout_t layout_a_ = nullptr, layout_b_ = nullptr, layout_d_ = nullptr;
};

}  // namespace

TEST_CASE("products in every layout agree with loops and leave the padding alone") {
  const Fresh fresh;
  for (int bits = 0; bits < 32; ++bits) {
    CAPTURE(bits);
    Case c;
    c.transpose_a = bits & 1;
    c.transpose_b = bits & 2;
    c.row_order = bits & 4;
    c.bias = bits & 8;
    c.relu = bits & 8;
    c.beta = bits & 16 ? -0.5f : 0.0f;
    c.alpha = bits & 16 ? 2.0f : 1.0f;
    c.batch = bits & 16 ? 3 : 1;
    Product product(c);
    REQUIRE(product.run() == CUBLAS_STATUS_SUCCESS);
    CHECK(product.error() <= 1e-6);
    CHECK(product.touched_padding() == 0);
  }
}

TEST_CASE("TF32 keeps ten bits of the factors") {
  const Fresh fresh;
  Case c;
  c.k = 64;
  c.compute = CUBLAS_COMPUTE_32F_FAST_TF32;
  Product product(c);
  REQUIRE(product.run() == CUBLAS_STATUS_SUCCESS);
  CHECK(product.error() > 1e-5);
  CHECK(product.error() <= 64 * 2.0 / 2048);
}

TEST_CASE("a captured product runs when replayed") {
  const Fresh fresh;
  cudaStream_t stream = nullptr;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  Product product(Case{});
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  CHECK(product.run(stream) == CUBLAS_STATUS_SUCCESS);
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  CHECK(!(product.error() <= 1e-6));
  REQUIRE(cudaGraphInstantiate(&exec, graph, 0) == cudaSuccess);
  CHECK(cudaGraphLaunch(exec, stream) == cudaSuccess);
  CHECK(product.error() <= 1e-6);
  CHECK(cudaGraphExecDestroy(exec) == cudaSuccess);
  CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  CHECK(cudaStreamDestroy(stream) == cudaSuccess);
}

TEST_CASE("operands outside of device memory are refused") {
  const Fresh fresh;
  Product product(Case{});
  CHECK(product.run(nullptr, 3) == CUBLAS_STATUS_EXECUTION_FAILED);
  CHECK(contains(cublasLtGetStatusString(CUBLAS_STATUS_EXECUTION_FAILED), "B does not lie in one device allocation"));
}

TEST_CASE("shapes that do not fit, and less alignment than promised, are refused") {
  const Fresh fresh;
  const DeviceArray<float> x(std::vector<float>(64, 1.0f));
  cublasLtHandle_t handle = nullptr;
  cublasLtMatmulDesc_t desc = nullptr;
  cublasLtMatrixLayout_t square = nullptr, tall = nullptr;
  cublasLtMatmulPreference_t preference = nullptr;
  cublasLtCreate(&handle);
  cublasLtMatmulDescCreate(&desc, CUBLAS_COMPUTE_32F, CUDA_R_32F);
  cublasLtMatrixLayoutCreate(&square, CUDA_R_32F, 4, 4, 4);
  cublasLtMatrixLayoutCreate(&tall, CUDA_R_32F, 5, 4, 5);
  cublasLtMatmulPreferenceCreate(&preference);
  const std::uint32_t sixteen = 16;
  cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &sixteen,
                                       sizeof sixteen);
  cublasLtMatmulHeuristicResult_t result{};
  int found = 0;
  CHECK(cublasLtMatmulAlgoGetHeuristic(handle, desc, square, tall, square, square, preference, 1, &result, &found) ==
        CUBLAS_STATUS_INVALID_VALUE);
  CHECK(found == 0);
  CHECK(cublasLtMatmulAlgoGetHeuristic(handle, desc, square, square, square, square, preference, 1, &result, &found) ==
        CUBLAS_STATUS_SUCCESS);
  CHECK(found == 1);
  const float one = 1.0f, zero = 0.0f;
  const auto run = [&](const float* a) {
    const DeviceArray<float> d(16), b(std::vector<float>(16, 1.0f));
    const cublasStatus_t status = cublasLtMatmul(handle, desc, &one, a, square, b.data(), square, &zero, d.data(),
                                                 square, d.data(), square, &result.algo, nullptr, 0, nullptr);
    // d held NaN, which beta = 0 must not read.
    if (status == CUBLAS_STATUS_SUCCESS) CHECK(d.values() == std::vector<float>(16, 4.0f));
    return status;
  };
  CHECK(run(x.data() + 4) == CUBLAS_STATUS_SUCCESS);
  CHECK(run(x.data() + 1) == CUBLAS_STATUS_NOT_SUPPORTED);
  cublasLtMatmulPreferenceDestroy(preference);
  cublasLtMatrixLayoutDestroy(square);
  cublasLtMatrixLayoutDestroy(tall);
  cublasLtMatmulDescDestroy(desc);
  cublasLtDestroy(handle);
  CHECK(stx_emulator::usage().cublas_objects == 0);
}
