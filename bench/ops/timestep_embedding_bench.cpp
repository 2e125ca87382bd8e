#include "registry.hpp"
#include "stx/ops/timestep_embedding.hpp"

namespace stx::bench {
namespace {

template <class D>
Case embedding_case(Context<D>& ctx, std::int64_t rows) {
  const std::int64_t width = 256;
  Buffers<D> memory(ctx);
  std::vector<std::int32_t> times;
  for (std::int64_t i = 0; i < rows; ++i) times.push_back(static_cast<std::int32_t>(i * 7 % 1500));
  const TimestepEmbedding<float> args{to_device(ctx, times, Shape{rows}).data, memory.output(rows * width), rows, width,
                                      std::log(10000.0)};
  const auto error = [memory, args, times, width] {
    std::vector<double> want;
    for (std::int32_t t : times)
      for (std::int64_t j = 0; j < width; ++j) {
        const double angle = t * std::exp(-std::log(10000.0) * static_cast<double>(j % 128) / 128.0);
        want.push_back(j < 128 ? std::cos(angle) : std::sin(angle));
      }
    return memory.error(args.out, want);
  };
  return {[&ctx, args] { timestep_embedding(ctx, args); }, error};
}

}  // namespace

template <class D>
void add_timestep_embedding(Suite<D>& suite) {
  for (const std::int64_t rows : {256, 65536})
    suite.add((rows == 256 ? "timestep_embedding/" : "timestep_embedding/large_") + std::to_string(rows) + "x256", rows,
              {1024.0 * static_cast<double>(rows), 0},
              [](Context<D>& ctx, std::int64_t n) { return embedding_case(ctx, n); });
}
void register_timestep_embedding(Suites& suites) {
  suites.each([](auto& suite) { add_timestep_embedding(suite); });
}

}  // namespace stx::bench
