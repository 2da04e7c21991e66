# What `cmake --install` leaves: the libraries, their headers, and a package for find_package(syngrad);
# the program beside them is tools/' own.
# A library built with SYNGRAD_NATIVE runs on processors like this machine's only; turn it off for one that travels.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/syngrad)

# One target for users: syngrad::syngrad.
add_library(syngrad_package INTERFACE)
target_link_libraries(syngrad_package INTERFACE syngrad_runtime syngrad_cuda syngrad_models syngrad_actors)
set_target_properties(syngrad_package PROPERTIES EXPORT_NAME syngrad)
foreach(part runtime cuda models actors)
  set_target_properties(syngrad_${part} PROPERTIES EXPORT_NAME ${part})
  target_compile_features(syngrad_${part} PUBLIC cxx_std_20)
endforeach()

install(TARGETS syngrad_package syngrad_runtime syngrad_cuda syngrad_models syngrad_actors EXPORT syngrad
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
include(tools/cmake/public_headers.cmake)
syngrad_installed_headers(installed_headers)
foreach(header IN LISTS installed_headers)
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/syngrad/${folder})
endforeach()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_package_config_file(tools/cmake/syngrad-config.cmake.in ${PROJECT_BINARY_DIR}/syngrad-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/syngrad-config-version.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT syngrad NAMESPACE syngrad:: DESTINATION ${package_dir} FILE syngrad-targets.cmake)
install(FILES ${PROJECT_BINARY_DIR}/syngrad-config.cmake ${PROJECT_BINARY_DIR}/syngrad-config-version.cmake
              tools/cmake/caf.cmake
        DESTINATION ${package_dir})
