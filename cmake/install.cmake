# SPDX-License-Identifier: Apache-2.0
# make install: headers, library, program, CMake package, pkg-config file, licence; manual.cmake has the manual pages.
# Components are the packages that packages.cmake makes: library, development, tools; and licence, which these have as
# Debian wants it.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Umbra)
set(installed_libraries umbra)
if(UMBRA_STATIC)
  list(APPEND installed_libraries umbra_static)
endif()

install(DIRECTORY include/umbra DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(TARGETS ${installed_libraries} umbra_cpp EXPORT UmbraTargets
        LIBRARY COMPONENT library NAMELINK_COMPONENT development
        ARCHIVE COMPONENT development)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT licence)
if(TARGET umbra_program)
  install(TARGETS umbra_program COMPONENT tools)
endif()

install(EXPORT UmbraTargets NAMESPACE Umbra:: DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(cmake/UmbraConfig.cmake.in UmbraConfig.cmake INSTALL_DESTINATION ${package_dir})
# 0.x: every minor version may break the API.
write_basic_package_version_file(UmbraConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/UmbraConfig.cmake ${PROJECT_BINARY_DIR}/UmbraConfigVersion.cmake
        DESTINATION ${package_dir} COMPONENT development)

# Paths in umbra.pc are relative to the file, so that the package can be installed anywhere.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pc_prefix /${pc_dir} /)
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
# Only static linking needs the private part. It names libraries, not packages, which would be asked for in any case.
set(pc_private "")
if(UMBRA_STATIC)
  set(pc_private "Libs.private: -lsodium -lprotobuf-c -lcjson -lz ${CMAKE_THREAD_LIBS_INIT} -lm${umbra_cuda_libraries}\n")
endif()
configure_file(cmake/umbra.pc.in umbra.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/umbra.pc DESTINATION ${pc_dir} COMPONENT development)
