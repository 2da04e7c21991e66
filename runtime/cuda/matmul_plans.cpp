// cuBLASLt counts by columns: a row-major matrix is its transpose there. So c^T = op(b)^T op(a)^T is asked for, with b
// first, and a vector over the rows of c^T is one over the columns of c.
#include "runtime/cuda/matmul_plans.hpp"

#include "runtime/cuda/cuda_check.hpp"
#include "runtime/cuda/cuda_stream.hpp"

namespace syngrad::cuda {

struct matmul_plans::plan {
  cublasLtMatmulDescOpaque_t operation;
  cublasLtMatrixLayoutOpaque_t first, second, output;
  cublasLtMatmulAlgo_t algorithm;
  std::size_t workspace_bytes;
};

namespace {

cublasComputeType_t compute_type(cuda_precision precision, factor_type factors) {
  return precision == cuda_precision::tf32 && factors == factor_type::f32 ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                                          : CUBLAS_COMPUTE_32F;
}

cublasLtEpilogue_t lt_epilogue(epilogue after) {
  switch (after) {
  case epilogue::bias:
    return CUBLASLT_EPILOGUE_BIAS;
  case epilogue::bias_relu:
    return CUBLASLT_EPILOGUE_RELU_BIAS;
  case epilogue::relu:
    return CUBLASLT_EPILOGUE_RELU;
  case epilogue::sums_of_a:
    return CUBLASLT_EPILOGUE_BGRADB; // our a is the second factor
  case epilogue::none:
    break;
  }
  return CUBLASLT_EPILOGUE_DEFAULT;
}

template <class Value>
void set(const call_site& from, cublasLtMatmulDescOpaque_t& of, cublasLtMatmulDescAttributes_t which,
         const Value& value) {
  check(from, cublasLtMatmulDescSetAttribute(&of, which, &value, sizeof value));
}

template <class Value>
void set(const call_site& from, cublasLtMatmulPreferenceOpaque_t& of, cublasLtMatmulPreferenceAttributes_t which,
         const Value& value) {
  check(from, cublasLtMatmulPreferenceSetAttribute(&of, which, &value, sizeof value));
}

template <class Value>
void set(const call_site& from, cublasLtMatrixLayoutOpaque_t& of, cublasLtMatrixLayoutAttribute_t which,
         const Value& value) {
  check(from, cublasLtMatrixLayoutSetAttribute(&of, which, &value, sizeof value));
}

// A dense row-major [rows, columns], or `count` of them, `stride` elements apart.
void describe(const call_site& from, cublasLtMatrixLayoutOpaque_t& layout, cudaDataType_t type, std::int64_t rows,
              std::int64_t columns, std::int64_t count, std::int64_t stride) {
  check(from, cublasLtMatrixLayoutInit(&layout, type, static_cast<std::uint64_t>(columns),
                                       static_cast<std::uint64_t>(rows), columns));
  if (count == 1) return;
  set(from, layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<std::int32_t>(count));
  set(from, layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, stride);
}

cublasLtMatmulPreferenceOpaque_t preference(const call_site& from, const product_kind& of,
                                            std::int64_t workspace_bytes) {
  cublasLtMatmulPreferenceOpaque_t out;
  check(from, cublasLtMatmulPreferenceInit(&out));
  set(from, out, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(workspace_bytes));
  set(from, out, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, of.alignment_b);
  set(from, out, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, of.alignment_a);
  set(from, out, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, of.alignment_c);
  set(from, out, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, of.alignment_c);
  return out;
}

// The heuristic looks at the alignment of the vector's address only.
void set_vector_alignment(const call_site& from, cublasLtMatmulDescOpaque_t& operation, std::uint32_t alignment) {
  set(from, operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
      reinterpret_cast<const void*>(static_cast<std::uintptr_t>(alignment)));
}

} // namespace

matmul_plans::matmul_plans(const cuda_options& options) : precision_(options.precision) {
  const call_site here{options.ordinal, "start cuBLASLt"};
  const device_scope current(here);
  check(here, cublasLtCreate(&handle_));
}

matmul_plans::~matmul_plans() {
  cublasLtDestroy(handle_);
}

std::optional<matmul_plans::plan> matmul_plans::ask(const call_site& from, const product_kind& of,
                                                    std::int64_t workspace_bytes) const {
  plan made{};
  const auto factors = of.factors == factor_type::bf16 ? CUDA_R_16BF : CUDA_R_32F;
  check(from, cublasLtMatmulDescInit(&made.operation, compute_type(precision_, of.factors), CUDA_R_32F));
  set(from, made.operation, CUBLASLT_MATMUL_DESC_TRANSA, of.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(from, made.operation, CUBLASLT_MATMUL_DESC_TRANSB, of.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  if (of.after != epilogue::none) {
    set(from, made.operation, CUBLASLT_MATMUL_DESC_EPILOGUE, lt_epilogue(of.after));
    if (of.after != epilogue::relu) set_vector_alignment(from, made.operation, of.alignment_vector);
  }
  const auto& batch = of.batch;
  describe(from, made.first, factors, of.transpose_b ? of.n : of.k, of.transpose_b ? of.k : of.n, batch.count,
           batch.stride_b);
  describe(from, made.second, factors, of.transpose_a ? of.k : of.m, of.transpose_a ? of.m : of.k, batch.count,
           batch.stride_a);
  describe(from, made.output, CUDA_R_32F, of.m, of.n, batch.count, batch.stride_c);

  auto wanted = preference(from, of, workspace_bytes);
  cublasLtMatmulHeuristicResult_t best{};
  int count = 0;
  const auto outcome = cublasLtMatmulAlgoGetHeuristic(handle_, &made.operation, &made.first, &made.second, &made.output,
                                                      &made.output, &wanted, 1, &best, &count);
  const bool refused = outcome == CUBLAS_STATUS_NOT_SUPPORTED || outcome == CUBLAS_STATUS_INVALID_VALUE;
  if (!refused) check(from, outcome);
  if (refused || count == 0 || best.state != CUBLAS_STATUS_SUCCESS) return std::nullopt;
  made.algorithm = best.algo;
  made.workspace_bytes = best.workspaceSize;
  return made;
}

const std::optional<matmul_plans::plan>& matmul_plans::find(const call_site& from, const matmul_product& of,
                                                            std::int64_t workspace_bytes) {
  const auto kind = kind_of(of);
  const std::lock_guard lock(mutex_);
  const auto known = plans_.find(kind);
  if (known != plans_.end()) return known->second;
  return plans_.emplace(kind, ask(from, kind, workspace_bytes)).first->second;
}

bool matmul_plans::run(cuda_stream& on, const call_site& from, const matmul_product& of) {
  const auto& workspace = on.workspace();
  const auto& found = find(from, of, workspace.elements());
  if (!found) return false;
  auto with = *found; // a copy: streams that share the plan have vectors of their own
  if (of.vector) set(from, with.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<const void*>(of.vector));
  check(from, cublasLtMatmul(handle_, &with.operation, &of.alpha, of.b, &with.first, of.a, &with.second, &of.beta, of.c,
                             &with.output, of.c, &with.output, &with.algorithm, workspace.data(), with.workspace_bytes,
                             on.handle()));
  return true;
}

} // namespace syngrad::cuda
