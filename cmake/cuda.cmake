# SPDX-License-Identifier: Apache-2.0
# Whether the CUDA backend is built: umbra_with_cuda, and the compiler that builds it, CMAKE_CUDA_COMPILER.
# The toolkit of /usr/local/cuda counts even where it is not on the PATH.
if(NOT UMBRA_CUDA MATCHES "^(AUTO|ON|OFF|TRUE|FALSE|1|0)$")
  message(FATAL_ERROR "UMBRA_CUDA is ${UMBRA_CUDA}; it can be AUTO, ON or OFF")
endif()
set(umbra_with_cuda ${UMBRA_CUDA})
if(NOT UMBRA_CUDA)
  return()
endif()

set(umbra_no_cuda "")
if(NOT CMAKE_CUDA_COMPILER AND DEFINED ENV{CUDACXX})
  set(CMAKE_CUDA_COMPILER $ENV{CUDACXX})
elseif(NOT CMAKE_CUDA_COMPILER)
  find_program(UMBRA_NVCC nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME /usr/local/cuda PATH_SUFFIXES bin
               DOC "CUDA compiler")
  mark_as_advanced(UMBRA_NVCC)
  if(UMBRA_NVCC)
    set(CMAKE_CUDA_COMPILER ${UMBRA_NVCC})
  else()
    set(umbra_no_cuda "nvcc is neither on the PATH nor in /usr/local/cuda/bin")
  endif()
endif()

if(NOT umbra_no_cuda)
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --version OUTPUT_VARIABLE umbra_nvcc_version ERROR_QUIET)
  if(NOT umbra_nvcc_version MATCHES "release ([0-9]+)\\.[0-9]+" OR CMAKE_MATCH_1 LESS 12)
    set(umbra_no_cuda "${CMAKE_CUDA_COMPILER} is not of CUDA 12 or later")
  endif()
endif()

if(NOT umbra_no_cuda)
  set(umbra_with_cuda ON)
elseif(UMBRA_CUDA STREQUAL "AUTO")
  set(umbra_with_cuda OFF)
else()
  message(FATAL_ERROR "UMBRA_CUDA=${UMBRA_CUDA}, but ${umbra_no_cuda}. Install the CUDA toolkit (12 or later), set "
                      "CMAKE_CUDA_COMPILER, or configure with -DUMBRA_CUDA=OFF.")
endif()
if(umbra_no_cuda)
  string(PREPEND umbra_no_cuda ": ")
endif()
message(STATUS "CUDA backend: ${umbra_with_cuda} (UMBRA_CUDA=${UMBRA_CUDA}${umbra_no_cuda})")
