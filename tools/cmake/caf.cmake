# Makes the target syngrad_caf: CAF 0.17 installs no CMake package of its own. Included by the build and, installed,
# by the package that others find; so it is an imported target, which an export names instead of holding.
if(NOT TARGET syngrad_caf)
  find_path(CAF_INCLUDE_DIR caf/all.hpp)
  find_library(CAF_CORE_LIBRARY caf_core)
  find_library(CAF_IO_LIBRARY caf_io)
  find_library(CAF_OPENSSL_LIBRARY caf_openssl)
  if(CAF_INCLUDE_DIR AND CAF_CORE_LIBRARY AND CAF_IO_LIBRARY AND CAF_OPENSSL_LIBRARY)
    add_library(syngrad_caf INTERFACE IMPORTED GLOBAL)
    target_include_directories(syngrad_caf SYSTEM INTERFACE ${CAF_INCLUDE_DIR})
    target_link_libraries(syngrad_caf INTERFACE ${CAF_OPENSSL_LIBRARY} ${CAF_IO_LIBRARY} ${CAF_CORE_LIBRARY} Threads::Threads)
  endif()
endif()
