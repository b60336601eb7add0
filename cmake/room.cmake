# stillgood_room(NAME USES other rooms… LIBRARIES imported targets…)
# The static library of the sources in this folder. It may include and link only what it USES.
function(stillgood_room name)
  cmake_parse_arguments(room "" "" "USES;LIBRARIES;EXTRA_SOURCES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  add_library(${name} STATIC ${sources} ${room_EXTRA_SOURCES})
  target_link_libraries(${name} PUBLIC stillgood_flags ${room_USES} ${room_LIBRARIES})
endfunction()
