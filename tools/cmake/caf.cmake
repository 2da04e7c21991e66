# Makes the target syngrad_caf: CAF 0.17 installs no CMake package of its own. Included by the build and, installed,
# by the package that others find; so it is an imported target, which an export names instead of holding.
if(NOT TARGET syngrad_caf)
  find_path(CAF_INCLUDE_DIR caf/all.hpp)
  find_library(CAF_CORE_LIBRARY caf_core)
  if(CAF_INCLUDE_DIR AND CAF_CORE_LIBRARY)
    add_library(syngrad_caf INTERFACE IMPORTED GLOBAL)
    target_include_directories(syngrad_caf SYSTEM INTERFACE ${CAF_INCLUDE_DIR})
    target_link_libraries(syngrad_caf INTERFACE ${CAF_CORE_LIBRARY} Threads::Threads)
  endif()
endif()
