// Every step of a ladder as a benchmark: judged against plain loops in double, then timed.
#pragma once

#include <memory>
#include <string>

#include "ladder.hpp"
#include "suite.hpp"

namespace stx::steps {

/// `shape` is a problem without memory; `make(ctx, rows)` a unique_ptr to a case with that many
/// rows. The bytes of a step are those that it must move, as predicted.
template <class Problem, class Make>
void add_ladder(bench::Suite<Cuda>& suite, const std::string& name, std::int64_t rows, double flops,
                const Ladder<Problem>& ladder, const Problem& shape, Make make) {
  for (const Rung<Problem>& rung : ladder) {
    const auto bytes = static_cast<double>(rung.traffic(shape).moved);
    suite.add(name + "/" + rung.name, rows, {bytes, flops},
              [make, run = rung.run](Context<Cuda>& ctx, std::int64_t few) {
                const std::shared_ptr made = make(ctx, few);
                return bench::Case{[&ctx, made, run] { run(ctx, made->problem); }, [made] { return made->error(); }};
              });
  }
}

void add_softmax(bench::Suite<Cuda>& suite);
void add_gat(bench::Suite<Cuda>& suite);
void add_count_decoder(bench::Suite<Cuda>& suite);

}  // namespace stx::steps
