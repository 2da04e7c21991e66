# Sets SYNGRAD_CUDA_FOUND, and makes CUDA a language of the build where it is. A build without CUDA is complete: AUTO
# takes the compiler where there is one, ON insists. No GPU is needed to compile.
set(SYNGRAD_CUDA_FOUND OFF)
if(SYNGRAD_CUDA STREQUAL "OFF")
  return()
endif()

find_program(SYNGRAD_NVCC nvcc PATHS /usr/local/cuda/bin ENV CUDA_HOME PATH_SUFFIXES bin)
if(NOT SYNGRAD_NVCC)
  if(SYNGRAD_CUDA STREQUAL "AUTO")
    message(STATUS "CUDA compiler: none found; building for the CPU")
    return()
  endif()
  message(FATAL_ERROR "SYNGRAD_CUDA=${SYNGRAD_CUDA}: no CUDA compiler (nvcc) was found. Add its folder to PATH, "
                      "or configure with -DSYNGRAD_CUDA=OFF.")
endif()

# Machine code for the data centre's devices (A100, H100), and PTX of the newest, which the driver compiles for devices
# that are newer still.
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 90-virtual)
endif()
if(NOT CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER ${SYNGRAD_NVCC})
endif()
if(CCACHE AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE})
endif()
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION) # CMake 3.25 does not know that nvcc takes C++20, as it does since 12.0
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
endif()
find_package(CUDAToolkit 12.0 REQUIRED)
foreach(library cublasLt cusolver cudart_static)
  if(NOT TARGET CUDA::${library})
    message(FATAL_ERROR "CUDA was found in ${CUDAToolkit_BIN_DIR}, but not its library ${library}. Install the whole "
                        "toolkit, or configure with -DSYNGRAD_CUDA=OFF.")
  endif()
endforeach()
set(SYNGRAD_CUDA_FOUND ON)
message(STATUS "CUDA compiler: ${SYNGRAD_NVCC}, for ${CMAKE_CUDA_ARCHITECTURES}")
