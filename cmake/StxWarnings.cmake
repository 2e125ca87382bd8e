# -O1 for code that does no work worth mentioning itself, and compiles in half the time: text, JSON, flags,
# programs that call numeric code in other targets. stx_quick_build(TARGET), stx_quick_sources(FILE...)
# Bodies of ops must not be compiled that way: what is built with -O1 is written to quick_sources.txt, whose
# includes lint.quick_sources follows.
set(STX_QUICK "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:Release,RelWithDebInfo>>:-O1>")
function(stx_list_quick_sources folder)
  foreach(source IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${folder})
    set_property(GLOBAL APPEND_STRING PROPERTY stx_quick_list "${source}\n")
  endforeach()
endfunction()
function(stx_quick_build target)
  target_compile_options(${target} PRIVATE ${STX_QUICK})
  get_target_property(sources ${target} SOURCES)
  get_target_property(folder ${target} SOURCE_DIR)
  stx_list_quick_sources(${folder} ${sources})
endfunction()
function(stx_quick_sources)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS ${STX_QUICK})
  stx_list_quick_sources(${CMAKE_CURRENT_SOURCE_DIR} ${ARGN})
endfunction()
function(stx_write_quick_list)
  get_property(list GLOBAL PROPERTY stx_quick_list)
  file(CONFIGURE OUTPUT quick_sources.txt CONTENT "${list}" @ONLY)
endfunction()
cmake_language(DEFER CALL stx_write_quick_list)  # when all folders have been read

# stx_compile_together(TARGET [N]): its sources in batches of N (all, without N), so that what they share, most
# of all readers and writers of files, is compiled once a batch.
function(stx_compile_together target)
  set(batch ${ARGN} 0)  # 0: all
  list(GET batch 0 batch)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${batch})
endfunction()

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
