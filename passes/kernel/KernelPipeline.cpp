// The order of the kernel passes, and the dialects they need.
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Linalg/Transforms/TilingInterfaceImpl.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/TensorTilingInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Transforms/Passes.h"
#include "passes/kernel/Passes.h"

using namespace mlir;

namespace tensel {
void buildKernelPipeline(OpPassManager &pm, const KernelOptions &options) {
  EmitQuantizedPassOptions quantized;
  quantized.vectorBits = options.vectorBits;
  quantized.hasDotProducts = options.hasDotProducts;
  quantized.pastCaches = options.pastCaches;
  pm.addNestedPass<func::FuncOp>(createEmitQuantizedPass(quantized));
  pm.addNestedPass<func::FuncOp>(createPrepareKernelPass());
  EmitContractionPassOptions contraction;
  contraction.vectorBits = options.vectorBits;
  pm.addNestedPass<func::FuncOp>(createEmitContractionPass(contraction));
  EmitAttentionPassOptions attention;
  attention.vectorBits = options.vectorBits;
  attention.anyLanes = !options.bitExact;
  pm.addNestedPass<func::FuncOp>(createEmitAttentionPass(attention));
  pm.addNestedPass<func::FuncOp>(createEmitLoopsPass());
  if (options.bitExact)
    pm.addNestedPass<func::FuncOp>(createFixOrderPass());
  pm.addPass(createLowerKernelAbiPass());
  pm.addPass(createLowerKernelToLLVMPass());
}

void registerTenselKernelPipelines() {
  PassPipelineRegistration<KernelOptions>("tensel-kernel-pipeline", "Kernel functions: linalg on tensors to the LLVM dialect.",
                                          buildKernelPipeline);
}

void registerTenselKernelDialects(DialectRegistry &registry) {
  registry.insert<affine::AffineDialect, arith::ArithDialect, bufferization::BufferizationDialect, cf::ControlFlowDialect,
                  func::FuncDialect, linalg::LinalgDialect, LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, tensor::TensorDialect, vector::VectorDialect>();
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerTilingInterfaceExternalModels(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerTilingInterfaceExternalModels(registry);
}
} // namespace tensel
