// Which commit a program was built from.
#pragma once

namespace stx {

/// The 40 digits of the git commit that the sources were at when the program was built, with "-dirty" if files
/// were changed since; "unknown" when the sources were no git checkout.
const char* build_commit();

}  // namespace stx
