# The translation units that instantiate every kernel for float. stx_compiled builds them with nvcc,
# the emulated device of the tests builds the same files with the C++ compiler.
file(GLOB STX_INSTANTIATE_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/instantiate/*.cu)
