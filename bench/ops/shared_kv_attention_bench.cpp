#include "registry.hpp"

namespace stx::bench {
namespace {

struct Attention {
  std::int64_t rows, n_keys, width, n_heads;
  float dropout;
  bool weights = false;  ///< forward alone: their mean over the heads too
};

template <class D>
Case attention_case(Context<D>& ctx, const Attention& s, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t q_size = s.rows * s.width, kv_size = s.n_keys * s.width;
  const SharedKvAttentionForward<float> f{.q = memory.random(q_size),
                                          .k = memory.random(kv_size),
                                          .v = memory.random(kv_size),
                                          .out = memory.output(q_size),
                                          .lse = memory.output(s.rows * s.n_heads),
                                          .weights = s.weights ? memory.output(s.rows * s.n_keys) : nullptr,
                                          .rows = s.rows,
                                          .n_keys = s.n_keys,
                                          .width = s.width,
                                          .n_heads = s.n_heads,
                                          .dropout = {s.dropout, 1}};
  const SharedKvAttentionBackward<float> b{.grad_out = memory.random(q_size),
                                           .out = f.out,
                                           .q = f.q,
                                           .k = f.k,
                                           .v = f.v,
                                           .lse = f.lse,
                                           .grad_q = memory.output(q_size),
                                           .grad_k = memory.output(kv_size),
                                           .grad_v = memory.output(kv_size),
                                           .rows = s.rows,
                                           .n_keys = s.n_keys,
                                           .width = s.width,
                                           .n_heads = s.n_heads,
                                           .dropout = f.dropout};
  shared_kv_attention_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] {
    backward ? shared_kv_attention_backward(ctx, b) : shared_kv_attention_forward(ctx, f);
  };
  const auto error = [memory, f, b, s, q_size, kv_size, backward] {
    const auto want = test::naive::attention<double>(
        memory.host(f.q, q_size), memory.host(f.k, kv_size), memory.host(f.v, kv_size),
        test::naive::dropout_factors<double>(0, 0, 1, s.dropout, s.rows * s.n_heads, s.n_keys),
        memory.host(b.grad_out, q_size), {}, s.rows, s.n_keys, s.width, s.n_heads);
    if (!backward)
      return std::max(memory.error(f.out, want.out), s.weights ? memory.error(f.weights, want.weights) : 0.0);
    return std::max({memory.error(b.grad_q, want.grad_q), memory.error(b.grad_k, want.grad_k),
                     memory.error(b.grad_v, want.grad_v)});
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, const Attention& s) {
  const double q = static_cast<double>(s.rows * s.width), kv = static_cast<double>(s.n_keys * s.width);
  const double lse = static_cast<double>(s.rows * s.n_heads), product = 2 * q * static_cast<double>(s.n_keys);
  const double weights = s.weights ? static_cast<double>(s.rows * s.n_keys) : 0;
  suite.add("shared_kv_attention_fwd/" + name, s.rows, {4 * (2 * q + 2 * kv + lse + weights), 2 * product},
            [s](Context<D>& ctx, std::int64_t rows) {
              return attention_case(ctx, {rows, s.n_keys, s.width, s.n_heads, s.dropout, s.weights}, false);
            });
  if (s.weights) return;
  // Scores again, then the gradients of the weights, of q, k and v: five products.
  suite.add("shared_kv_attention_bwd/" + name, s.rows, {4 * (3 * q + 4 * kv + lse), 5 * product},
            [s](Context<D>& ctx, std::int64_t rows) {
              return attention_case(ctx, {rows, s.n_keys, s.width, s.n_heads, s.dropout}, true);
            });
}

}  // namespace

template <class D>
void add_attention(Suite<D>& suite) {
  add(suite, "1024x29x256_2_heads_dropout", {1024, 29, 256, 2, 0.1f});
  add(suite, "12875x29x256_2_heads", {12875, 29, 256, 2, 0.0f});
  add(suite, "12875x29x256_2_heads_weights", {12875, 29, 256, 2, 0.0f, true});
  add(suite, "large_16384x300x256_4_heads_dropout", {16384, 300, 256, 4, 0.1f});
}
void register_shared_kv_attention(Suites& suites) {
  suites.each([](auto& suite) { add_attention(suite); });
}

}  // namespace stx::bench
