#include "registry.hpp"
#include "support/naive_norm.hpp"

namespace stx::bench {
namespace {

/// Which of the row norms.
struct Norm {
  std::int64_t rows, width;
  std::int64_t per_group = 0;
  bool residual = false;
  float dropout = 0.0f;
  bool centred = true;
  bool affine = true;  ///< with gain and shift
};

template <class D>
Case norm_case(Context<D>& ctx, const Norm& s, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t size = s.rows * s.width;
  const std::int64_t affine = (s.per_group > 0 ? s.rows / s.per_group : 1) * s.width;
  const RowNormKind<float> kind{.rows = s.rows,
                                .width = s.width,
                                .rows_per_group = s.per_group,
                                .affine_stride = s.width,
                                .centred = s.centred,
                                .dropout = {s.dropout, 1}};
  const RowNormForward<float> f{.kind = kind,
                                .x = memory.random(size),
                                .residual = s.residual ? memory.random(size) : nullptr,
                                .gain = s.affine ? memory.random(affine) : nullptr,
                                .shift = s.affine ? memory.random(affine) : nullptr,
                                .y = memory.output(size),
                                .mean = memory.output(s.rows),
                                .rstd = memory.output(s.rows)};
  const RowNormBackward<float> b{.kind = kind,
                                 .grad_y = memory.random(size),
                                 .x = f.x,
                                 .residual = f.residual,
                                 .gain = f.gain,
                                 .mean = f.mean,
                                 .rstd = f.rstd,
                                 .grad_x = memory.output(size),
                                 .grad_residual = s.residual ? memory.output(size) : nullptr,
                                 .grad_gain = s.affine ? memory.output(affine) : nullptr,
                                 .grad_shift = s.affine ? memory.output(affine) : nullptr};
  row_norm_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] { backward ? row_norm_backward(ctx, b) : row_norm_forward(ctx, f); };
  const auto error = [memory, f, b, s, affine, size, backward] {
    const auto factors = test::naive::dropout_factors<double>(0, 0, 1, s.dropout, s.rows, s.width);
    auto sum = memory.host(f.x, size);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] *= factors[i];
    if (s.residual) {
      const auto residual = memory.host(f.residual, size);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += residual[i];
    }
    const auto given = [&](const float* values, double otherwise) {
      return s.affine ? memory.host(values, affine) : std::vector<double>(static_cast<std::size_t>(affine), otherwise);
    };
    auto want = test::naive::row_norm<double>(sum, given(f.gain, 1), given(f.shift, 0), memory.host(b.grad_y, size),
                                              s.rows, s.width, s.per_group > 0 ? s.per_group : s.rows, s.centred, 1e-5);
    if (!backward) return memory.error(f.y, want.y);
    double worst =
        s.affine ? std::max(memory.error(b.grad_gain, want.grad_gain), memory.error(b.grad_shift, want.grad_shift))
                 : 0.0;
    if (s.residual) worst = std::max(worst, memory.error(b.grad_residual, want.grad_x));
    for (std::size_t i = 0; i < sum.size(); ++i) want.grad_x[i] *= factors[i];
    return std::max(worst, memory.error(b.grad_x, want.grad_x));
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& op, const std::string& name, const Norm& s) {
  const double size = static_cast<double>(s.rows * s.width);
  for (const bool backward : {false, true})
    suite.add(op + (backward ? "_bwd/" : "_fwd/") + name, s.rows,
              {4 * ((backward ? 3 : 2) + (s.residual ? backward ? 2 : 1 : 0)) * size, (backward ? 14 : 8) * size},
              [=](Context<D>& ctx, std::int64_t rows) {
                Norm part = s;
                part.rows = s.per_group > 0 ? std::max(s.per_group, rows / s.per_group * s.per_group) : rows;
                return norm_case(ctx, part, backward);
              });
}

}  // namespace

template <class D>
void add_norm(Suite<D>& suite) {
  const Norm residual{.rows = 1024, .width = 256, .residual = true, .dropout = 0.1f};
  add(suite, "residual_layer_norm", "1024x256_dropout", residual);
  Norm large = residual;
  large.rows = 65536;
  add(suite, "residual_layer_norm", "large_65536x256_dropout", large);
  add(suite, "layer_norm", "1024x192", {.rows = 1024, .width = 192});
  add(suite, "layer_norm", "large_65536x192", {.rows = 65536, .width = 192});
  add(suite, "layer_norm", "8448x256_no_gain", {.rows = 8448, .width = 256, .affine = false});
  add(suite, "ada_layer_norm", "256x33x256", {.rows = 256 * 33, .width = 256, .per_group = 33});
  add(suite, "ada_layer_norm", "large_2048x33x256", {.rows = 2048 * 33, .width = 256, .per_group = 33});
  add(suite, "rms_norm", "2200x768", {.rows = 2200, .width = 768, .centred = false});
  add(suite, "rms_norm", "large_28160x768", {.rows = 28160, .width = 768, .centred = false});
}
void register_row_norm(Suites& suites) {
  suites.each([](auto& suite) { add_norm(suite); });
}

}  // namespace stx::bench
