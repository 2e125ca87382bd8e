#include "stx/math/adam.hpp"

#include <doctest/doctest.h>

TEST_CASE("the first step moves by the learning rate against the sign of the gradient") {
  stx::AdamOptions o;
  double p = 1, m = 0, s = 0;
  stx::math::adam_update(p, 0.25, m, s, stx::math::adam_step(0.01, 1.0 - o.beta1, 1.0 - o.beta2), o);
  CHECK(p == doctest::Approx(1 - 0.01).epsilon(1e-7));
  CHECK(m == doctest::Approx(0.025).epsilon(1e-6));
  CHECK(s == doctest::Approx(0.0000625).epsilon(1e-4));
}

TEST_CASE("decoupled decay shrinks the parameter and leaves the moments alone") {
  stx::AdamOptions o;
  o.weight_decay = 0.5f;
  o.decoupled = true;
  double p = 2, m = 0, s = 0;
  stx::math::adam_update(p, 0.0, m, s, stx::math::adam_step(0.1, 0.1, 0.001), o);
  CHECK(p == doctest::Approx(2 * (1 - 0.1 * 0.5)));
  CHECK(m == 0);
  CHECK(s == 0);
}

TEST_CASE("coupled decay is part of the gradient") {
  stx::AdamOptions o, plain;
  o.weight_decay = 0.5f;
  double p1 = 2, m1 = 0, s1 = 0, p2 = 2, m2 = 0, s2 = 0;
  stx::math::adam_update(p1, 0.25, m1, s1, stx::math::adam_step(0.1, 0.1, 0.001), o);
  stx::math::adam_update(p2, 0.25 + 0.5 * 2, m2, s2, stx::math::adam_step(0.1, 0.1, 0.001), plain);
  CHECK(p1 == p2);
  CHECK(m1 == m2);
  CHECK(s1 == s2);
}

TEST_CASE("no gradient, no decay: nothing moves") {
  double p = 3, m = 0, s = 0;
  stx::math::adam_update(p, 0.0, m, s, stx::math::adam_step(0.1, 0.1, 0.001), stx::AdamOptions{});
  CHECK(p == 3);
}
