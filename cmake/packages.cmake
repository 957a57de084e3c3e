# SPDX-License-Identifier: Apache-2.0
# Debian packages, one for each component: scripts/package builds them, docs/packages.md says how they are used.
# The build is to be configured with the prefix /usr, so that it has Debian's folders.
set(UMBRA_MAINTAINER "Umbra <umbra@packages.invalid>" CACHE STRING "Who the packages are of, as name <address>")
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(UMBRA_GZIP gzip REQUIRED)
if(NOT microhttpd_FOUND)
  message(FATAL_ERROR "packages have umbra serve, which needs libmicrohttpd's header (Debian: libmicrohttpd-dev)")
endif()
set(packaging ${PROJECT_SOURCE_DIR}/packaging/debian)
set(prepared ${PROJECT_BINARY_DIR}/packages)

set(package_library libumbra${umbra_abi})
set(package_development libumbra-dev)
set(package_tools umbra)
set(package_python python3-umbra)
set(components library development tools python)

# ---- the Python package: for the library of the system ----
set(python_package ${PROJECT_SOURCE_DIR}/bindings/python)
set(python_dir lib/python3/dist-packages) # where Debian's Python looks, whatever its version
file(GLOB python_modules CONFIGURE_DEPENDS ${python_package}/umbra/*.py ${python_package}/umbra/py.typed)
list(FILTER python_modules EXCLUDE REGEX "/_api\\.py$") # as a build of the wheel may leave it
file(GLOB public_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/umbra/*.h)
add_custom_command(OUTPUT ${prepared}/_api.py
  COMMAND ${CMAKE_COMMAND} -E env CC=${CMAKE_C_COMPILER} PYTHONDONTWRITEBYTECODE=1
          ${Python3_EXECUTABLE} ${python_package}/declarations.py ${prepared}/_api.py
  DEPENDS ${python_package}/declarations.py ${public_headers} VERBATIM)
configure_file(${packaging}/METADATA.in ${prepared}/METADATA @ONLY)
install(FILES ${python_modules} ${prepared}/_api.py DESTINATION ${python_dir}/umbra COMPONENT python EXCLUDE_FROM_ALL)
install(FILES ${prepared}/METADATA DESTINATION ${python_dir}/umbra-${PROJECT_VERSION}.dist-info COMPONENT python
        EXCLUDE_FROM_ALL)

# ---- what Debian wants of every package: copyright, changelog, overrides ----
string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC) # of SOURCE_DATE_EPOCH, where that is set
set(prepared_files ${prepared}/_api.py)
foreach(component IN LISTS components)
  set(package ${package_${component}})
  configure_file(${packaging}/changelog.in ${prepared}/${package}.changelog @ONLY)
  add_custom_command(OUTPUT ${prepared}/${package}/changelog.Debian.gz
    COMMAND ${CMAKE_COMMAND} -E make_directory ${prepared}/${package}
    COMMAND sh -c "\"$0\" -9nc \"$1\" > \"$2\"" ${UMBRA_GZIP} ${prepared}/${package}.changelog
            ${prepared}/${package}/changelog.Debian.gz
    DEPENDS ${prepared}/${package}.changelog VERBATIM)
  list(APPEND prepared_files ${prepared}/${package}/changelog.Debian.gz)
  install(FILES ${packaging}/copyright ${prepared}/${package}/changelog.Debian.gz DESTINATION share/doc/${package}
          COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES ${packaging}/${component}.overrides DESTINATION share/lintian/overrides RENAME ${package}
          COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
add_custom_target(umbra_packages ALL DEPENDS ${prepared_files})

# ---- cpack ----
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME umbra)
set(CPACK_PACKAGE_CONTACT "${UMBRA_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/compress_manual.cmake)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(exactly "(= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
if(umbra_with_cuda)
  set(with_gpu "GPUs of NVIDIA are used where their driver is installed.")
else()
  set(with_gpu "This build computes on processors only.")
endif()

# umbra_describe_package COMPONENT SECTION SUMMARY LINE...
function(umbra_describe_package component section summary)
  string(TOUPPER ${component} name)
  list(JOIN ARGN "\n" lines)
  set(CPACK_DEBIAN_${name}_PACKAGE_NAME ${package_${component}} PARENT_SCOPE)
  set(CPACK_DEBIAN_${name}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_COMPONENT_${name}_DESCRIPTION "computing on encrypted numbers: ${summary}\n${lines}" PARENT_SCOPE)
endfunction()
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each has its own
umbra_describe_package(library libs "the library"
  "Umbra is an engine for the homomorphic encryption scheme RNS-CKKS:"
  "arithmetic, matrices, neural networks and trainings on encrypted records."
  "${with_gpu}")
umbra_describe_package(development libdevel "headers for C and C++"
  "Headers, the file for pkg-config and the CMake package of the library"
  "Umbra, which computes on encrypted numbers.")
umbra_describe_package(tools science "the program"
  "Keys, encrypted trainings and networks, audits and measurements from the"
  "command line, with manual pages and completion for shells.")
umbra_describe_package(python python "the Python package"
  "Ciphertexts with operators, matrices, networks from ONNX, and classifiers"
  "in the style of scikit-learn.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY =)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR})
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "${package_library} ${exactly}")
set(CPACK_DEBIAN_TOOLS_PACKAGE_RECOMMENDS libmicrohttpd12) # umbra serve loads it
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${package_library} ${exactly}")
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS
    "${package_library} ${exactly}, python3 (>= 3.9), python3-cffi-backend, python3-numpy")
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA ${packaging}/postinst ${packaging}/prerm)
include(CPack)
