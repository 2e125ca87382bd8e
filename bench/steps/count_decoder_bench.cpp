#include "add_ladder.hpp"
#include "count_decoder/case.hpp"

void stx::steps::add_count_decoder(bench::Suite<Cuda>& suite) {
  const auto add = [&](const std::string& name, std::int64_t rows, std::int64_t cols) {
    CountDecoderProblem shape;
    shape.forward.model.rows = rows;
    shape.forward.model.cols = cols;
    add_ladder(
        suite, "count_decoder/" + name, rows, 380.0 * static_cast<double>(rows * cols), count_decoder_ladder(), shape,
        [cols](Context<Cuda>& ctx, std::int64_t few) { return std::make_unique<CountDecoderCase>(ctx, few, cols); });
  };
  add("1024x2000", 1024, 2000);
  add("4096x2000", 4096, 2000);
}
