#include "registry.hpp"
#include "support/naive_attention.hpp"

namespace stx::bench {
namespace {

enum class Padding { none, lengths, key_mask };

/// `batch` sequences. Of as many queries as keys q, k and v are packed in one matrix; else k and v are.
struct Attention {
  std::int64_t batch, n_queries, n_keys, n_heads, head_dim;
  bool bias = false;  ///< with its gradient where nothing is padded: T5, which pads, is frozen
  Padding padding = Padding::none;
};

/// Keys that exist of sequence b: at least half of them come first. pytorch_attention.py has the same.
std::int64_t padded_length(std::int64_t n_keys, std::int64_t b) { return n_keys - 37 * b % ((n_keys + 1) / 2); }
/// Or three of four, anywhere.
bool unmasked(std::int64_t b, std::int64_t j) { return (b + 3 * j) % 4 != 0; }

template <class D>
Case attention_case(Context<D>& ctx, const Attention& s, bool backward) {
  Buffers<D> memory(ctx);
  const std::int64_t width = s.n_heads * s.head_dim, rows = s.batch * s.n_queries, keys = s.batch * s.n_keys;
  const std::int64_t n_bias = s.bias ? s.n_heads * s.n_queries * s.n_keys : 0;
  const bool packed = s.n_queries == s.n_keys;
  const std::int64_t q_stride = packed ? 3 * width : width, kv_stride = packed ? 3 * width : 2 * width;
  const float* q = memory.random(rows * q_stride);
  const float* k = packed ? q + width : memory.random(keys * kv_stride);
  float* grad_q = memory.output(rows * q_stride);
  float* grad_k = packed ? grad_q + width : memory.output(keys * kv_stride);
  std::vector<std::int32_t> lengths;
  std::vector<std::uint8_t> mask;
  std::vector<char> exists;
  for (std::int64_t b = 0; b < s.batch; ++b) {
    lengths.push_back(static_cast<std::int32_t>(padded_length(s.n_keys, b)));
    for (std::int64_t j = 0; j < s.n_keys; ++j) {
      mask.push_back(unmasked(b, j) ? 1 : 0);
      exists.push_back(s.padding == Padding::none ||
                       (s.padding == Padding::lengths ? j < lengths[b] : mask.back() != 0));
    }
  }
  const auto on_device = [&](const auto& values) {
    return to_device(ctx, values, Shape{static_cast<std::int64_t>(values.size())}).data;
  };
  const AttentionInputs<float> in{.q = {q, q_stride},
                                  .k = {k, kv_stride},
                                  .v = {k + width, kv_stride},
                                  .bias = s.bias ? memory.random(n_bias) : nullptr,
                                  .lengths = s.padding == Padding::lengths ? on_device(lengths) : nullptr,
                                  .key_mask = s.padding == Padding::key_mask ? on_device(mask) : nullptr,
                                  .batch = s.batch,
                                  .n_queries = s.n_queries,
                                  .n_keys = s.n_keys,
                                  .n_heads = s.n_heads,
                                  .head_dim = s.head_dim,
                                  .scale = 1 / std::sqrt(static_cast<float>(s.head_dim))};
  const AttentionForward<float> f{in, memory.output(rows * width), memory.output(rows * s.n_heads)};
  const AttentionBackward<float> b{.in = in,
                                   .grad_out = memory.random(rows * width),
                                   .out = f.out,
                                   .lse = f.lse,
                                   .grad_q = {grad_q, q_stride},
                                   .grad_k = {grad_k, kv_stride},
                                   .grad_v = {grad_k + width, kv_stride},
                                   .grad_bias = s.bias && s.padding == Padding::none ? memory.output(n_bias) : nullptr};
  attention_forward(ctx, f);
  const auto run = [&ctx, f, b, backward] { backward ? attention_backward(ctx, b) : attention_forward(ctx, f); };
  const auto error = [=] {
    const auto columns = [&](const float* from, std::int64_t n, std::int64_t stride) {
      const auto all = memory.host(from, (n - 1) * stride + width);
      std::vector<double> values;
      for (std::int64_t i = 0; i < n * width; ++i) values.push_back(all[i / width * stride + i % width]);
      return values;
    };
    test::naive::MultiHead<double> want{s.batch,
                                        s.n_queries,
                                        s.n_keys,
                                        s.n_heads,
                                        s.head_dim,
                                        in.scale,
                                        columns(in.q.data, rows, q_stride),
                                        columns(in.k.data, keys, kv_stride),
                                        columns(in.v.data, keys, kv_stride),
                                        {},
                                        exists,
                                        {},
                                        memory.host(b.grad_out, rows * width)};
    if (s.bias) want.bias = memory.host(in.bias, n_bias);
    want.run();
    if (!backward) return memory.error(f.out, want.out);
    double worst = 0, scale = 1e-30;
    const auto compare = [&](const std::vector<double>& mine, const std::vector<double>& wanted) {
      for (std::size_t i = 0; i < mine.size(); ++i) {
        scale = std::max(scale, std::abs(wanted[i]));
        const double e = std::abs(mine[i] - wanted[i]);
        if (!(e <= worst)) worst = std::isnan(e) ? INFINITY : e;
      }
    };
    compare(columns(b.grad_q.data, rows, q_stride), want.grad_q);
    compare(columns(b.grad_k.data, keys, kv_stride), want.grad_k);
    compare(columns(b.grad_v.data, keys, kv_stride), want.grad_v);
    return worst / scale;
  };
  return {run, error};
}

template <class D>
void add(Suite<D>& suite, const std::string& name, const Attention& s) {
  const double rows = static_cast<double>(s.batch * s.n_queries), keys = static_cast<double>(s.batch * s.n_keys),
               width = static_cast<double>(s.n_heads * s.head_dim);
  double existing = 0;  // keys of all sequences
  for (std::int64_t b = 0; b < s.batch; ++b)
    existing += static_cast<double>(s.padding == Padding::lengths ? padded_length(s.n_keys, b) : s.n_keys);
  const double product = 2 * static_cast<double>(s.n_queries) * existing * width;
  const double bias = s.bias ? static_cast<double>(s.n_heads * s.n_queries * s.n_keys) : 0;
  const auto build = [s](bool backward) {
    return [s, backward](Context<D>& ctx, std::int64_t tokens) {
      Attention some = s;
      some.n_queries = std::min(s.n_queries, tokens);
      if (s.n_keys == s.n_queries) some.n_keys = some.n_queries;
      some.batch = tokens / some.n_queries;
      return attention_case(ctx, some, backward);
    };
  };
  suite.add("attention_fwd/" + name, s.batch * s.n_queries, {4 * (2 * (rows + keys) * width + bias), 2 * product},
            build(false));
  // Scores again, then the gradients of the weights, of q, k and v: five products.
  suite.add("attention_bwd/" + name, s.batch * s.n_queries,
            {4 * (4 * (rows + keys) * width + (s.padding == Padding::none ? 2 : 1) * bias), 5 * product}, build(true));
}

template <class D>
void add_attention(Suite<D>& suite) {
  add(suite, "64x64_tokens_6_heads_x_64", {64, 64, 64, 6, 64});
  add(suite, "64x63_queries_64_keys_6_heads_x_64", {64, 63, 64, 6, 64});
  add(suite, "8x128_tokens_12_heads_x_64_bias", {8, 128, 128, 12, 64, true});
  add(suite, "8x220_tokens_12_heads_x_64_bias_lengths", {8, 220, 220, 12, 64, true, Padding::lengths});
  add(suite, "256x1_query_20_keys_8_heads_x_32_lengths", {256, 1, 20, 8, 32, false, Padding::lengths});
  add(suite, "64x64_tokens_6_heads_x_64_key_mask", {64, 64, 64, 6, 64, false, Padding::key_mask});
  add(suite, "256x34_tokens_4_heads_x_64", {256, 34, 34, 4, 64});
  add(suite, "1024_tokens_4_heads_x_16", {1, 1024, 1024, 4, 16});
  add(suite, "1024_tokens_4_heads_x_32", {1, 1024, 1024, 4, 32});
  add(suite, "large_4x2048_tokens_8_heads_x_32", {4, 2048, 2048, 8, 32});
  add(suite, "large_16x512_tokens_12_heads_x_64_lengths", {16, 512, 512, 12, 64, false, Padding::lengths});
  add(suite, "large_16x512_tokens_12_heads_x_64_key_mask", {16, 512, 512, 12, 64, false, Padding::key_mask});
}

}  // namespace

void register_attention(Suites& suites) {
  suites.each([](auto& suite) { add_attention(suite); });
}

}  // namespace stx::bench
