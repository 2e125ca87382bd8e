# Install tree and the package `stx` for find_package.
include(CMakePackageConfigHelpers)
install(DIRECTORY include/stx DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY kernels/stx_kernels DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set(stx_exported stx)
foreach(target stx_cuda stx_io stx_leiden stx_compiled)
  if(TARGET ${target})
    list(APPEND stx_exported ${target})
  endif()
endforeach()
install(TARGETS ${stx_exported} EXPORT stxTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT stxTargets NAMESPACE stx:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/stx)
configure_package_config_file(cmake/stxConfig.cmake.in ${PROJECT_BINARY_DIR}/stxConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/stx)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/stxConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/stxConfig.cmake ${PROJECT_BINARY_DIR}/stxConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/stx)
