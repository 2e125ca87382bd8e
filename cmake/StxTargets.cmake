# The header-only targets.
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(OpenMP REQUIRED COMPONENTS CXX)

add_library(stx INTERFACE)
add_library(stx::stx ALIAS stx)
target_compile_features(stx INTERFACE cxx_std_20)
target_include_directories(stx INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/kernels>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# stx splits a GEMM into fixed panels itself, so that results do not depend on the thread count.
target_compile_definitions(stx INTERFACE EIGEN_DONT_PARALLELIZE)
target_link_libraries(stx INTERFACE Eigen3::Eigen OpenMP::OpenMP_CXX)

if(STX_CUDA_ENABLED)
  add_library(stx_cuda INTERFACE)
  add_library(stx::cuda ALIAS stx_cuda)
  set_target_properties(stx_cuda PROPERTIES EXPORT_NAME cuda)
  target_link_libraries(stx_cuda INTERFACE stx CUDA::cudart CUDA::cublasLt)
  # -std: CMake 3.25 does not know that nvcc speaks C++20. -fopenmp: OpenMP::OpenMP_CXX does not reach
  # CUDA sources, and without it an inline loop may turn serial.
  target_compile_options(stx_cuda INTERFACE
    "$<$<COMPILE_LANGUAGE:CUDA>:-std=c++20;-Xcompiler=-fopenmp;--expt-relaxed-constexpr>")
  target_compile_definitions(stx_cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:EIGEN_NO_CUDA>)
endif()

if(STX_IO)
  find_package(HDF5 REQUIRED COMPONENTS C)
  find_package(ZLIB REQUIRED)
  find_package(nlohmann_json 3.10 REQUIRED)
  find_package(fmt REQUIRED)
  find_package(igraph 0.10 REQUIRED)
  # Debian's igraph names development files of its private dependencies, which its package does not
  # bring; the shared library finds them itself.
  set_target_properties(igraph::igraph PROPERTIES INTERFACE_LINK_LIBRARIES "")
  add_library(stx_io INTERFACE)
  add_library(stx::io ALIAS stx_io)
  set_target_properties(stx_io PROPERTIES EXPORT_NAME io)
  target_link_libraries(stx_io INTERFACE stx HDF5::HDF5 ZLIB::ZLIB nlohmann_json::nlohmann_json fmt::fmt)

  add_library(stx_leiden INTERFACE)
  add_library(stx::leiden ALIAS stx_leiden)
  set_target_properties(stx_leiden PROPERTIES EXPORT_NAME leiden)
  target_link_libraries(stx_leiden INTERFACE stx igraph::igraph)
endif()
