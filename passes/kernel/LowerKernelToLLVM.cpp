// The last step of a kernel: linalg that is left becomes loops, math becomes polynomials or libm calls, and everything becomes the LLVM
// dialect. Works function by function, since the host functions of the same module are another pass's business.
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Affine/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "passes/kernel/Passes.h"
#include "passes/kernel/ScalarMath.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_LOWERKERNELTOLLVMPASS
#include "passes/kernel/Passes.h.inc"

namespace {
/// f32 functions get polynomials that the loop vectoriser can widen; LLVM has instructions or intrinsics for the others, or they are
/// calls of libm: MLIR's approximation of atan is 40 units of the last place off.
void populateMath(RewritePatternSet &patterns) {
  populateScalarMath(patterns);
  auto isApproximated = [](StringRef name) {
    static const llvm::StringSet<llvm::MallocAllocator> names = {"math.expm1", "math.log", "math.log1p", "math.log2",
                                                                 "math.tanh",  "math.erf", "math.erfc"};
    return names.contains(name);
  };
  populateMathPolynomialApproximationPatterns(patterns, isApproximated);
}

/// Between integers and bf16 there is no way but by f32.
template <typename Op>
struct ConvertThroughF32 : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const final {
    auto f32Like = [&](Type type) -> Type {
      auto vector = dyn_cast<VectorType>(type);
      return vector ? Type(vector.clone(rewriter.getF32Type())) : rewriter.getF32Type();
    };
    Type to = op.getType();
    Value from = op.getIn();
    if (getElementTypeOrSelf(to).isBF16()) {
      Value number = Op::create(rewriter, op.getLoc(), f32Like(to), from);
      rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, to, number);
    } else if (getElementTypeOrSelf(from).isBF16()) {
      from = arith::ExtFOp::create(rewriter, op.getLoc(), f32Like(from.getType()), from);
      rewriter.replaceOpWithNewOp<Op>(op, to, from);
    } else {
      return failure();
    }
    return success();
  }
};

/// Expands everything that has no LLVM counterpart, while memrefs are still memrefs.
FrozenRewritePatternSet expansions(MLIRContext *context) {
  RewritePatternSet patterns(context);
  populateMath(patterns);
  memref::populateExpandStridedMetadataPatterns(patterns);
  affine::populateAffineExpandIndexOpsPatterns(patterns);
  // Not all of arith's expansions: they take maximumf apart, which LLVM vectorises as it is.
  arith::populateCeilFloorDivExpandOpsPatterns(patterns);
  arith::populateExpandBFloat16Patterns(patterns);
  patterns.add<ConvertThroughF32<arith::SIToFPOp>, ConvertThroughF32<arith::UIToFPOp>, ConvertThroughF32<arith::FPToSIOp>,
               ConvertThroughF32<arith::FPToUIOp>>(context);
  vector::populateVectorTransferLoweringPatterns(patterns, /*maxTransferRank=*/1);
  vector::populateVectorMaskOpLoweringPatterns(patterns);
  vector::populateVectorMaskMaterializationPatterns(patterns, /*force32BitVectorIndices=*/true);
  return patterns;
}

FrozenRewritePatternSet toControlFlow(MLIRContext *context) {
  RewritePatternSet patterns(context);
  populateAffineToStdConversionPatterns(patterns);
  populateSCFToControlFlowConversionPatterns(patterns);
  return patterns;
}

/// A bf16 constant by its bits.
struct BFloat16ConstantAsBits : ConvertOpToLLVMPattern<arith::ConstantOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult matchAndRewrite(arith::ConstantOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const final {
    Type type = getTypeConverter()->convertType(op.getType());
    if (!getElementTypeOrSelf(op.getType()).isBF16() || !type)
      return failure();
    if (auto number = dyn_cast<FloatAttr>(op.getValue())) {
      rewriter.replaceOpWithNewOp<LLVM::ConstantOp>(op, type, IntegerAttr::get(type, number.getValue().bitcastToAPInt()));
      return success();
    }
    auto numbers = dyn_cast<DenseElementsAttr>(op.getValue());
    if (!numbers || !isa<VectorType>(type))
      return failure();
    rewriter.replaceOpWithNewOp<LLVM::ConstantOp>(op, type, numbers.bitcast(rewriter.getI16Type()));
    return success();
  }
};

/// The type converter is referred to by the patterns.
FrozenRewritePatternSet toLLVM(LLVMTypeConverter &converter) {
  // What is left of bf16 moves bits: the arithmetic is done in f32, the conversions are taken apart. As a float type LLVM makes
  // negations and selects of it, which it then calls functions for that no program has.
  converter.addConversion([](BFloat16Type type) -> Type { return IntegerType::get(type.getContext(), 16); });
  converter.addConversion([&converter](VectorType type) -> std::optional<Type> {
    if (!type.getElementType().isBF16())
      return std::nullopt;
    return converter.convertType(type.clone(IntegerType::get(type.getContext(), 16)));
  });
  RewritePatternSet patterns(&converter.getContext());
  patterns.add<BFloat16ConstantAsBits>(converter, /*benefit=*/2);
  arith::populateArithToLLVMConversionPatterns(converter, patterns);
  cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
  populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
  populateFuncToLLVMConversionPatterns(converter, patterns);
  populateMathToLLVMConversionPatterns(converter, patterns, /*approximateLog1P=*/false, /*benefit=*/2); // before libm
  populateMathToLibmConversionPatterns(patterns);
  populateVectorToLLVMConversionPatterns(converter, patterns);
  ub::populateUBToLLVMConversionPatterns(converter, patterns);
  return patterns;
}

/// All patterns of the pass; collected once, since that takes longer than a small kernel.
struct Patterns {
  explicit Patterns(MLIRContext *context)
      : expanding(expansions(context)), branching(toControlFlow(context)), converter(context), converting(toLLVM(converter)) {}

  FrozenRewritePatternSet expanding, branching;
  LLVMTypeConverter converter;
  FrozenRewritePatternSet converting;
};

LogicalResult expand(func::FuncOp func, const Patterns &patterns) {
  guardApproximations(func);
  return applyPatternsGreedily(func, patterns.expanding);
}

LogicalResult toControlFlow(func::FuncOp func, const Patterns &patterns) {
  ConversionTarget target(*func.getContext());
  target.addIllegalDialect<scf::SCFDialect, affine::AffineDialect>();
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  return applyPartialConversion(func, target, patterns.branching);
}

LogicalResult toLLVM(ArrayRef<Operation *> ops, MLIRContext *context, const Patterns &patterns) {
  LLVMConversionTarget target(*context);
  target.addLegalOp<ModuleOp, UnrealizedConversionCastOp>();
  return applyPartialConversion(ops, target, patterns.converting);
}

struct LowerKernelToLLVMPass : impl::LowerKernelToLLVMPassBase<LowerKernelToLLVMPass> {
  LogicalResult initialize(MLIRContext *context) final {
    patterns = std::make_shared<Patterns>(context);
    return success();
  }

  void runOnOperation() final {
    SmallVector<Operation *> ops;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (!isKernel(func))
        continue;
      if (failed(expand(func, *patterns)) || failed(toControlFlow(func, *patterns)))
        return signalPassFailure();
      ops.push_back(func);
    }
    for (auto global : getOperation().getOps<memref::GlobalOp>())
      ops.push_back(global);
    if (failed(toLLVM(ops, &getContext(), *patterns)))
      return signalPassFailure();
    for (auto global : getOperation().getOps<LLVM::GlobalOp>())
      if (auto numbers = dyn_cast_or_null<DenseElementsAttr>(global.getValueOrNull());
          numbers && numbers.getElementType().isBF16())
        global.setValueAttr(numbers.bitcast(IntegerType::get(&getContext(), 16)));
    SmallVector<UnrealizedConversionCastOp> casts;
    getOperation().walk([&](UnrealizedConversionCastOp op) { casts.push_back(op); });
    reconcileUnrealizedCasts(casts);
    getOperation().walk([&](LLVM::LLVMFuncOp func) {
      auto left = func.walk([&](Operation *op) {
        if (func->hasAttr("tensel.kernel") && !isa<LLVM::LLVMDialect>(op->getDialect()))
          return op->emitError("kernel op has no lowering to the LLVM dialect"), WalkResult::interrupt();
        return WalkResult::advance();
      });
      if (left.wasInterrupted())
        signalPassFailure();
    });
  }

private:
  std::shared_ptr<Patterns> patterns;
};
} // namespace
} // namespace tensel
