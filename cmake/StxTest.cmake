# stx_add_tests(NAME FILE... [QUICK] [LIBS lib...] [LABELS label...] [PCH header]): one doctest program `test_NAME`, one
# ctest entry `NAME.FILE` per source file. A file all of whose work needs something that is absent
# prints "Skipped: reason" and is counted as skipped.
# QUICK: tests whose own code is not worth optimising (stx_quick_build). PCH: a header with which every
# file of the program begins; it is compiled once.
find_package(doctest REQUIRED)

if(NOT TARGET stx_test_main)
  add_library(stx_test_main OBJECT ${PROJECT_SOURCE_DIR}/tests/support/main.cpp)
  target_compile_features(stx_test_main PUBLIC cxx_std_20)
  target_link_libraries(stx_test_main PUBLIC doctest::doctest)
  stx_quick_build(stx_test_main)
endif()

function(stx_add_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "QUICK" "PCH" "LIBS;LABELS")
  add_executable(test_${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(test_${name} PRIVATE stx_test_main doctest::doctest stx::stx ${arg_LIBS})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(test_${name} PRIVATE
    STX_TEST_DATA_DIR="${STX_DATA_DIR}" STX_TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}/tests")
  stx_warnings(test_${name})
  if(arg_QUICK)
    stx_quick_build(test_${name})
  endif()
  if(arg_PCH)
    target_precompile_headers(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/${arg_PCH})
  endif()
  foreach(source IN LISTS arg_UNPARSED_ARGUMENTS)
    get_filename_component(stem ${source} NAME_WE)
    string(REGEX REPLACE "_test$" "" short ${stem})
    add_test(NAME ${name}.${short} COMMAND test_${name} --source-file=*/${stem}.*)
    set_tests_properties(${name}.${short} PROPERTIES
      SKIP_REGULAR_EXPRESSION "Skipped: " TIMEOUT 600 LABELS "${arg_LABELS}"
      FAIL_REGULAR_EXPRESSION "test cases: +0 \\|")
  endforeach()
endfunction()
