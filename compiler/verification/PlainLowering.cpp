// MLIR's own conversions in a fixed order; see PlainLowering.h.
#include "compiler/verification/PlainLowering.h"

#include "compiler/Diagnostics.h"
#include "compiler/Pipeline.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace tensel::verification {
namespace {
/// So that the order of operations is that of the IR.
void dropFastMath(Operation *root) {
  root->walk([](arith::ArithFastMathInterface op) {
    op->setAttr(op.getFastMathAttrName(), arith::FastMathFlagsAttr::get(op.getContext(), arith::FastMathFlags::none));
  });
}

/// Between integers and bf16 LLVM knows no way but by f32.
template <typename Op>
void convertThroughF32(Operation *root) {
  root->walk([](Op op) {
    OpBuilder b(op);
    auto f32Like = [&](Type type) -> Type {
      auto shaped = dyn_cast<ShapedType>(type);
      return shaped ? Type(shaped.clone(b.getF32Type())) : b.getF32Type();
    };
    if (getElementTypeOrSelf(op.getType()).isBF16()) {
      Value number = Op::create(b, op.getLoc(), f32Like(op.getType()), op.getIn());
      op.replaceAllUsesWith(arith::TruncFOp::create(b, op.getLoc(), op.getType(), number).getResult());
      op.erase();
    } else if (getElementTypeOrSelf(op.getIn().getType()).isBF16()) {
      Value wide = arith::ExtFOp::create(b, op.getLoc(), f32Like(op.getIn().getType()), op.getIn());
      op->setOperand(0, wide);
    }
  });
}

/// Tensors in memory that the caller gives; each result is copied to its destination.
void takeMemory(func::FuncOp function) {
  unsigned results = function.getNumResults(), first = function.getNumArguments() - results;
  Block &body = function.front();
  OpBuilder b = OpBuilder::atBlockBegin(&body);
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    argument.setType(MemRefType::get(type.getShape(), type.getElementType()));
    auto tensor = bufferization::ToTensorOp::create(b, argument.getLoc(), type, argument, /*restrict=*/true,
                                                    /*writable=*/argument.getArgNumber() >= first);
    argument.replaceAllUsesExcept(tensor, tensor);
  }
  Operation *ret = body.getTerminator();
  b.setInsertionPoint(ret);
  for (auto [index, value] : llvm::enumerate(ret->getOperands()))
    if (isa<RankedTensorType>(value.getType()))
      bufferization::MaterializeInDestinationOp::create(b, ret->getLoc(), TypeRange{}, value, function.getArgument(first + index),
                                                        /*restrict=*/true,
                                                        /*writable=*/true);
  ret->setOperands({});
  function.setType(b.getFunctionType(body.getArgumentTypes(), {}));
}

LogicalResult bufferize(func::FuncOp function) {
  bufferization::OneShotBufferizationOptions options;
  options.allowUnknownOps = true;
  options.opFilter.denyOperation<func::FuncOp, func::ReturnOp>();
  bufferization::BufferizationState state;
  return bufferization::runOneShotBufferize(function, options, state);
}

/// LLVM would call a function of a runtime library for copies of strided memory.
void copyByLoops(func::FuncOp function) {
  function.walk([](memref::CopyOp copy) {
    OpBuilder b(copy);
    linalg::makeMemRefCopyOp(b, copy.getLoc(), copy.getSource(), copy.getTarget());
    copy.erase();
  });
}

void addConversions(PassManager &passes) {
  passes.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  passes.addPass(createConvertVectorToSCFPass());
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  passes.addPass(arith::createArithExpandOpsPass(expand));
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertMathToLibmPass()); // takes vectors apart, so vectors must be vectors yet
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createConvertIndexToLLVMPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createUBToLLVMConversionPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
}
} // namespace

void prepareForPlainLowering(MLIRContext &context) {
  context.appendDialectRegistry(compilerRegistry());
  PassManager passes(&context);
  addConversions(passes);
  DialectRegistry needed;
  passes.getDependentDialects(needed);
  context.appendDialectRegistry(needed);
  context.loadAllAvailableDialects();
}

llvm::Error lowerPlainly(ModuleOp module) {
  DiagnosticCollector diagnostics(module.getContext());
  dropFastMath(module);
  convertThroughF32<arith::SIToFPOp>(module);
  convertThroughF32<arith::UIToFPOp>(module);
  convertThroughF32<arith::FPToSIOp>(module);
  convertThroughF32<arith::FPToUIOp>(module);
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    // What they say is not LLVM's business.
    for (unsigned k = 0; k < function.getNumArguments(); ++k)
      function.removeArgAttr(k, "graph.dims");
    if (llvm::any_of(function.getArgumentTypes(), llvm::IsaPred<RankedTensorType>)) {
      takeMemory(function);
      if (failed(bufferize(function)))
        return diagnostics.takeError("it could not be bufferized");
    }
    if (llvm::any_of(function.getArgumentTypes(), llvm::IsaPred<MemRefType>))
      function->setAttr("llvm.emit_c_interface", UnitAttr::get(module.getContext()));
    copyByLoops(function);
  }
  PassManager passes(module.getContext());
  addConversions(passes);
  if (failed(passes.run(module)))
    return diagnostics.takeError("MLIR's own conversions fail");
  return llvm::Error::success();
}
} // namespace tensel::verification
