# Whole models on CUDA: on the emulated device, and on a real one.
if(STX_EMULATOR)
  stx_add_tests(models_emulated casper_step_cuda_test.cpp LIBS stx_emulated)
  target_include_directories(test_models_emulated PRIVATE ${PROJECT_SOURCE_DIR})
endif()
if(STX_CUDA_ENABLED)
  stx_add_tests(models_real_device casper_step_cuda_test.cpp LIBS stx::compiled LABELS gpu)
  target_include_directories(test_models_real_device PRIVATE ${PROJECT_SOURCE_DIR})
endif()
