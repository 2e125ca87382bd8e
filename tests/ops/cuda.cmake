# The CUDA tests, twice from the same sources: test_ops_emulated runs the kernels on the emulated device
# wherever Boost.Context is, test_ops_real_device on a GPU (and is skipped without one).
set(stx_ops_cuda_tests
  adam_cuda_test.cpp context_cuda_test.cpp draw_rows_cuda_test.cpp elementwise_cuda_test.cpp gather_log1p_cuda_test.cpp
  gemm_cuda_test.cpp hide_inputs_cuda_test.cpp linear_cuda_test.cpp mse_cuda_test.cpp residual_layer_norm_cuda_test.cpp
  shared_kv_attention_cuda_test.cpp)
if(STX_EMULATOR)
  stx_add_tests(ops_emulated ${stx_ops_cuda_tests} LIBS stx_emulated)
endif()
if(STX_CUDA_ENABLED)
  stx_add_tests(ops_real_device ${stx_ops_cuda_tests} LIBS stx::compiled LABELS gpu)
endif()
