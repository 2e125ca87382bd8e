// The bytes that each step of the ladders moves and issues, counted, are those that it predicts.
#include "traffic.hpp"

#include "count_decoder/case.hpp"
#include "gat/case.hpp"
#include "softmax/case.hpp"
#include "support/device_rig.hpp"

using namespace stx::test;

namespace {

/// A context whose two arenas are one watched block each.
struct Watch {
  stx::Context<stx::Cuda> ctx;

  Watch() {
    for (stx::Arena* arena : {&ctx.persistent(), &ctx.step_arena()}) {
      constexpr std::size_t bytes = 24 << 20;
      watch_memory(arena->allocate_bytes(bytes), bytes);
      arena->reset();
    }
  }
  ~Watch() { watch_nothing(); }

  /// Prints a line of the table in bench/steps/README.md for each step; `unit` names what the bytes
  /// are divided by.
  template <class Case, class Ladder>
  void count(const char* name, Case& made, const Ladder& ladder, std::int64_t units, const char* unit) {
    for (const auto& rung : ladder) {
      INFO(std::string(rung.name));
      made.arrays.clear();
      stx::begin_pass(ctx);
      take_traffic();
      rung.run(ctx, made.problem);
      ctx.synchronize();
      const CountedTraffic counted = take_traffic();
      const stx::steps::Traffic predicted = rung.traffic(made.problem);
      CHECK(counted.launches == predicted.launches);
      CHECK(counted.moved == predicted.moved);
      CHECK(counted.issued == predicted.issued);
      const auto per_unit = [&](std::int64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(units); };
      std::printf("%s %s: %.2f bytes moved, %.2f issued per %s, %d launches\n", name, rung.name,
                  per_unit(counted.moved), per_unit(counted.issued), unit, static_cast<int>(counted.launches));
    }
    CHECK(ctx.persistent().bytes_reserved() == std::size_t{24} << 20);  // no array was out of sight
    CHECK(ctx.step_arena().bytes_reserved() == std::size_t{24} << 20);
  }
};

}  // namespace

TEST_CASE("traffic: softmax") {
  for (const auto& [rows, n] : {std::pair{64, 2000}, std::pair{9, 333}}) {
    Watch watch;
    stx::steps::SoftmaxCase made(watch.ctx, rows, n);
    watch.count("softmax", made, stx::steps::softmax_ladder(), rows * n, "element");
  }
}

TEST_CASE("traffic: graph attention") {
  for (const auto& [nodes, heads, dim] : {std::tuple{1000, 4, 16}, std::tuple{100, 3, 40}}) {
    Watch watch;
    stx::steps::GatCase made(watch.ctx, stx::steps::scattered_rows(nodes, 20), heads, dim);
    watch.count("gat", made, stx::steps::gat_ladder(), nodes * heads * dim, "node and feature");
  }
}

TEST_CASE("traffic: decoder head") {
  for (const auto& [rows, cols] : {std::pair{256, 500}, std::pair{21, 333}}) {
    Watch watch;
    stx::steps::CountDecoderCase made(watch.ctx, rows, cols);
    watch.count("decoder", made, stx::steps::count_decoder_ladder(), rows * cols, "element");
  }
}
