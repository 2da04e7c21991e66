// Marks functions that run on the host and on the GPU. Compiled by another compiler than nvcc, they are ordinary ones:
// so the arithmetic of every kernel is written once and tested without a GPU.
#pragma once

#ifdef __CUDACC__
#define SYNGRAD_HOST_DEVICE __host__ __device__
#else
#define SYNGRAD_HOST_DEVICE
#endif
