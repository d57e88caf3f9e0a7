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

int64_t evaluateSize(ArrayRef<int64_t> expression, ArrayRef<int64_t> symbols) {
  constexpr __int128 most = int64_t(1) << 62;
  SmallVector<int64_t> stack;
  auto clamp = [most](__int128 value) { return static_cast<int64_t>(std::clamp(value, -most, most)); };
  for (size_t i = 0; i + 1 < expression.size(); i += 2) {
    int64_t op = expression[i], argument = expression[i + 1];
    if (op == SizeConst || op == SizeSymbol) {
      bool isKnown = op == SizeConst || static_cast<size_t>(argument) < symbols.size();
      stack.push_back(op == SizeConst ? argument : isKnown ? symbols[argument] : 0);
      continue;
    }
    if (stack.size() < 2)
      return 0;
    __int128 b = stack.pop_back_val(), a = stack.pop_back_val();
    if (b == 0 && (op == SizeFloorDiv || op == SizeCeilDiv || op == SizeMod))
      return 0;
    auto floor = [&] { return llvm::divideFloorSigned(static_cast<int64_t>(a), static_cast<int64_t>(b)); };
    switch (op) {
    case SizeAdd:
      stack.push_back(clamp(a + b));
      break;
    case SizeSub:
      stack.push_back(clamp(a - b));
      break;
    case SizeMul:
      stack.push_back(clamp(a * b));
      break;
    case SizeFloorDiv:
      stack.push_back(floor());
      break;
    case SizeCeilDiv:
      stack.push_back(llvm::divideCeilSigned(static_cast<int64_t>(a), static_cast<int64_t>(b)));
      break;
    case SizeMax:
      stack.push_back(clamp(std::max(a, b)));
      break;
    case SizeMin:
      stack.push_back(clamp(std::min(a, b)));
      break;
    case SizeMod:
      stack.push_back(clamp(a - __int128(floor()) * b));
      break;
    default:
      return 0;
    }
  }
  return stack.size() == 1 ? std::max<int64_t>(stack[0], 0) : 0;
}

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
