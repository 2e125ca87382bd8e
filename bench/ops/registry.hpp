// The suites of all devices, and one function per op that fills them.
#pragma once

#include <memory>

#include "suite.hpp"

namespace stx::bench {

/// One suite per device of this machine.
class Suites {
 public:
  explicit Suites(const ContextOptions& options) {
    for_each_device([&]<class D>() {
      std::get<std::unique_ptr<Suite<D>>>(all_) = std::make_unique<Suite<D>>(options);
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

void register_adam(Suites&);
void register_draw_rows(Suites&);
void register_elementwise(Suites&);
void register_gather_log1p(Suites&);
void register_gemm(Suites&);
void register_hide_inputs(Suites&);
void register_linear(Suites&);
void register_mse(Suites&);
void register_residual_layer_norm(Suites&);
void register_shared_kv_attention(Suites&);

}  // namespace stx::bench
