// Contrastive loss over cosine similarities with a matrix of positives: the contract of both backends.
#pragma once

#include <cmath>

#include "stx/autograd/grad_write.hpp"
#include "stx/backend/gemm.hpp"
#include "stx/core/context.hpp"
#include "stx/math/contrastive.hpp"

namespace stx {

/// Denominator of an anchor's loss; n+ and n- count its positives and the others.
enum class Contrast : unsigned char {
  exclude_positives,  ///< n+ ln(mean of e^m over the others)
  include_positives,  ///< n+ ln(mean of e^m over all)
  dcavae_r2,          ///< ln(n+ + sum of e^m over the others) / n-
  global,             ///< as exclude_positives, but the mean runs over all such pairs of the batch
  dcavae_r1,          ///< n+ ln(sum of e^(w m)), w a softmax of 1 / c; positives pull with 1 / c
};

/// Which of the two sets gives the anchors; the other set is what they are compared with.
enum class Anchors : unsigned char { first, second };

/// loss = weight / n_anchors * sum_i [ -sum_{j positive} m_ij + beta_i (ln Z_i - ln nu_i) ], m_ij the
/// cosine of anchor i and other j, divided by the temperature; Z_i = kappa_i + sum of e^m_ij over the
/// denominator's j. Form `global` has one Z and one nu for all anchors, kappa = 0. Form `dcavae_r1` has
/// m_ij / c_ij for positives and Z_i = sum of e^(w_ij m_ij), w_i. the softmax over j of 1 / c_ij, with 0 for
/// positives.
template <class T>
struct ContrastiveModel {
  const T* first = nullptr;                  ///< n_first x dim
  const T* second = nullptr;                 ///< n_second x dim
  const std::uint32_t* positives = nullptr;  ///< n_first x ceil(n_second / 32): bit j % 32 of word j / 32
  std::int64_t n_first = 0, n_second = 0, dim = 0;
  const T* distances = nullptr;  ///< n_first x n_second: c, above 0; dcavae_r1 alone reads it
  T inverse_temperature = T(1);
  T weight = T(1);
  Contrast form = Contrast::exclude_positives;
  Anchors anchors = Anchors::first;

  STX_HD std::int64_t n_anchors() const { return anchors == Anchors::first ? n_first : n_second; }
  STX_HD std::int64_t n_others() const { return anchors == Anchors::first ? n_second : n_first; }
  STX_HD bool positive(std::int64_t anchor, std::int64_t other) const {
    const std::int64_t i = anchors == Anchors::first ? anchor : other;
    const std::int64_t j = anchors == Anchors::first ? other : anchor;
    return (positives[i * ((n_second + 31) / 32) + j / 32] >> (j % 32) & 1u) != 0u;
  }
  /// 1 for a positive, 0 for others.
  STX_HD T mark(std::int64_t anchor, std::int64_t other) const { return positive(anchor, other) ? T(1) : T(0); }
  STX_HD T distance(std::int64_t anchor, std::int64_t other) const {
    return anchors == Anchors::first ? distances[anchor * n_second + other] : distances[other * n_second + anchor];
  }
  /// d loss / d (an anchor's term), times d m / d cosine.
  STX_HD T slope_factor() const { return weight * inverse_temperature / static_cast<T>(n_anchors()); }
  STX_HD T loss(double sum_of_terms) const {
    const double n = n_anchors() > 0 ? static_cast<double>(n_anchors()) : 1.0;
    return static_cast<T>(static_cast<double>(weight) * sum_of_terms / n);
  }
};

/// The numbers of an anchor's loss that its counts decide.
template <class T>
struct ContrastiveAnchor {
  bool silent = false;  ///< no positives, or nothing to compare with: no loss
  bool all = false;     ///< positives stand in the denominator
  T beta = T(0), kappa = T(0), nu = T(1);

  STX_HD ContrastiveAnchor(Contrast form, std::int64_t n_positives, std::int64_t n_others) {
    const std::int64_t rest = n_others - n_positives;
    if (form == Contrast::dcavae_r2) {
      beta = rest > 0 ? T(1) / static_cast<T>(rest) : T(0);
      kappa = static_cast<T>(n_positives);
      silent = n_others == 0;
      return;
    }
    all = form == Contrast::include_positives;
    beta = static_cast<T>(n_positives);
    nu = form == Contrast::dcavae_r1 ? T(1) : static_cast<T>(all ? n_others : rest);
    silent = n_positives == 0 || nu == T(0);
  }

  /// Z e^-scale, from the sum of e^(m - scale).
  STX_HD T total(T scale, T sum) const { return kappa * math::exp(-scale) + sum; }
  STX_HD T push(T total) const { return beta / total; }
  /// @param pull  sum of m over the positives
  STX_HD T loss(T scale, T total, T pull) const { return beta * (scale + std::log(total) - std::log(nu)) - pull; }
};

template <class T>
struct ContrastiveForward {
  ContrastiveModel<T> model = {};
  T* loss = nullptr;            ///< 1
  T* unit_first = nullptr;      ///< n_first x dim: rows of length 1
  T* unit_second = nullptr;     ///< n_second x dim
  T* inverse_first = nullptr;   ///< n_first: 1 / max(length, floor)
  T* inverse_second = nullptr;  ///< n_second
  T* slopes = nullptr;          ///< n_anchors x n_others: similarities, then d loss / d cosine
  T* terms = nullptr;           ///< n_anchors, scratch
  std::uint32_t term = 0;
  T* pooled = nullptr;  ///< 2 n_anchors + 2, scratch; null unless the form is global
};

/// What all anchors share in the form `global`.
template <class T>
struct ContrastivePool {
  T loss = T(0), push = T(0), factor = T(0);  ///< d loss / d cosine = factor (push e^(m - scale) or -1)

  /// @param pull   sum of m over all positives
  /// @param sum    sum of e^(m - scale) over all other pairs
  STX_HD ContrastivePool(const ContrastiveModel<T>& m, double pull, double sum, double n_positives) {
    const double n = static_cast<double>(m.n_anchors());
    const double rest = n * static_cast<double>(m.n_others()) - n_positives;
    if (n_positives == 0 || rest == 0) return;
    const double share = static_cast<double>(m.weight) / n;
    loss = static_cast<T>(
        share * (n_positives * (static_cast<double>(m.inverse_temperature) + std::log(sum) - std::log(rest)) - pull));
    push = static_cast<T>(n_positives / sum);
    factor = static_cast<T>(share * static_cast<double>(m.inverse_temperature));
  }
};

/// Null targets are skipped; `first` is written before `second`.
template <class T>
struct ContrastiveBackward {
  ContrastiveModel<T> model = {};
  const T* grad_loss = nullptr;  ///< 1
  const T* unit_first = nullptr;
  const T* unit_second = nullptr;
  const T* inverse_first = nullptr;
  const T* inverse_second = nullptr;
  const T* slopes = nullptr;
  T* scratch = nullptr;  ///< max(n_first, n_second) x dim
  T* grad_first = nullptr;
  T* grad_second = nullptr;
  GradWrite write_first = GradWrite::overwrite;
  GradWrite write_second = GradWrite::overwrite;
};

/// Similarities of anchors (rows) and others (columns).
template <class T>
GemmArgs<T> contrastive_similarities(const ContrastiveForward<T>& p) {
  const bool first = p.model.anchors == Anchors::first;
  return GemmArgs<T>{.a = first ? p.unit_first : p.unit_second,
                     .b = first ? p.unit_second : p.unit_first,
                     .c = p.slopes,
                     .m = p.model.n_anchors(),
                     .n = p.model.n_others(),
                     .k = p.model.dim,
                     .transpose_b = true};
}

/// Gradient of the unit vectors of one set, into scratch.
template <class T>
GemmArgs<T> contrastive_unit_gradient(const ContrastiveBackward<T>& p, bool of_first) {
  const bool anchors = of_first == (p.model.anchors == Anchors::first);
  return GemmArgs<T>{.a = p.slopes,
                     .b = of_first ? p.unit_second : p.unit_first,
                     .c = p.scratch,
                     .m = of_first ? p.model.n_first : p.model.n_second,
                     .n = p.model.dim,
                     .k = of_first ? p.model.n_second : p.model.n_first,
                     .transpose_a = !anchors};
}

template <class T>
void contrastive_forward(Context<Cpu>& ctx, const ContrastiveForward<T>& args);
template <class T>
void contrastive_forward(Context<Cuda>& ctx, const ContrastiveForward<T>& args);
template <class T>
void contrastive_backward(Context<Cpu>& ctx, const ContrastiveBackward<T>& args);
template <class T>
void contrastive_backward(Context<Cuda>& ctx, const ContrastiveBackward<T>& args);

}  // namespace stx
