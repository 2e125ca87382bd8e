#pragma once

#include <string>

namespace stx_emulator {

/// The C++ name of the function at `address`, from the symbol table of the file it was loaded from.
std::string function_name(const void* address);

}  // namespace stx_emulator
