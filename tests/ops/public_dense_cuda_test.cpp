// Public dense ops and norms on CUDA against the CPU.
#include "stx/ops/activate.hpp"
#include "stx/ops/ada_layer_norm.hpp"
#include "stx/ops/batch_norm.hpp"
#include "stx/ops/batched_matmul.hpp"
#include "stx/ops/concat_columns.hpp"
#include "stx/ops/csr_matmul.hpp"
#include "stx/ops/fold_projection.hpp"
#include "stx/ops/gated_activation.hpp"
#include "stx/ops/gated_residual.hpp"
#include "stx/ops/gather_mean.hpp"
#include "stx/ops/gather_rows.hpp"
#include "stx/ops/layer_norm.hpp"
#include "stx/ops/linear.hpp"
#include "stx/ops/matmul.hpp"
#include "stx/ops/matvec.hpp"
#include "stx/ops/reshape.hpp"
#include "stx/ops/residual_layer_norm.hpp"
#include "stx/ops/rms_norm.hpp"
#include "stx/ops/softmax.hpp"
#include "support/public_op.hpp"

using namespace stx::test;
using stx::Activation;
using stx::Context;
using stx::Shape;

TEST_CASE("public ops on CUDA: linear and products") {
  if (no_cuda_device()) return;
  compare_public(
      {random_input({6, 5}, 1), random_input({7, 5}, 2), random_input({7}, 3), random_input({6, 7}, 4),
       random_input({2, 7}, 5)},
      []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
        const stx::LinearResidual<T, D> onto{v[3], stx::ColumnSlice<T, D>(v[4]), 3};
        return Vars<T, D>{stx::linear(ctx, v[0], v[1], v[2],
                                      stx::LinearOptions{.activation = Activation::gelu, .dropout = {0.3f, 4}}, onto)};
      });
  compare_public(
      {random_input({6, 5}, 1), random_input({5, 7}, 2)},
      []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) { return Vars<T, D>{stx::matmul(ctx, v[0], v[1])}; });
  compare_public({random_input({3, 6, 5}, 1), random_input({3, 5, 7}, 2), random_input({3, 7, 5}, 3)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   return Vars<T, D>{stx::batched_matmul(ctx, v[0], v[1]),
                                     stx::batched_matmul(ctx, v[0], v[2], {.transpose_b = true}),
                                     stx::batched_matmul(ctx, v[1], v[0], {.transpose_a = true, .transpose_b = true})};
                 });
  compare_public({random_input({6, 3, 5}, 1), random_input({3, 5, 7}, 2)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   return Vars<T, D>{stx::batched_matmul(ctx, v[0], v[1], {.batch_second = true})};
                 });
  compare_public(
      {random_input({9, 8}, 1), random_input({8, 5}, 2), random_input({5, 8}, 3)},
      []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
        return Vars<T, D>{stx::fold_into_keys(ctx, v[0], v[1], 2), stx::fold_into_values(ctx, v[0], v[2], 4)};
      });
  compare_public({data_input({6, 5}, 1), data_input({5}, 2)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   return Vars<T, D>{stx::constant(ctx, stx::matvec(ctx, v[0].value(), v[1].value()))};
                 });
}

TEST_CASE("public ops on CUDA: csr_matmul") {
  if (no_cuda_device()) return;
  stx::CsrMatrix<float> m;
  m.rows = 4;
  m.cols = 6;
  m.indptr = {0, 2, 2, 5, 7};
  m.indices = {0, 5, 1, 2, 5, 0, 3};
  m.values.assign(7, 1.0f);
  compare_public({random_input({7}, 1), random_input({6, 5}, 2)},
                 [&]<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   return Vars<T, D>{stx::csr_matmul(ctx, stx::csr_pattern(ctx, m), v[0], v[1])};
                 });
}

TEST_CASE("public ops on CUDA: element by element, and rows") {
  if (no_cuda_device()) return;
  compare_public(
      {random_input({5, 6}, 1), random_input({5, 6}, 2)}, []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
        return Vars<T, D>{stx::activate(ctx, v[0], {.activation = Activation::silu, .dropout = {0.3f, 4}}, v[1]),
                          stx::add(ctx, v[0], v[1]), stx::gated_activation(ctx, v[1], Activation::gelu_tanh)};
      });
  compare_public({random_input({5, 6}, 1), random_input({5, 3}, 2)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   return Vars<T, D>{stx::concat_columns(ctx, v[0], v[1]), stx::reshape(ctx, v[0], Shape{3, 10})};
                 });
  compare_public({random_input({5, 6}, 1), data_input({4, 3}, 2)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   const auto rows = ids(ctx, {3, 0, 3, 2, 2, 2, 1});
                   return Vars<T, D>{stx::gather_rows(ctx, v[0], rows), stx::gather_rows(ctx, v[1].value(), rows),
                                     stx::constant(ctx, stx::gather_mean(ctx, v[1].value(), rows))};
                 });
  compare_public({random_input({5, 6}, 1)}, []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
    return Vars<T, D>{stx::softmax(ctx, v[0], {.scale = 2, .n = 3, .dropout = {0.3f, 4}})};
  });
}

TEST_CASE("public ops on CUDA: norms") {
  if (no_cuda_device()) return;
  compare_public({random_input({7, 5}, 1), random_input({5}, 2), random_input({5}, 3)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   const auto mean = to_device(ctx, std::vector<T>(5, T(0.25)), Shape{5}),
                              var = to_device(ctx, std::vector<T>(5, T(2)), Shape{5});
                   const auto y = stx::batch_norm(ctx, v[0], v[1], v[2], mean, var,
                                                  {.activation = Activation::gelu, .dropout = {0.3f, 4}});
                   return Vars<T, D>{y, stx::constant(ctx, mean), stx::constant(ctx, var)};
                 });
  compare_public({random_input({7, 5}, 1), random_input({7, 5}, 4), random_input({5}, 2), random_input({5}, 3)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   return Vars<T, D>{stx::layer_norm(ctx, v[0], v[2], v[3]), stx::rms_norm(ctx, v[1], v[2]),
                                     stx::residual_layer_norm(ctx, v[0], v[1], v[2], v[3], {.dropout = {0.3f, 4}})};
                 });
  compare_public({random_input({6, 5}, 1), random_input({2, 5}, 2), random_input({2, 5}, 3), random_input({6, 5}, 4),
                  random_input({2, 10}, 5)},
                 []<class T, class D>(Context<D>& ctx, const Vars<T, D>& v) {
                   const stx::ColumnSlice<T, D> left(v[4], 0, 5), right(v[4], 5, 5);
                   return Vars<T, D>{
                       stx::ada_layer_norm(ctx, v[0], v[1], v[2], 3), stx::ada_layer_norm(ctx, v[0], left, right, 3),
                       stx::gated_residual(ctx, v[3], v[0], v[1], 3), stx::gated_residual(ctx, v[3], v[0], right, 3)};
                 });
}
