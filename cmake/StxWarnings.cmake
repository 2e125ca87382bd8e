# stx_warnings(TARGET): the warnings under which stx itself is compiled; all of them are errors in
# the presets used by CI (STX_WERROR).
option(STX_WERROR "Treat warnings in stx's own programs as errors" OFF)
function(stx_warnings target)
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wno-unknown-pragmas>
    # g++ 12 reports its own AVX-512 intrinsics when Eigen inlines them.
    "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-maybe-uninitialized;-Wno-uninitialized;-Wno-restrict>"
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${STX_WERROR}>>:-Werror>
    $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>
    $<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<BOOL:${STX_WERROR}>>:-Werror=all-warnings>)
endfunction()
