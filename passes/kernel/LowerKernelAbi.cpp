// Gives kernels their calling convention. Before: `@k(memrefs)` with one top-level `scf.for {tensel.parallel}`. After:
//   @k_body(noalias ptr and dims per argument, begin, end)   the code; the parallel loop runs from begin to end
//   @k(closure, begin, end)                                   loads the slots, calls @k_body
//   @k_count(closure)                                         the loop's upper bound, sliced out of the function
// The body is a function of its own because only arguments can promise that pointers do not alias.
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/IR/IRMapping.h"
#include "passes/kernel/Passes.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_LOWERKERNELABIPASS
#include "passes/kernel/Passes.h.inc"

namespace {
/// The static or given dims of a row-major memref as i64 values, and its strides, as an LLVM descriptor cast to `type`.
Value buildMemRef(OpBuilder &b, Location loc, MemRefType type, Value data, ValueRange dynamicDims) {
  auto i64 = b.getI64Type();
  auto ptr = LLVM::LLVMPointerType::get(b.getContext());
  int64_t rank = type.getRank();
  SmallVector<Type> fields = {ptr, ptr, i64};
  if (rank)
    fields.append(2, LLVM::LLVMArrayType::get(i64, rank));
  Value desc = LLVM::PoisonOp::create(b, loc, LLVM::LLVMStructType::getLiteral(b.getContext(), fields));
  auto constant = [&](int64_t v) -> Value { return LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(v)); };
  auto insert = [&](Value v, ArrayRef<int64_t> at) { desc = LLVM::InsertValueOp::create(b, loc, desc, v, at); };
  insert(data, {0});
  insert(data, {1});
  insert(constant(0), {2});
  SmallVector<Value> sizes;
  for (int64_t d = 0, dynamic = 0; d < rank; ++d)
    sizes.push_back(type.isDynamicDim(d) ? dynamicDims[dynamic++] : constant(type.getDimSize(d)));
  Value stride = rank ? constant(1) : Value();
  for (int64_t d = rank; d-- > 0;) {
    insert(sizes[d], {3, d});
    insert(stride, {4, d});
    if (d)
      stride = LLVM::MulOp::create(b, loc, stride, sizes[d]);
  }
  return UnrealizedConversionCastOp::create(b, loc, type, desc).getResult(0);
}

/// Loads slot `index` of the closure as `type`.
Value loadSlot(OpBuilder &b, Location loc, Value closure, int64_t index, Type type) {
  Value at = LLVM::GEPOp::create(b, loc, closure.getType(), b.getI64Type(), closure,
                                 ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
  return LLVM::LoadOp::create(b, loc, type, at);
}

/// The flat argument types of the body: per argument a pointer and the dynamic dims.
SmallVector<Type> flatTypes(func::FuncOp func) {
  auto i64 = IntegerType::get(func.getContext(), 64);
  SmallVector<Type> types;
  for (Type type : func.getArgumentTypes()) {
    if (auto memref = dyn_cast<MemRefType>(type)) {
      types.push_back(LLVM::LLVMPointerType::get(func.getContext()));
      types.append(memref.getNumDynamicDims(), i64);
    } else {
      types.push_back(i64);
    }
  }
  return types;
}

/// Makes the values that stand for the kernel's arguments out of the flat ones.
SmallVector<Value> unflatten(OpBuilder &b, Location loc, TypeRange types, ValueRange flat) {
  SmallVector<Value> values;
  for (Type type : types) {
    if (auto memref = dyn_cast<MemRefType>(type)) {
      int64_t dynamic = memref.getNumDynamicDims();
      values.push_back(buildMemRef(b, loc, memref, flat[0], flat.slice(1, dynamic)));
      flat = flat.drop_front(1 + dynamic);
    } else {
      values.push_back(arith::IndexCastOp::create(b, loc, b.getIndexType(), flat[0]));
      flat = flat.drop_front();
    }
  }
  return values;
}

scf::ForOp findParallelLoop(func::FuncOp func) {
  for (auto loop : func.getBody().front().getOps<scf::ForOp>())
    if (loop->hasAttr("tensel.parallel"))
      return loop;
  return {};
}

LogicalResult emitCount(OpBuilder &b, func::FuncOp func, scf::ForOp loop) {
  Location loc = func.getLoc();
  auto ptr = LLVM::LLVMPointerType::get(b.getContext());
  auto count = func::FuncOp::create(b, loc, (func.getName() + "_count").str(), b.getFunctionType({ptr}, {b.getI64Type()}));
  count->setAttr("tensel.kernel", b.getUnitAttr());
  OpBuilder inner = OpBuilder::atBlockBegin(count.addEntryBlock());
  Value closure = count.getArgument(0), result;
  if (!loop) {
    result = LLVM::ConstantOp::create(inner, loc, inner.getI64Type(), inner.getI64IntegerAttr(1));
  } else {
    SmallVector<Value> flat;
    for (Type type : flatTypes(func))
      flat.push_back(loadSlot(inner, loc, closure, flat.size(), type));
    IRMapping map;
    map.map(func.getArguments(), unflatten(inner, loc, func.getArgumentTypes(), flat));
    llvm::SetVector<Operation *> slice;
    BackwardSliceOptions options;
    options.omitBlockArguments = true;
    options.inclusive = true;
    if (failed(getBackwardSlice(loop.getUpperBound(), &slice, options)))
      return func.emitError("the parallel loop's bound is not computable from dims");
    for (Operation *op : slice) {
      if (!isMemoryEffectFree(op))
        return op->emitError("the parallel loop's bound depends on memory");
      inner.clone(*op, map);
    }
    result = arith::IndexCastOp::create(inner, loc, inner.getI64Type(), map.lookup(loop.getUpperBound()));
  }
  func::ReturnOp::create(inner, loc, result);
  return success();
}

LogicalResult lowerKernel(func::FuncOp func) {
  Location loc = func.getLoc();
  // Arguments that share the destination's memory are read through it: no pointer to the same memory may be used beside it.
  if (auto shared = func->getAttrOfType<DenseI64ArrayAttr>("tensel.in_place"))
    for (int64_t i : shared.asArrayRef())
      func.getArgument(i).replaceAllUsesWith(func.getArguments().back());
  OpBuilder b(func);
  auto i64 = b.getI64Type();
  auto ptr = LLVM::LLVMPointerType::get(b.getContext());
  scf::ForOp loop = findParallelLoop(func);
  if (failed(emitCount(b, func, loop)))
    return failure();

  // The body: the old function over flat arguments.
  SmallVector<Type> types = flatTypes(func);
  SmallVector<Type> bodyTypes = types;
  bodyTypes.append(2, i64);
  std::string name = func.getName().str();
  auto body = func::FuncOp::create(b, loc, name + "_body", b.getFunctionType(bodyTypes, {}));
  body.setPrivate();
  body->setAttr("tensel.kernel", b.getUnitAttr());
  body->setAttr("llvm.linkage", LLVM::LinkageAttr::get(b.getContext(), LLVM::Linkage::Internal));
  // Inlined into the entry, it would be optimised twice, and `noalias` become metadata on every load and store.
  body->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
  for (auto [i, type] : llvm::enumerate(types))
    if (type == ptr)
      body.setArgAttr(i, "llvm.noalias", b.getUnitAttr());
  Block *block = body.addEntryBlock();
  b.setInsertionPointToStart(block);
  IRMapping map;
  map.map(func.getArguments(), unflatten(b, loc, func.getArgumentTypes(), body.getArguments().take_front(types.size())));
  auto toIndex = [&](Value v) -> Value { return arith::IndexCastOp::create(b, loc, b.getIndexType(), v); };
  Value begin = toIndex(block->getArgument(types.size())), end = toIndex(block->getArgument(types.size() + 1));
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  if (!loop) { // one iteration that is the whole function
    auto once = scf::ForOp::create(b, loc, begin, end, one);
    b.setInsertionPointToStart(once.getBody());
  }
  for (Operation &op : func.getBody().front().without_terminator()) {
    OpBuilder::InsertionGuard guard(b);
    if (!loop && isa<memref::AllocaOp>(op)) // in the loop it would be taken anew in each iteration, as far as LLVM knows
      b.setInsertionPoint(b.getInsertionBlock()->getParentOp());
    Operation *copy = b.clone(op, map);
    if (&op == loop) {
      auto ranged = cast<scf::ForOp>(copy);
      ranged.setLowerBound(begin);
      ranged.setUpperBound(end);
      ranged->removeAttr("tensel.parallel");
    }
  }
  b.setInsertionPointToEnd(block);
  func::ReturnOp::create(b, loc);

  // The entry: closure slots to arguments.
  b.setInsertionPoint(func);
  auto entry = func::FuncOp::create(b, loc, name, b.getFunctionType({ptr, i64, i64}, {}));
  entry->setAttr("tensel.kernel", b.getUnitAttr());
  b.setInsertionPointToStart(entry.addEntryBlock());
  SmallVector<Value> flat;
  for (Type type : types)
    flat.push_back(loadSlot(b, loc, entry.getArgument(0), flat.size(), type));
  flat.push_back(entry.getArgument(1));
  flat.push_back(entry.getArgument(2));
  func::CallOp::create(b, loc, body, flat);
  func::ReturnOp::create(b, loc);
  func.erase();
  return success();
}

struct LowerKernelAbiPass : impl::LowerKernelAbiPassBase<LowerKernelAbiPass> {
  void runOnOperation() final {
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (isKernel(func) && failed(lowerKernel(func)))
        return signalPassFailure();
  }
};
} // namespace
} // namespace tensel
