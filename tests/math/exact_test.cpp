#include "stx/math/exact.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

/// |got - want| in units of the last place of float at `want`.
double ulps(float got, double want) {
  const float near = static_cast<float>(std::abs(want));
  return std::abs(got - want) / (std::nextafter(near, inf) - near);
}

}  // namespace

TEST_CASE("exact exp is within 2 ulp on its range, clamped outside, and keeps NaN") {
  double worst = 0;
  for (int i = 0; i <= 1000003; ++i) {
    const float x = -87.3f + 175.3f * static_cast<float>(i) / 1000003.0f;
    worst = std::max(worst, ulps(stx::math::exact::exp(x), std::exp(double{x})));
  }
  INFO("worst ", worst);
  CHECK(worst <= 2.0);
  CHECK(stx::math::exact::exp(0.0f) == 1.0f);
  CHECK(stx::math::exact::exp(inf) == stx::math::exact::exp(88.0f));
  CHECK(stx::math::exact::exp(-inf) == stx::math::exact::exp(-87.3f));
  CHECK(std::isnan(stx::math::exact::exp(std::nanf(""))));
}

TEST_CASE("exact log is within 2 ulp for every normal number") {
  double worst = 0;
  // Every 1009th positive normal float, and all floats next to 1.
  for (std::uint32_t bits = 0x00800000u; bits < 0x7F800000u; bits += 1009)
    worst = std::max(worst, ulps(stx::math::exact::log(stx::math::exact::float_of(bits)),
                                 std::log(double{stx::math::exact::float_of(bits)})));
  INFO("worst ", worst);
  CHECK(worst <= 2.0);
  double near_one = 0;
  for (std::uint32_t bits = 0x3F7F0000u; bits < 0x3F810000u; ++bits)
    if (bits != 0x3F800000u)
      near_one = std::max(near_one, ulps(stx::math::exact::log(stx::math::exact::float_of(bits)),
                                         std::log(double{stx::math::exact::float_of(bits)})));
  CHECK(near_one <= 2.0);
  CHECK(stx::math::exact::log(1.0f) == 0.0f);
}

TEST_CASE("exact log outside the normal positive numbers") {
  CHECK(stx::math::exact::log(0.0f) == stx::math::exact::log(1.17549435e-38f));
  CHECK(stx::math::exact::log(1e-42f) == stx::math::exact::log(0.0f));
  CHECK(stx::math::exact::log(inf) == stx::math::exact::log(3.40282347e+38f));
  CHECK(std::isnan(stx::math::exact::log(-1.0f)));
  CHECK(std::isnan(stx::math::exact::log(std::nanf(""))));
}

TEST_CASE("sine and cosine of a phase, all quarters, against double") {
  double worst = 0, circle = 0;
  for (std::uint32_t i = 0; i < 1000003; ++i) {
    const std::uint32_t phase = i * 4295u + i;  // around the whole circle
    const auto got = stx::math::exact::sincos(phase);
    const double angle = 2 * M_PI * phase / 4294967296.0;
    worst = std::max({worst, std::abs(got.sin - std::sin(angle)), std::abs(got.cos - std::cos(angle))});
    circle = std::max(circle, std::abs(double{got.sin} * got.sin + double{got.cos} * got.cos - 1));
  }
  INFO("worst ", worst);
  CHECK(worst < 1.3e-7);
  CHECK(circle < 3e-7);
  CHECK(stx::math::exact::sincos(0).sin == 0.0f);
  CHECK(stx::math::exact::sincos(0).cos == 1.0f);
  CHECK(stx::math::exact::sincos(0x40000000u).sin == 1.0f);
  CHECK(stx::math::exact::sincos(0x80000000u).cos == -1.0f);
  CHECK(stx::math::exact::sincos(0xC0000000u).sin == -1.0f);
  CHECK(stx::math::exact::sincos(0xFFFFFFFFu).cos == 1.0f);
}

TEST_CASE("the phase of turns") {
  CHECK(stx::math::exact::phase_of_turns(0.0) == 0u);
  CHECK(stx::math::exact::phase_of_turns(0.25) == 0x40000000u);
  CHECK(stx::math::exact::phase_of_turns(7.5) == 0x80000000u);
  CHECK(stx::math::exact::phase_of_turns(-0.25) == 0xC0000000u);
  CHECK(stx::math::exact::phase_of_turns(1 - 1e-12) == 0u);  // rounds up to a whole turn
}
