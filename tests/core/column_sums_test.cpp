#include "stx/backend/cpu/column_sums.hpp"

#include "support/compare.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::GradWrite;

TEST_CASE("column sums: value, overwrite, accumulate, thread counts") {
  for (std::int64_t rows : odd_sizes)
    for (std::int64_t width : {std::int64_t{0}, std::int64_t{1}, std::int64_t{33}}) {
      const auto values = random_values(rows * width, 1);
      std::vector<double> want(width, 0.0);
      std::vector<float> rough(width, 0.0f);
      for (std::int64_t i = 0; i < rows * width; ++i) {
        want[i % width] += values[i];
        rough[i % width] += static_cast<float>(values[i]);
      }
      const auto input = convert<float>(values);
      const auto run = [&](int threads, GradWrite write, float initial) {
        stx::Context<Cpu> ctx({.threads = threads});
        Guarded<float> target(width, initial);
        stx::cpu::column_sums(ctx, input.data(), rows, width, target.data(), write);
        CHECK(target.intact());
        return target.content();
      };
      const auto once = run(1, GradWrite::overwrite, std::nanf(""));
      check_close("column sums", once, want, rough, 8);
      for (int threads : {2, 3, 5}) CHECK(same_bits(once, run(threads, GradWrite::overwrite, 3.0f)));
      for (auto& v : want) v += 0.5;
      for (auto& v : rough) v += 0.5f;
      check_close("accumulated", run(2, GradWrite::accumulate, 0.5f), want, rough, 8);
    }
}
