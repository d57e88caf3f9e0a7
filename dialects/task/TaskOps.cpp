// Verifiers and folders of the task dialect.
#include "dialects/task/Task.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

#include "dialects/task/TaskDialect.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/task/TaskOps.cpp.inc"

namespace tensel::task {

void TaskDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/task/TaskOps.cpp.inc"
      >();
}

int64_t storageBytes(Type elementType) { return llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8); }

static LogicalResult verifyDims(Operation *op, TypeRange types, size_t found) {
  size_t expected = 0;
  for (Type type : types)
    expected += cast<RankedTensorType>(type).getNumDynamicDims();
  if (found != expected)
    return op->emitOpError() << "found " << found << " dims, expected " << expected << ", one per dynamic dim of the results";
  return success();
}

LogicalResult DispatchOp::verify() {
  if (getSizes() && getSizes()->size() != getNumResults())
    return emitOpError() << "found " << getSizes()->size() << " sizes, expected one per result";
  if (getIds() && getIds()->size() != getNumResults())
    return emitOpError() << "found " << getIds()->size() << " ids, expected one per result";
  return verifyDims(*this, getResultTypes(), getDims().size());
}

LogicalResult DispatchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *target = symbols.lookupNearestSymbolFrom(*this, getKernelAttr());
  if (!target)
    return emitOpError() << "found no kernel '" << getKernel() << "'";
  auto kernel = dyn_cast<FunctionOpInterface>(target);
  // A lowered kernel takes a closure instead of tensors.
  if (!kernel || kernel.getArgumentTypes().empty() || !isa<RankedTensorType>(kernel.getArgumentTypes().front()))
    return success();
  SmallVector<Type> expected(getInputs().getTypes());
  llvm::append_range(expected, getResultTypes());
  // Kernels that are lowered already hold unsigned integers as signless ones.
  auto same = [](Type a, Type b) {
    auto x = dyn_cast<RankedTensorType>(a), y = dyn_cast<RankedTensorType>(b);
    return x && y && x.getShape() == y.getShape() && storageBytes(x.getElementType()) == storageBytes(y.getElementType());
  };
  if (kernel.getArgumentTypes().size() != expected.size() ||
      !llvm::all_of(llvm::zip(kernel.getArgumentTypes(), expected),
                    [&](auto pair) { return same(std::get<0>(pair), std::get<1>(pair)); }))
    return emitOpError() << "found other types than those of the kernel '" << getKernel() << "' (inputs, then destinations)";
  return success();
}

LogicalResult AliasOp::verify() {
  if (getInput().getType().getElementType() != getResult().getType().getElementType())
    return emitOpError("found different element types");
  return verifyDims(*this, getResult().getType(), getDims().size());
}

OpFoldResult AliasOp::fold(FoldAdaptor) {
  if (getInput().getType() == getResult().getType() && getInput().getType().hasStaticShape())
    return getInput();
  return {};
}

LogicalResult ElementOp::verify() {
  if (!getInput().getType().getElementType().isSignlessInteger())
    return emitOpError("expected an integer tensor");
  return success();
}

LogicalResult FromElementsOp::verify() {
  RankedTensorType type = getResult().getType();
  if (!type.hasStaticShape() || type.getNumElements() != int64_t(getElements().size()))
    return emitOpError() << "found " << getElements().size() << " elements, expected as many as the static result type has";
  return success();
}

} // namespace tensel::task
