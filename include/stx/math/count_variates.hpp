// Gamma, Poisson and negative binomial numbers of an element: rejection loops of bounded length
// over the element's own Philox counters, in float with explicit fma, so that every device draws
// the same.
#pragma once

#include "stx/math/random_variates.hpp"
#include "stx/math/special.hpp"

namespace stx::math {

/// The random words of one element; block b is Philox with b in the top 8 bits of the column.
struct ElementWords {
  StepState state;
  std::uint32_t site;
  std::int64_t row;
  std::uint32_t column;  ///< < 2^24

  STX_HD PhiloxWords block(std::uint32_t b) const {
    return variate_words(state, RandomPurpose::counts, site, row, b << 24 | column);
  }
};

/// Blocks of an element: 0 for single uniforms, then those of the two rejection loops.
inline constexpr std::uint32_t gamma_first_block = 1, poisson_first_block = 32;
/// Attempts of the loops. A gamma attempt is accepted with probability above 0.95, a Poisson
/// attempt above 0.7: to fail them all is rarer than 1e-20.
inline constexpr std::uint32_t gamma_attempts = 24, poisson_blocks = 32;

/// log(1 + e) - e + e^2 / 2 - e^3 / 3 for e > -1, without cancellation and without branches.
STX_HD inline float log1p_tail(float e) {
  float p = 1.0f / 13.0f;
  STX_UNROLL(9)
  for (int k = 12; k >= 4; --k) p = std::fma(-e, p, 1.0f / static_cast<float>(k));
  const float square = e * e;
  const float near = -square * square * p;
  const float far = std::fma(-e, std::fma(e, std::fma(e, 1.0f / 3.0f, -0.5f), 1.0f), exact::log_of_normal(1.0f + e));
  return select(e > -0.25f && e < 0.25f, near, far);
}

/// What the attempts at a gamma number of one shape >= 1 share.
struct GammaAttempts {
  float d, c, scale;

  STX_HD explicit GammaAttempts(float shape)
      : d(shape - 1.0f / 3.0f), c(1.0f / (3.0f * std::sqrt(d))), scale(d / shape) {}
};

/// A gamma number over its shape that three words propose (Marsaglia and Tsang 2000).
struct GammaAttempt {
  float value, e, log_u;

  STX_HD GammaAttempt(const GammaAttempts& all, std::uint32_t first, std::uint32_t second, std::uint32_t third)
      : e(all.c * normal_pair(first, second).first), log_u(exact::log_of_normal(uniform_open(third))) {
    const float one_plus = 1.0f + e;
    value = all.scale * (one_plus * one_plus * one_plus);
  }
  /// The paper's ln u < x^2 / 2 + d - d v + d ln v with v = (1 + e)^3: its right side is
  /// 3 d (ln(1 + e) - e + e^2 / 2 - e^3 / 3).
  STX_HD bool accepted(const GammaAttempts& all) const { return (e > -1.0f) & (log_u < 3.0f * all.d * log1p_tail(e)); }
};

/// Gamma(shape, 1) / shape for shape >= 1.
STX_HD inline float gamma_over_shape(const ElementWords& words, float shape) {
  const GammaAttempts all(shape);
  for (std::uint32_t attempt = 0; attempt < gamma_attempts; ++attempt) {
    const PhiloxWords w = words.block(gamma_first_block + attempt);
    const GammaAttempt made(all, w.x, w.y, w.z);
    if (made.accepted(all)) return made.value;
  }
  return all.scale;  // the mode
}

/// ln of the Poisson(rate) probability of k >= 0, rate >= 10: Loader 2000, "Fast and accurate
/// computation of binomial probabilities", which has no large terms that cancel. Without branches.
STX_HD inline float poisson_log_probability(float k, float rate) {
  float factorial = 1.0f;  // of k < 10
  STX_UNROLL(8)
  for (int i = 2; i < 10; ++i) factorial *= select(static_cast<float>(i) <= k, static_cast<float>(i), 1.0f);
  const float few = std::fma(k, exact::log_of_normal(rate), -rate) - exact::log_of_normal(factorial);

  const float difference = k - rate, sum = k + rate;
  const float v = difference / sum;
  const float square = v * v;
  float term = 2.0f * k * v;
  float near = difference * v;
  STX_UNROLL(6)
  for (int j = 3; j <= 13; j += 2) {
    term *= square;
    near = std::fma(term, 1.0f / static_cast<float>(j), near);
  }
  const float far = std::fma(k, exact::log_of_normal(k / rate), -difference);
  const float deviance = select(std::fabs(difference) < 0.1f * sum, near, far);
  const float inverse = 1.0f / k;
  const float stirling = std::fma(inverse * inverse, -1.0f / 360.0f, 1.0f / 12.0f);
  const float root = exact::log_of_normal(6.28318530717958648f * k);
  const float many = std::fma(-0.5f, root, std::fma(-inverse, stirling, -deviance));
  return select(k < 10.0f, few, many);
}

/// Rates below are drawn by the inverse distribution function, others by rejection, and from the limit on none.
inline constexpr float poisson_rejection_rate = 10.0f, poisson_limit = 1e30f;

/// The search of the inverse distribution function, from 0 counts on.
struct PoissonSearch {
  float probability, sum, k;

  STX_HD static PoissonSearch start(float rate) {
    const float none = exact::exp(-rate);
    return {none, none, 0.0f};
  }
  STX_HD bool goes_on(float u) const { return u > sum && k < 100.0f; }
  /// The next count, if `goes_on`.
  STX_HD void advance(float rate, bool goes_on) {
    const float next = k + 1.0f;
    const float share = probability * rate / next;
    k = goes_on ? next : k;
    probability = goes_on ? share : probability;
    sum = goes_on ? sum + share : sum;
  }
};

/// Transformed rejection with squeeze (Hormann 1993, PTRS): what the attempts of one rate >= 10 share.
struct PoissonAttempts {
  float rate, b, a, squeeze;

  STX_HD explicit PoissonAttempts(float of_rate)
      : rate(of_rate), b(std::fma(2.53f, std::sqrt(of_rate), 0.931f)), a(std::fma(0.02483f, b, -0.059f)),
        squeeze(0.9277f - 3.6224f / (b - 2.0f)) {}
};

/// A count that two words propose.
struct PoissonAttempt {
  float k, us, v;

  STX_HD PoissonAttempt(const PoissonAttempts& all, std::uint32_t first, std::uint32_t second)
      : v(uniform_open(second)) {
    const float shifted = uniform_open(first) - 0.5f;
    us = 0.5f - std::fabs(shifted);
    k = std::floor(std::fma(2.0f * all.a / us + all.b, shifted, all.rate + 0.43f));
  }
  /// Accepted without another look.
  STX_HD bool squeezed(const PoissonAttempts& all) const { return (us >= 0.07f) & (v <= all.squeeze); }
  /// Accepted, where it is not squeezed.
  STX_HD bool accepted(const PoissonAttempts& all) const {
    const float log_inverse_alpha = exact::log_of_normal(1.1239f + 1.1328f / (all.b - 3.4f));
    const float hat = exact::log_of_normal(all.a / (us * us) + all.b);
    const float left = exact::log_of_normal(v) + log_inverse_alpha - hat;
    return (k >= 0.0f) & !((us < 0.013f) & (v > us)) & (left <= poisson_log_probability(k, all.rate));
  }
};

/// Poisson(rate), rate >= 0. NaN and infinity are passed on. Counts above 2^24 are rounded as float is.
STX_HD inline float poisson_variate(const ElementWords& words, float rate, float u) {
  if (!(rate < poisson_limit)) return rate;
  if (rate < poisson_rejection_rate) {
    PoissonSearch search = PoissonSearch::start(rate);
    while (search.goes_on(u)) search.advance(rate, true);
    return search.k;
  }
  const PoissonAttempts all(rate);
  for (std::uint32_t block = 0; block < poisson_blocks; ++block) {
    const PhiloxWords w = words.block(poisson_first_block + block);
    for (int half = 0; half < 2; ++half) {
      const PoissonAttempt made(all, half == 0 ? w.x : w.z, half == 0 ? w.y : w.w);
      if (made.squeezed(all) || made.accepted(all)) return made.k;
    }
  }
  return std::floor(rate);  // the mode
}

/// A gamma number over its mean, as factor * exp(log_boost): of small shapes the boost alone may
/// be too small for a float.
struct GammaOverMean {
  float factor, log_boost;
};

/// A shape > 0 and the one that is drawn: below 1, Gamma(shape + 1) U^(1 / shape) is Gamma(shape).
struct GammaShape {
  float given, drawn;

  STX_HD explicit GammaShape(float shape) : given(shape), drawn(select(shape < 1.0f, shape + 1.0f, shape)) {}
  STX_HD bool raised() const { return given < 1.0f; }
  STX_HD float factor() const { return select(raised(), drawn / given, 1.0f); }
  STX_HD float log_boost(std::uint32_t word) const {
    return select(raised(), exact::log_of_normal(uniform_open(word)) / given, 0.0f);
  }
};

/// Gamma(shape, 1) / shape for shape > 0.
STX_HD inline GammaOverMean gamma_over_mean(const ElementWords& words, float shape) {
  const GammaShape of(shape);
  const float factor = gamma_over_shape(words, of.drawn) * of.factor();
  return {factor, of.raised() ? of.log_boost(words.block(0).z) : 0.0f};
}

/// Whether a gamma number of this shape is drawn; others have a limit.
STX_HD inline bool gamma_is_drawn(float shape) { return shape > 0.0f && shape < 1e30f; }
/// 0 for shape 0, infinity for itself, NaN for NaN and negative shapes.
STX_HD inline float gamma_limit(float shape) { return shape > 0.0f ? shape : (shape == 0.0f ? 0.0f : std::nanf("")); }

/// Gamma(shape, 1) of a number over its mean.
STX_HD inline float gamma_of_shape(const GammaOverMean& gamma, float shape) {
  return shape * gamma.factor * exact::exp(gamma.log_boost);
}

/// Gamma(shape, 1), or its limit.
STX_HD inline float gamma_variate(const ElementWords& words, float shape) {
  return gamma_is_drawn(shape) ? gamma_of_shape(gamma_over_mean(words, shape), shape) : gamma_limit(shape);
}

/// A count of NB(mean exp(log_mu), inverse dispersion exp(log_theta)): Poisson of a rate that is
/// Gamma of shape theta and mean mu.
STX_HD inline float nb_variate(const ElementWords& words, float log_mu, float log_theta) {
  const GammaOverMean gamma = gamma_over_mean(words, exact::exp(log_theta));
  return poisson_variate(words, exact::exp(log_mu + gamma.log_boost) * gamma.factor, uniform_open(words.block(0).y));
}

/// Whether a uniform number makes an extra zero, whose probability is sigmoid(zeta).
STX_HD inline bool extra_zero(float u, float zeta) { return u * (1.0f + exact::exp(-zeta)) < 1.0f; }

/// As nb_variate, but zero with probability sigmoid(zeta).
STX_HD inline float zinb_variate(const ElementWords& words, float log_mu, float log_theta, float zeta) {
  if (extra_zero(uniform_open(words.block(0).x), zeta)) return 0.0f;
  const float count = nb_variate(words, log_mu, log_theta);
  return zeta == zeta ? count : zeta;
}

}  // namespace stx::math
