// The emulated device's stand-in for the CUDA toolkit's header of this name. Put this folder first
// on the include path and g++ compiles kernel files unchanged; see docs/emulator.md.
#pragma once

#include <stx_emulator/atomics.hpp>
#include <stx_emulator/control.hpp>
#include <stx_emulator/device_math.hpp>
#include <stx_emulator/launch.hpp>
#include <stx_emulator/qualifiers.hpp>
#include <stx_emulator/runtime_api.hpp>
#include <stx_emulator/runtime_types.hpp>
#include <stx_emulator/vector_types.hpp>
#include <stx_emulator/warp.hpp>
