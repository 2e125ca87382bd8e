// Contrastive loss over cosine similarities of two sets of latents.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "stx/autograd/check_finite.hpp"
#include "stx/autograd/var.hpp"
#include "stx/backend/contrastive.hpp"
#include "stx/data/matrix.hpp"

namespace stx {

struct ContrastiveOptions {
  double temperature = 1;  ///< cosines are divided by it; smaller looks harder at the nearest others
  Contrast form = Contrast::exclude_positives;
  Anchors anchors = Anchors::first;
  double weight = 1;       ///< factor of the loss
  std::uint32_t term = 0;  ///< number of this term of the loss, for the report of a bad row
};

/// Positive pairs as bits, for contrastive(): one for every stored entry of `pairs` that is not 0.
inline std::vector<std::uint32_t> positive_bits(const CsrMatrix<float>& pairs) {
  const std::int64_t words = (pairs.cols + 31) / 32;
  std::vector<std::uint32_t> bits(static_cast<std::size_t>(pairs.rows * words), 0u);
  for (std::int64_t i = 0; i < pairs.rows; ++i)
    for (std::int64_t e = pairs.indptr[i]; e < pairs.indptr[i + 1]; ++e)
      if (pairs.values[e] != 0) bits[i * words + pairs.indices[e] / 32] |= 1u << (pairs.indices[e] % 32);
  return bits;
}

/// Pulls anchors to their positives and away from everything else.
///
///   m_ij = cosine(anchor_i, other_j) / temperature,
///   loss = weight / n_anchors * sum_i [ -sum_{j positive} m_ij + D_i ],
///   D_i = n+_i ln( sum_{j not positive} e^m_ij / n-_i )   exclude_positives: the paper, per anchor
///   D_i = n+_i ln( sum_j e^m_ij / n )                     include_positives
///   D_i = n+_i ln( sum_ij not positive e^m_ij / n- )      global: the paper as printed, one mean for all
///                                                         n- pairs of the batch that are no positives
///   D_i = ln( sum_j e^(m_ij (1 - positive_ij)) ) / n-_i   dcavae_r2 (with temperature 1)
///   D_i = n+_i ln( sum_j e^(w_ij m_ij) )                  dcavae_r1 (with temperature 1), positives m_ij / c_ij,
///                                                         w_i. = softmax_j((1 - positive_ij) / c_ij)
///
/// @param first      (n_first, dim)
/// @param second     (n_second, dim)
/// @param positives  (n_first, ceil(n_second / 32)) words: bit j % 32 of word (i, j / 32) is set where i
///                   and j belong together; positive_bits() makes them
/// @param options    temperature from 0.025, form, which set gives the anchors
/// @param distances  (n_first, n_second), for dcavae_r1 alone: c above 0, frozen; the release takes the
///                   softplus of the similarity of profiles
/// @return           (1). Anchors without positives, or with nothing else to compare with, add nothing
/// @throws ArgumentError when shapes do not match, the temperature is below 0.025, or distances are given
/// for another form than dcavae_r1 or not given for it.
/// Numerics: lengths are at least 1e-8; sums of exponentials from the largest cosine possible, 1: at 0.025 the smallest
/// is e^-80, below it sums would lose what they consist of. One matrix of all pairs, whose similarities become the
/// gradient in place. The first anchor whose term is not finite is recorded in the context's StepState.
/// Deterministic: yes. Capturable: yes.
/// Source: DCAVAE, section 4, "Contrastive term".
template <class T, class D>
Var<T, D> contrastive(Context<D>& ctx, Var<T, D> first, Var<T, D> second, const Tensor<std::uint32_t, D>& positives,
                      const ContrastiveOptions& options = {}, const Tensor<T, D>& distances = {}) {
  const Shape a = first.shape(), b = second.shape();
  require(a.rank() == 2 && b.rank() == 2 && a[1] == b[1], "contrastive",
          "both sets must be matrices of one width, got ", a, " and ", b);
  require(positives.shape == Shape{a[0], (b[0] + 31) / 32}, "contrastive", "positives must have shape (", a[0], ", ",
          (b[0] + 31) / 32, "), 32 pairs a word, got ", positives.shape);
  require(options.temperature >= 0.025 && std::isfinite(options.temperature), "contrastive",
          "temperature must be at least 0.025, where the range of exponentials ends, got ", options.temperature);
  const bool weighted = options.form == Contrast::dcavae_r1;
  require(weighted ? distances.shape == Shape{a[0], b[0]} : !distances, "contrastive", "distances must have shape (",
          a[0], ", ", b[0], ") with dcavae_r1, and be left out otherwise, got ", distances.shape);
  check_finite<T, D>(ctx, "contrastive", {{"first", first}, {"second", second}, {"distances", distances}});
  const ContrastiveModel<T> model{.first = first.value().data,
                                  .second = second.value().data,
                                  .positives = positives.data,
                                  .n_first = a[0],
                                  .n_second = b[0],
                                  .dim = a[1],
                                  .distances = distances.data,
                                  .inverse_temperature = static_cast<T>(1 / options.temperature),
                                  .weight = static_cast<T>(options.weight),
                                  .form = options.form,
                                  .anchors = options.anchors};
  Var<T, D> loss = make_output<T, D>(ctx, Shape{1}, first.needs_grad() || second.needs_grad());
  const auto allocate = [&](std::int64_t n) { return ctx.step_arena().template allocate<T>(n); };
  const ContrastiveForward<T> forward{model,
                                      loss.value().data,
                                      allocate(a.size()),
                                      allocate(b.size()),
                                      allocate(a[0]),
                                      allocate(b[0]),
                                      allocate(a[0] * b[0]),
                                      allocate(model.n_anchors()),
                                      options.term,
                                      options.form == Contrast::global ? allocate(2 * model.n_anchors() + 2) : nullptr};
  contrastive_forward(ctx, forward);

  struct Backward : Tape<D>::Node {
    ContrastiveForward<T> forward;
    Var<T, D> first, second, loss;
    static void run(Context<D>& ctx, Backward& n) {
      if (!n.loss.has_grad()) return;
      const GradTarget<T> to_first = n.first.claim_grad(ctx);
      const GradTarget<T> to_second = n.second.claim_grad(ctx);
      const ContrastiveModel<T>& m = n.forward.model;
      T* scratch = ctx.step_arena().template allocate<T>(std::max(m.n_first, m.n_second) * m.dim);
      contrastive_backward(
          ctx, ContrastiveBackward<T>{m, n.loss.grad().data, n.forward.unit_first, n.forward.unit_second,
                                      n.forward.inverse_first, n.forward.inverse_second, n.forward.slopes, scratch,
                                      to_first.data, to_second.data, to_first.write, to_second.write});
    }
  };
  if (loss.needs_grad()) ctx.tape().record(Backward{{}, forward, first, second, loss});
  return loss;
}

}  // namespace stx
