# Whole models on CUDA: on the emulated device, and on a real one.
set(cuda_models casper_step_cuda_test.cpp dcavae_positions_cuda_test.cpp)
set(dcavae_parts $<TARGET_NAME_IF_EXISTS:stx_dcavae_training>)
if(STX_EXAMPLES)  # whose part that trains needs no files
  list(APPEND cuda_models dcavae_pairs_cuda_test.cpp dcavae_step_cuda_test.cpp dcavae_times_cuda_test.cpp)
endif()
set(cuda_models_of_dcavae ${cuda_models})
list(FILTER cuda_models_of_dcavae INCLUDE REGEX "^dcavae_")
set_source_files_properties(${cuda_models_of_dcavae} PROPERTIES UNITY_GROUP dcavae_cuda)  # compiled once a device
if(STX_EMULATOR)
  stx_add_tests(models_emulated ${cuda_models} QUICK LIBS stx_emulated stx_cpu_bodies ${dcavae_parts})
  target_include_directories(test_models_emulated PRIVATE ${PROJECT_SOURCE_DIR})
  set_target_properties(test_models_emulated PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  foreach(model IN LISTS cuda_models)
    string(REPLACE "_test.cpp" "" model ${model})
    set_tests_properties(models_emulated.${model} PROPERTIES ENVIRONMENT STX_EMULATOR_CHECK=1)
  endforeach()
  if(STX_IO AND STX_EXAMPLES)  # the commands of a runner, compiled for this device
    stx_add_tests(commands_emulated dcavae_program_cuda_test.cpp QUICK LIBS stx_dcavae_cpu stx_emulated)
    target_include_directories(test_commands_emulated PRIVATE ${PROJECT_SOURCE_DIR})
    target_sources(test_commands_emulated PRIVATE ${PROJECT_SOURCE_DIR}/examples/dcavae/casper_fold_cuda.cpp
      ${PROJECT_SOURCE_DIR}/examples/dcavae/run_cuda.cpp)
  endif()
endif()
if(STX_CUDA_ENABLED)
  stx_add_tests(models_real_device ${cuda_models} QUICK LIBS stx::compiled stx_cpu_bodies ${dcavae_parts} LABELS gpu)
  target_include_directories(test_models_real_device PRIVATE ${PROJECT_SOURCE_DIR})
  set_target_properties(test_models_real_device PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(STX_IO AND STX_EXAMPLES)
    stx_add_tests(commands_real_device dcavae_program_cuda_test.cpp QUICK LIBS stx_dcavae_cpu stx_dcavae_cuda
      LABELS gpu)
    target_include_directories(test_commands_real_device PRIVATE ${PROJECT_SOURCE_DIR})
  endif()
endif()
