# The translation units that instantiate every kernel for float. stx_compiled builds them with nvcc,
# the emulated device of the tests builds the same files with the C++ compiler.
set(STX_INSTANTIATE_SOURCES)
foreach(op IN ITEMS adam draw_rows elementwise gather_log1p gemm hide_inputs linear mse residual_layer_norm
        shared_kv_attention)
  list(APPEND STX_INSTANTIATE_SOURCES ${PROJECT_SOURCE_DIR}/kernels/instantiate/${op}.cu)
endforeach()
