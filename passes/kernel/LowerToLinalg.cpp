// Lowers the graph ops of kernel functions to linalg on tensors; how is in lowering/.
#include "passes/kernel/KernelInfo.h"
#include "passes/kernel/Passes.h"
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_LOWERTOLINALGPASS
#include "passes/kernel/Passes.h.inc"

namespace {
struct LowerToLinalgPass : impl::LowerToLinalgPassBase<LowerToLinalgPass> {
  void runOnOperation() final {
    func::FuncOp func = getOperation();
    if (isKernel(func) && !emittedWhole(func) && failed(KernelLowering(func).run()))
      signalPassFailure();
  }
};
} // namespace
} // namespace tensel
