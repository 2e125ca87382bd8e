// Device tags. Every op chooses its body by overload on `Context<Cpu>` or `Context<Cuda>`.
#pragma once

namespace stx {

struct Cpu {
  static constexpr const char* name = "cpu";
};

struct Cuda {
  static constexpr const char* name = "cuda";
};

}  // namespace stx
