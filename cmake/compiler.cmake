# SPDX-License-Identifier: Apache-2.0
# How everything is compiled: language, floating point, warnings, hardening, sanitizers.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# What all targets share. No contraction of a * b + c: encoding must give the same bits on every machine. No folder of the
# build is named in what is built, so that the same sources give the same bytes anywhere.
add_library(umbra_settings INTERFACE)
target_compile_options(umbra_settings INTERFACE
  -ffp-contract=off -fstack-protector-strong -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
cmake_path(IS_PREFIX PROJECT_SOURCE_DIR ${PROJECT_BINARY_DIR} built_inside)
if(NOT built_inside)
  target_compile_options(umbra_settings INTERFACE -ffile-prefix-map=${PROJECT_BINARY_DIR}/=build/)
endif()
# POSIX beside ISO C; defined empty, so that a source which defines it too does not redefine it.
target_compile_definitions(umbra_settings INTERFACE _DEFAULT_SOURCE=)
target_link_options(umbra_settings INTERFACE LINKER:-z,relro,-z,now)
if(UMBRA_SANITIZE)
  target_compile_options(umbra_settings INTERFACE -fsanitize=${UMBRA_SANITIZE} -fno-sanitize-recover=all
                                                  -fno-omit-frame-pointer)
  target_link_options(umbra_settings INTERFACE -fsanitize=${UMBRA_SANITIZE})
endif()
if(UMBRA_SANITIZE MATCHES "thread")
  add_library(umbra_c11_threads STATIC ${PROJECT_SOURCE_DIR}/tests/tsan/c11_threads.c)
  target_compile_options(umbra_c11_threads PRIVATE -fsanitize=${UMBRA_SANITIZE} -O1)
  set_target_properties(umbra_c11_threads PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(umbra_settings INTERFACE umbra_c11_threads)
endif()

# Warnings of our own code. -Wconversion without its sign part, which the types of the intrinsics would drown; shadowing
# of locals only, so that a variable may be named like its type.
set(shadow_warning $<IF:$<C_COMPILER_ID:GNU>,-Wshadow=local,-Wshadow>)
add_library(umbra_warnings INTERFACE)
target_compile_options(umbra_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wvla ${shadow_warning}
  $<$<COMPILE_LANGUAGE:C>:-Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes>)
# Tests, benchmarks: the same without -Wconversion.
add_library(umbra_test_warnings INTERFACE)
target_compile_options(umbra_test_warnings INTERFACE
  -Wall -Wextra -Wpedantic ${shadow_warning} $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>)
# Library and program: programs may call from threads with small stacks. (Sanitizers pad frames.)
add_library(umbra_small_frames INTERFACE)
if(NOT UMBRA_SANITIZE)
  target_compile_options(umbra_small_frames INTERFACE -Wframe-larger-than=16384)
endif()
if(UMBRA_WERROR)
  # gcc's guess about uninitialised variables stays a warning: it cannot know that a failing call returns no UMBRA_OK.
  set(werror -Werror $<$<C_COMPILER_ID:GNU>:-Wno-error=maybe-uninitialized>)
  target_compile_options(umbra_warnings INTERFACE ${werror})
  target_compile_options(umbra_test_warnings INTERFACE ${werror})
endif()
