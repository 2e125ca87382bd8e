# cmake -DGIT=... -DSOURCE=... -DOUT=... -P WriteCommit.cmake
# Writes OUT, a source file that says which commit SOURCE is at; only when that has changed, so that nothing else is
# compiled again. "-dirty": files of the commit were changed. "unknown": SOURCE is not the top of a git checkout.
set(commit unknown)
if(GIT)
  execute_process(COMMAND "${GIT}" --no-optional-locks -C "${SOURCE}" rev-parse --show-cdup
    RESULT_VARIABLE failed OUTPUT_VARIABLE up OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed AND up STREQUAL "")
    execute_process(COMMAND "${GIT}" --no-optional-locks -C "${SOURCE}" rev-parse --verify HEAD
      RESULT_VARIABLE failed OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND "${GIT}" --no-optional-locks -C "${SOURCE}" status --porcelain --untracked-files=no
      OUTPUT_VARIABLE changes ERROR_QUIET)
    if(NOT failed)
      set(commit "${head}")
      if(NOT changes STREQUAL "")
        string(APPEND commit "-dirty")
      endif()
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT "${OUT}" @ONLY CONTENT [[
#include "examples/common/build_commit.hpp"

namespace stx {

const char* build_commit() { return "@commit@"; }

}  // namespace stx
]])
