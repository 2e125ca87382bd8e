// Launching: cudaLaunchKernelEx copies the arguments and hands the kernel to the scheduler.
#pragma once

#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <stx_emulator/runtime_types.hpp>

namespace stx_emulator {

struct Launch {
  const void* kernel = nullptr;
  dim3 grid, block;
  std::size_t shared_bytes = 0;
  std::vector<const void*> pointers;  ///< the pointer arguments; null where the argument is none
  std::function<void()> thread_body;  ///< runs the kernel for the current thread
};

/// Checks the configuration, then runs or records the launch.
cudaError_t submit(Launch launch, const cudaLaunchConfig_t& config);

template <class T>
const void* pointer_argument(const T& argument) {
  if constexpr (std::is_pointer_v<T> && !std::is_function_v<std::remove_pointer_t<T>>) {
    return argument;
  } else {
    return nullptr;
  }
}

}  // namespace stx_emulator

template <class... Expected, class... Actual>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Expected...), Actual&&... arguments) {
  static_assert(sizeof...(Expected) == sizeof...(Actual), "wrong number of kernel arguments");
  static_assert((std::is_trivially_copyable_v<Expected> && ...),
                "kernel arguments are copied to the device byte by byte");
  return [&](Expected... coerced) {
    stx_emulator::Launch launch{
        reinterpret_cast<const void*>(kernel),
        config->gridDim,
        config->blockDim,
        config->dynamicSmemBytes,
        {stx_emulator::pointer_argument(coerced)...},
        [kernel, parameters = std::tuple<Expected...>(coerced...)] { std::apply(kernel, parameters); }};
    return stx_emulator::submit(std::move(launch), *config);
  }(std::forward<Actual>(arguments)...);
}
