# The CUDA tests, twice from the same sources: test_ops_emulated runs the kernels on the emulated device
# wherever Boost.Context is, test_ops_real_device on a GPU (and is skipped without one). Five to a unit: most of what such
# a file costs is the same in all.
if(STX_EMULATOR)
  stx_add_tests(ops_emulated ${ops_cuda_tests} QUICK LIBS stx_emulated stx_cpu_bodies PCH support/device_rig.hpp)
  stx_compile_together(test_ops_emulated 5)
  # Launches 1, 2, 4, 8 ... of every kernel in every one of these tests run in several orders of their threads and
  # blocks (docs/emulator.md): a missing barrier changes the result.
  set(checked_kernels "")
  foreach(source IN LISTS ops_cuda_tests)
    string(REPLACE "_test.cpp" "" op ${source})
    set_tests_properties(ops_emulated.${op} PROPERTIES FIXTURES_SETUP checked_kernels
      ENVIRONMENT "STX_EMULATOR_CHECK=some;STX_EMULATOR_KERNELS=${CMAKE_CURRENT_BINARY_DIR}/${op}.kernels")
    list(APPEND checked_kernels ${CMAKE_CURRENT_BINARY_DIR}/${op}.kernels)
  endforeach()
  if(NOT STX_ONLY_OPS)  # no kernel of the library goes without
    add_test(NAME ops_emulated.every_kernel_checked
      COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/every_kernel_checked.sh ${PROJECT_SOURCE_DIR}/kernels ${checked_kernels})
    set_tests_properties(ops_emulated.every_kernel_checked PROPERTIES FIXTURES_REQUIRED checked_kernels)
  endif()
  # The kernels with most barriers once more, every launch. STX_EMULATOR_CHECK=1 does the same for any of these tests.
  foreach(op IN ITEMS attention count_log_prob gat row_norm shared_kv_attention)
    add_test(NAME ops_emulated.${op}_checked
      COMMAND test_ops_emulated --source-file=*/${op}_cuda_test.* "--test-case=*overwrite and accumulate*")
    set_tests_properties(ops_emulated.${op}_checked PROPERTIES
      ENVIRONMENT STX_EMULATOR_CHECK=1 TIMEOUT 600 FAIL_REGULAR_EXPRESSION "test cases: +0 \\|")
  endforeach()
endif()
if(STX_CUDA_ENABLED)
  stx_add_tests(ops_real_device ${ops_cuda_tests} QUICK LIBS stx::compiled stx_cpu_bodies LABELS gpu PCH support/device_rig.hpp)
  stx_compile_together(test_ops_real_device 5)
endif()
