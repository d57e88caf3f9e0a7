# Rules shared by everything we compile, and the helper for code that must stay
# free of LLVM and MLIR (the runtime, the file readers).
add_library(TenselWarnings INTERFACE)
target_compile_options(TenselWarnings INTERFACE -Wall -Wextra -Werror -Wno-unused-parameter
  -Wimplicit-fallthrough -ffunction-sections -fdata-sections)
if(TENSEL_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
# Our own assertions stay on in every build but release.
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" OR TENSEL_ASSERTIONS)
  add_compile_options(-UNDEBUG)
endif()
add_link_options(--ld-path=/usr/bin/ld.lld-22 -Wl,--gc-sections)

# tensel_plain_library(Name sources... [LINK libs...]): no MLIR, no exceptions needed by callers.
function(tensel_plain_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE TenselWarnings)
endfunction()
