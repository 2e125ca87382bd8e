#include "add_ladder.hpp"
#include "softmax/case.hpp"

void stx::steps::add_softmax(bench::Suite<Cuda>& suite) {
  const auto add = [&](const std::string& name, std::int64_t rows, std::int64_t n) {
    add_ladder(suite, "softmax/" + name, rows, 25.0 * static_cast<double>(rows * n), softmax_ladder(),
               {.rows = rows, .n = n},
               [n](Context<Cuda>& ctx, std::int64_t few) { return std::make_unique<SoftmaxCase>(ctx, few, n); });
  };
  add("65536x32", 65536, 32);
  add("4096x2000", 4096, 2000);
}
