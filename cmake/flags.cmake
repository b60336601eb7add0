# Warnings and hardening for every target.
option(STILLGOOD_WERROR "Treat warnings as errors" OFF)
option(STILLGOOD_FUZZ "Build the fuzz targets for libFuzzer (needs clang)" OFF)
set(STILLGOOD_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

add_library(stillgood_flags INTERFACE)
target_compile_options(stillgood_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Wpointer-arith -Wwrite-strings -Wundef -Wformat=2 -Wimplicit-fallthrough
  -fno-common -fstack-protector-strong -fvisibility=hidden)
target_compile_definitions(stillgood_flags INTERFACE _GNU_SOURCE
  STILLGOOD_VERSION="${PROJECT_VERSION}")
target_include_directories(stillgood_flags INTERFACE
  ${PROJECT_SOURCE_DIR}/responder ${PROJECT_SOURCE_DIR})

if(STILLGOOD_WERROR)
  target_compile_options(stillgood_flags INTERFACE -Werror)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(stillgood_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(STILLGOOD_SANITIZE)
  target_compile_options(stillgood_flags INTERFACE
    -fsanitize=${STILLGOOD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(stillgood_flags INTERFACE -fsanitize=${STILLGOOD_SANITIZE})
endif()
if(STILLGOOD_FUZZ)
  target_compile_options(stillgood_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_link_options(-Wl,-z,relro -Wl,-z,now)
