// Version of stx. CMake reads the three numbers from this file.
#pragma once

#define STX_VERSION_MAJOR 0
#define STX_VERSION_MINOR 1
#define STX_VERSION_PATCH 0

namespace stx {

/// Version as "major.minor.patch".
inline constexpr const char* version_string = "0.1.0";

}  // namespace stx
