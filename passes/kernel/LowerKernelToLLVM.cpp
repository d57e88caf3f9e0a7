// Placeholder until the pass is written: does nothing.
#include "passes/kernel/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_LOWERKERNELTOLLVMPASS
#include "passes/kernel/Passes.h.inc"

namespace {
struct LowerKernelToLLVMPass : impl::LowerKernelToLLVMPassBase<LowerKernelToLLVMPass> {
  void runOnOperation() final {}
};
} // namespace
} // namespace tensel
