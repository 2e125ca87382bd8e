// The suites of all devices, and one function per op that fills them.
#pragma once

#include <memory>

#include "contracts.inc"
#include "suite.hpp"

namespace stx::bench {

/// One suite per device of this machine.
class Suites {
 public:
  Suites(const ContextOptions& options, bool with_peaks) {
    for_each_device([&]<class D>() {
      std::get<std::unique_ptr<Suite<D>>>(all_) = std::make_unique<Suite<D>>(options, with_peaks);
    });
  }

  template <class F>
  void each(F&& f) {
    std::apply([&](auto&... suite) { ((suite ? f(*suite) : void()), ...); }, all_);
  }
  bool failed() {
    bool any = false;
    each([&](auto& suite) { any = any || suite.failed(); });
    return any;
  }

 private:
  SuiteTuple<Suite> all_;
};

#define STX_BENCH_OP(op) void register_##op(Suites&);
#include "all_ops.inc"
#undef STX_BENCH_OP

}  // namespace stx::bench
