# cmake --build BUILD --target uninstall: removes what the last `cmake --install` of this build
# folder installed, below DESTDIR where it is set.
if(NOT EXISTS "${MANIFEST}")
  message(FATAL_ERROR "nothing was installed from this build folder: ${MANIFEST} is missing")
endif()
file(STRINGS "${MANIFEST}" installed)
foreach(path ${installed})
  file(REMOVE "$ENV{DESTDIR}${path}")
  message(STATUS "removed $ENV{DESTDIR}${path}")
endforeach()
