// Kernel code generation: from one function per fusion group (linalg on tensors) to LLVM-dialect functions over a closure.
// The order of the passes is buildKernelPipeline(); what each does is in Passes.td.
#ifndef TENSEL_PASSES_KERNEL_PASSES_H
#define TENSEL_PASSES_KERNEL_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "passes/NumericClass.h"

namespace mlir {
class DialectRegistry;
}

namespace tensel {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/kernel/Passes.h.inc"

/// What the machine code is made for; everything else follows from the IR.
struct KernelOptions : mlir::PassPipelineOptions<KernelOptions> {
  Option<int64_t> vectorBits{*this, "vector-bits", llvm::cl::desc("Width of a vector register: 256 or 512"), llvm::cl::init(256)};
  Option<bool> hasDotProducts{*this, "dot-products", llvm::cl::desc("The processor has AVX512-VNNI"), llvm::cl::init(false)};
  Option<bool> pastCaches{*this, "past-caches", llvm::cl::desc("Weights are larger than caches"), llvm::cl::init(false)};
  Option<bool> bitExact{*this, "bit-exact", llvm::cl::desc("The same bits for every width and batch"), llvm::cl::init(false)};
};

/// Appends every pass that takes the module's kernel functions (attribute `tensel.kernel`, bodies of linalg on tensors) to
/// LLVM-dialect functions `@k(ptr closure, i64 begin, i64 end)` and `i64 @k_count(ptr closure)`. Other functions are left alone.
void buildKernelPipeline(mlir::OpPassManager &pm, const KernelOptions &options);

/// Registers the pipeline above as `tensel-kernel-pipeline`.
void registerTenselKernelPipelines();

/// The dialects that kernels pass through, with the interface implementations that the passes ask for.
void registerTenselKernelDialects(mlir::DialectRegistry &registry);

/// True for functions that this folder compiles.
inline bool isKernel(mlir::func::FuncOp func) { return func->hasAttr("tensel.kernel") && !func.isDeclaration(); }
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_PASSES_H
