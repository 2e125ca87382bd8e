#include "stx/backend/cpu/amx_gemm.hpp"

#include <bit>
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "doctest/doctest.h"

namespace {

TEST_CASE("amx: three parts of eight bits make a float again") {
#if defined(STX_AMX)
  std::mt19937 random(1);
  std::vector<float> values = {0.0f,        -0.0f,  1.0f,     -1.0f,         0.1f,
                               16777215.0f, 1e-30f, -3.3e38f, 0x1.fffffep0f, 0x1.010101p5f};
  std::uniform_real_distribution<float> mantissa(-2, 2);
  std::uniform_int_distribution<int> exponent(-90, 120);
  while (values.size() < 16 * 1000) values.push_back(std::ldexp(mantissa(random), exponent(random)));
  for (std::size_t i = 0; i < values.size(); i += 16) {
    const stx::cpu::AmxParts parts(stx::cpu::simd_load(values.data() + i));
    for (int lane = 0; lane < 16; ++lane) {
      float sum = 0, largest = std::abs(values[i + lane]);
      for (int p = 0; p < stx::cpu::amx_parts; ++p) {
        const std::uint32_t bits = parts.part[p][lane];
        CHECK((bits & 0xffffu) == 0);  // nothing below a bfloat16
        const float part = std::bit_cast<float>(bits);
        CHECK(std::abs(part) <= largest * 1.01f);
        largest = std::abs(values[i + lane]) * std::ldexp(1.0f, -8 * (p + 1));
        sum += part;
      }
      CHECK(sum == values[i + lane]);
    }
  }
#else
  std::puts("Skipped: compiled without the matrix unit");
#endif
}

}  // namespace
