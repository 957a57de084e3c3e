# SPDX-License-Identifier: Apache-2.0
# Before cpack makes packages: Debian's manual pages are compressed. -n: without names and times, so always the same.
file(GLOB_RECURSE pages ${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/man/man1/*.1)
foreach(page IN LISTS pages)
  execute_process(COMMAND gzip -9n ${page} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
