// Placeholder until the pass is written: does nothing.
#include "passes/kernel/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_PREPAREKERNELPASS
#include "passes/kernel/Passes.h.inc"

namespace {
struct PrepareKernelPass : impl::PrepareKernelPassBase<PrepareKernelPass> {
  void runOnOperation() final {}
};
} // namespace
} // namespace tensel
