# SPDX-License-Identifier: Apache-2.0
# Manual pages and completion for shells, which the program makes of its own tables of options.
if(NOT TARGET umbra_program)
  return()
endif()
if(CMAKE_CROSSCOMPILING)
  message(STATUS "Manual pages are left out: the program is for another machine")
  return()
endif()

find_program(UMBRA_BASH bash)
if(NOT UMBRA_BASH)
  message(STATUS "Manual pages are left out: bash makes them")
  return()
endif()
set(manual ${PROJECT_BINARY_DIR}/manual)
add_custom_command(OUTPUT ${manual}/done
  COMMAND ${UMBRA_BASH} ${PROJECT_SOURCE_DIR}/scripts/make_manual $<TARGET_FILE:umbra_program> ${manual}
  COMMAND ${CMAKE_COMMAND} -E touch ${manual}/done
  DEPENDS umbra_program ${PROJECT_SOURCE_DIR}/scripts/make_manual VERBATIM)
add_custom_target(umbra_manual ALL DEPENDS ${manual}/done)

# Optional, for those who build the library alone.
install(DIRECTORY ${manual}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT tools OPTIONAL)
install(FILES ${manual}/bash/umbra DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT tools
        OPTIONAL)
install(FILES ${manual}/zsh/_umbra DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT tools OPTIONAL)
install(FILES ${manual}/fish/umbra.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT tools
        OPTIONAL)
