#include "support/compare.hpp"

#include <cmath>
#include <limits>

namespace {

using stx::test::check_close;
using stx::test::max_error;

constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
const std::vector<double> two{1, 2}, with_nan{1, nan}, with_infinity{1, infinity};
const std::vector<float> two_floats{1, 2}, nan_float{1, static_cast<float>(nan)},
    infinite_float{1, static_cast<float>(infinity)};

TEST_CASE("compare: what is no number differs from everything, an infinity from all but itself") {
  CHECK(max_error(two, two) == 0);
  CHECK(max_error(two, with_nan) == infinity);
  CHECK(max_error(with_nan, with_nan) == infinity);
  CHECK(max_error(two, with_infinity) == infinity);
  CHECK(max_error(with_infinity, with_infinity) == 0);
  CHECK(max_error(two, std::vector<double>{1}) == infinity);
}

TEST_CASE("compare: equal infinities are close, and do not widen the bound of the others") {
  check_close("an infinity", infinite_float, with_infinity, infinite_float);
}

// Each of these must fail.
TEST_CASE("compare: a value beside an infinity" * doctest::should_fail()) {
  check_close("1.01", std::vector<float>{1.01f, static_cast<float>(infinity)}, with_infinity, infinite_float);
}
TEST_CASE("compare: a reference that is no number" * doctest::should_fail()) {
  check_close("wanted", two_floats, with_nan, two_floats);
}
TEST_CASE("compare: a naive reference that is no number" * doctest::should_fail()) {
  check_close("naive", two_floats, two, nan_float);
}
TEST_CASE("compare: NaN for NaN" * doctest::should_fail()) { check_close("NaN", nan_float, with_nan, nan_float); }
TEST_CASE("compare: NaN for a number" * doctest::should_fail()) { check_close("NaN", nan_float, two, two_floats); }

}  // namespace
