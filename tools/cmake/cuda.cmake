# Sets SYNGRAD_CUDA_FOUND. A build without CUDA is complete: AUTO takes the compiler where there is one, ON insists.
set(SYNGRAD_CUDA_FOUND OFF)
if(NOT SYNGRAD_CUDA STREQUAL "OFF")
  find_program(SYNGRAD_NVCC nvcc PATHS /usr/local/cuda/bin ENV CUDA_HOME PATH_SUFFIXES bin)
  if(SYNGRAD_NVCC)
    set(SYNGRAD_CUDA_FOUND ON)
    message(STATUS "CUDA compiler: ${SYNGRAD_NVCC}")
  elseif(SYNGRAD_CUDA STREQUAL "AUTO")
    message(STATUS "CUDA compiler: none found; building for the CPU")
  else()
    message(FATAL_ERROR "SYNGRAD_CUDA=${SYNGRAD_CUDA}: no CUDA compiler (nvcc) was found. Add its folder to PATH, "
                        "or configure with -DSYNGRAD_CUDA=OFF.")
  endif()
endif()
