#include "registry.hpp"
#include "support/naive_attention.hpp"

namespace stx::bench {
namespace {

/// `batch` sequences of `length` tokens; q, k and v packed in one matrix.
struct Attention {
  std::int64_t batch, length, n_heads, head_dim;
  bool bias;
};

template <class D>
Case attention_case(Context<D>& ctx, const Attention& s, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t width = s.n_heads * s.head_dim, rows = s.batch * s.length;
  const std::int64_t n_bias = s.bias ? s.n_heads * s.length * s.length : 0;
  const float* qkv = memory.random(rows * 3 * width);
  float* grad = memory.output(rows * 3 * width);
  const AttentionInputs<float> in{.q = {qkv, 3 * width},
                                  .k = {qkv + width, 3 * width},
                                  .v = {qkv + 2 * width, 3 * width},
                                  .bias = s.bias ? memory.random(n_bias) : nullptr,
                                  .batch = s.batch,
                                  .n_queries = s.length,
                                  .n_keys = s.length,
                                  .n_heads = s.n_heads,
                                  .head_dim = s.head_dim,
                                  .scale = 1 / std::sqrt(static_cast<float>(s.head_dim))};
  const AttentionForward<float> f{in, memory.output(rows * width), memory.output(rows * s.n_heads)};
  const AttentionBackward<float> b{.in = in,
                                   .grad_out = memory.random(rows * width),
                                   .out = f.out,
                                   .lse = f.lse,
                                   .grad_q = {grad, 3 * width},
                                   .grad_k = {grad + width, 3 * width},
                                   .grad_v = {grad + 2 * width, 3 * width},
                                   .grad_bias = s.bias ? memory.output(n_bias) : nullptr};
  attention_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] {
    backward ? attention_backward(ctx, b) : attention_forward(ctx, f);
  };
  const auto error = [=] {
    const auto packed = memory.host(qkv, rows * 3 * width),
               got = memory.host(grad, rows * 3 * width);
    const auto part = [&](const std::vector<double>& from, std::int64_t which) {
      std::vector<double> values;
      for (std::int64_t i = 0; i < rows * width; ++i)
        values.push_back(from[i / width * 3 * width + which * width + i % width]);
      return values;
    };
    test::naive::MultiHead<double> want{s.batch,
                                        s.length,
                                        s.length,
                                        s.n_heads,
                                        s.head_dim,
                                        in.scale,
                                        part(packed, 0),
                                        part(packed, 1),
                                        part(packed, 2),
                                        {},
                                        {},
                                        {},
                                        memory.host(b.grad_out, rows * width)};
    if (s.bias) want.bias = memory.host(in.bias, n_bias);
    want.run();
    if (!backward) return memory.error(f.out, want.out);
    double worst = 0, scale = 1e-30;
    const std::vector<double>* grads[] = {&want.grad_q, &want.grad_k, &want.grad_v};
    for (int which = 0; which < 3; ++which) {
      const auto mine = part(got, which);
      for (std::size_t i = 0; i < mine.size(); ++i) {
        scale = std::max(scale, std::abs((*grads[which])[i]));
        const double e = std::abs(mine[i] - (*grads[which])[i]);
        if (!(e <= worst)) worst = std::isnan(e) ? INFINITY : e;
      }
    }
    return worst / scale;
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, const Attention& s) {
  const double rows = static_cast<double>(s.batch * s.length),
               width = static_cast<double>(s.n_heads * s.head_dim);
  const double product = 2 * rows * width * static_cast<double>(s.length);
  const double bias = s.bias ? static_cast<double>(s.n_heads * s.length * s.length) : 0;
  const auto build = [s](bool backward) {
    return [s, backward](Context<D>& ctx, std::int64_t tokens) {
      const std::int64_t length = std::min(s.length, tokens);
      return attention_case(ctx, {tokens / length, length, s.n_heads, s.head_dim, s.bias},
                            backward);
    };
  };
  suite.add("attention_fwd/" + name, s.batch * s.length,
            {4 * (4 * rows * width + bias), 2 * product}, build(false));
  // Scores again, then the gradients of the weights, of q, k and v: five products.
  suite.add("attention_bwd/" + name, s.batch * s.length,
            {4 * (8 * rows * width + 2 * bias), 5 * product}, build(true));
}

template <class D>
void add_attention(Suite<D>& suite) {
  add(suite, "64x64_tokens_6_heads_x_64", {64, 64, 6, 64, false});
  add(suite, "8x128_tokens_12_heads_x_64_bias", {8, 128, 12, 64, true});
  add(suite, "256x34_tokens_4_heads_x_64", {256, 34, 4, 64, false});
  add(suite, "1024_tokens_4_heads_x_16", {1, 1024, 4, 16, false});
  add(suite, "1024_tokens_4_heads_x_32", {1, 1024, 4, 32, false});
  add(suite, "large_4x2048_tokens_8_heads_x_32", {4, 2048, 8, 32, false});
}

}  // namespace

void register_attention(Suites& suites) {
  suites.each([](auto& suite) { add_attention(suite); });
}

}  // namespace stx::bench
