#include "stx/core/error.hpp"

#include <doctest/doctest.h>

TEST_CASE("an error message names the place and joins its parts") {
  CHECK_THROWS_WITH_AS(stx::fail<stx::DataError>("read_csr", "expected ", 3, " rows, got ", 2),
                       "[read_csr] expected 3 rows, got 2", stx::DataError);
  CHECK_NOTHROW(stx::require(true, "x", "never"));
  CHECK_THROWS_AS(stx::require(false, "x", "always"), stx::ArgumentError);
}
