#include "stx/math/philox.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

using stx::philox4x32_10;
using Words = std::array<std::uint32_t, 4>;

TEST_CASE("Philox 4x32-10 gives the published known answers") {
  // Random123, kat_vectors.
  CHECK(philox4x32_10({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32_10({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("uniform numbers lie inside the open interval") {
  CHECK(stx::uniform_open(0u) > 0.0f);
  CHECK(stx::uniform_open(~0u) < 1.0f);
  CHECK(stx::uniform_open(0u, 0u) > 0.0);
  CHECK(stx::uniform_open(~0u, ~0u) < 1.0);
  CHECK(stx::uniform_open(0x80000000u) == doctest::Approx(0.5));
}

TEST_CASE("a stream walks the counter of its seed, item and purpose") {
  stx::PhiloxStream stream(0x0123456789abcdefull, stx::RandomPurpose::shuffle, 0x1122334455667788ull);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const Words words = philox4x32_10({block, 0x55667788, 0x11223344, 2}, {0x89abcdef, 0x01234567});
    for (std::uint32_t word : words) CHECK(stream() == word);
  }
}

TEST_CASE("streams of other seeds, items and purposes differ") {
  std::set<std::uint32_t> first;
  for (std::uint64_t seed : {0, 1})
    for (std::uint64_t item : {0, 1})
      for (auto purpose : {stx::RandomPurpose::initialise, stx::RandomPurpose::dropout, stx::RandomPurpose::mask})
        first.insert(stx::PhiloxStream(seed, purpose, item)());
  CHECK(first.size() == 12);
}

TEST_CASE("uniform draws have the moments of the uniform distribution") {
  stx::PhiloxStream stream(11, stx::RandomPurpose::simulate);
  const int n = 200000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double u = stream.uniform();
    sum += u;
    squares += u * u;
  }
  CHECK(std::abs(sum / n - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
  CHECK(std::abs(squares / n - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / n));
}

TEST_CASE("below(n) is uniform on 0..n-1") {
  stx::PhiloxStream stream(12, stx::RandomPurpose::shuffle);
  int counts[6] = {};
  const int n = 60000;
  for (int i = 0; i < n; ++i) {
    const std::uint32_t k = stream.below(6);
    REQUIRE(k < 6);
    ++counts[k];
  }
  double chi_square = 0;
  for (int c : counts) chi_square += (c - n / 6.0) * (c - n / 6.0) / (n / 6.0);
  CHECK(chi_square < 25.7);  // 0.9999 quantile, 5 degrees of freedom
  CHECK(stream.below(1) == 0);
  CHECK(stream.below(0x80000001u) <= 0x80000000u);
}
