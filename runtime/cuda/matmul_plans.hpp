// Matrix products by cuBLASLt. Which algorithm is best is asked once for each kind of product (extents, types,
// alignment, epilogue) and remembered.
//
// Threads: any; products on one stream come from its owner, for they share its workspace.
#pragma once

#include "runtime/cuda/cuda_devices.hpp"
#include "runtime/cuda/kernels/matmul_product.hpp"

#include <cublasLt.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace syngrad::cuda {

class cuda_stream;
struct call_site;

class matmul_plans {
public:
  explicit matmul_plans(const cuda_options& options);
  ~matmul_plans();
  matmul_plans(const matmul_plans&) = delete;
  matmul_plans& operator=(const matmul_plans&) = delete;

  bool rounds_to_bf16() const { return precision_ == cuda_precision::bf16; }
  // Whether the product sees its factors with fewer bits than they have.
  bool rounds_factors() const { return precision_ != cuda_precision::f32; }

  // Enqueues the product. False, and nothing done, where cuBLASLt offers no algorithm for it: then the caller goes
  // without the epilogue or the narrower type.
  bool run(cuda_stream& on, const call_site& from, const matmul_product& of);

private:
  struct plan;

  const std::optional<plan>& find(const call_site& from, const matmul_product& of, std::int64_t workspace_bytes);
  std::optional<plan> ask(const call_site& from, const product_kind& of, std::int64_t workspace_bytes) const;

  cuda_precision precision_;
  cublasLtHandle_t handle_ = nullptr;
  std::mutex mutex_;
  std::map<product_kind, std::optional<plan>> plans_; // their addresses stay
};

} // namespace syngrad::cuda
