// The driver of the lowering of one kernel function: values, dims, destinations and the order of ops. The loops that
// it makes are in KernelLoops.cpp, the ops in the Lower*.cpp files.
#include "passes/kernel/lowering/KernelLowering.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tensel {
using graph::Dim;
using graph::DimList;
using graph::IndexShapes;

RankedTensorType storageTensor(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), graph::storageType(tensor.getElementType()));
}

PullFn LoweringTable::pullOf(Operation *op) const {
  auto it = pulls.find(op->getName().getStringRef());
  if (it != pulls.end())
    return it->second;
  if (!isa<graph::ElementwiseOpInterface>(op))
    return nullptr;
  return [](KernelLowering &k, Cursor &c, Operation *op, unsigned, ArrayRef<Value> at) { return pullElementwise(k, c, op, at); };
}

BuildFn LoweringTable::buildOf(Operation *op) const { return builds.lookup(op->getName().getStringRef()); }

const LoweringTable &getLoweringTable() {
  static const LoweringTable table = [] {
    LoweringTable table;
    addMovementLowerings(table);
    addJoinLowerings(table);
    addGatherLowerings(table);
    addResizeLowerings(table);
    addWindowLowerings(table);
    addReductionLowerings(table);
    addContractionLowerings(table);
    addScatterLowerings(table);
    addSortLowerings(table);
    addQuantizedLowerings(table);
    return table;
  }();
  return table;
}

/// Dims of original values and elements of original shape tensors, computed at the kernel's entry.
struct KernelLowering::Shapes : IndexShapes {
  Shapes(KernelLowering &k, Location loc) : IndexShapes(k.entryBuilder, loc), k(k) {}
  Dim unknownDim(Value tensor, int64_t index) override { return k.dims(tensor)[index]; }
  Value extractElement(Value tensor, int64_t index) override {
    // Scalars known inside some loop do not reach the entry.
    Memo inner = std::exchange(k.memo, {});
    Cursor c = k.entry(loc);
    Indices at;
    if (rankOf(tensor) == 1)
      at.push_back(c.index(index));
    Value element = k.pull(c, tensor, at);
    k.memo = std::move(inner);
    return element;
  }
  KernelLowering &k;
};

KernelLowering::KernelLowering(func::FuncOp kernel)
    : kernel(kernel), builder(kernel.getContext()), entryBuilder(kernel.getContext()) {}

LogicalResult KernelLowering::fail(Operation *op, const Twine &message) {
  if (!failedOp)
    op->emitOpError(message);
  failedOp = op;
  return failure();
}

/// Dims with one name (`graph.dims` of the arguments) are one value.
Value KernelLowering::argumentDim(BlockArgument argument, int64_t index) {
  Value &value = argumentDims[{argument.getAsOpaquePointer(), index}];
  if (value)
    return value;
  StringRef name;
  if (auto names = kernel.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "graph.dims"))
    if (index < static_cast<int64_t>(names.size()))
      if (auto string = dyn_cast<StringAttr>(names[index]))
        name = string.getValue();
  if (!name.empty() && namedDims.contains(name))
    return value = namedDims[name];
  value = tensor::DimOp::create(entryBuilder, kernel.getLoc(), lowered->getArgument(argument.getArgNumber()), index);
  if (!name.empty())
    namedDims[name] = value;
  return value;
}

/// The first argument's dim of that name, or null.
Value KernelLowering::dimNamed(StringRef name) {
  for (BlockArgument argument : original->getArguments())
    if (auto names = kernel.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "graph.dims"))
      for (auto [i, attribute] : llvm::enumerate(names))
        if (auto string = dyn_cast<StringAttr>(attribute); string && string.getValue() == name)
          return argumentDim(argument, i);
  return {};
}

const DimList &KernelLowering::dims(Value value) {
  auto it = dimLists.find(value);
  if (it != dimLists.end())
    return it->second;
  DimList list;
  auto type = cast<RankedTensorType>(value.getType());
  for (int64_t i = 0; i < type.getRank(); ++i) {
    if (!type.isDynamicDim(i))
      list.push_back(type.getDimSize(i));
    else
      list.push_back(IndexShapes::of(argumentDim(cast<BlockArgument>(value), i)));
  }
  return dimLists[value] = list;
}

LogicalResult KernelLowering::computeDims(Operation *op) {
  SmallVector<DimList> lists;
  if (auto shaped = dyn_cast<graph::ShapedOpInterface>(op)) {
    if (failed(shaped.inferShapes(*shapes, lists)))
      return fail(op, shapes->error.empty() ? "operands do not fit together" : shapes->error);
  } else {
    for (Value result : op->getResults()) {
      if (!cast<RankedTensorType>(result.getType()).hasStaticShape())
        return fail(op, "expected static dims");
      lists.push_back(
          DimList(llvm::map_range(cast<RankedTensorType>(result.getType()).getShape(), [](int64_t dim) { return Dim(dim); })));
    }
  }
  // Names of a fused op's dims (`graph.dims`) tie them to arguments.
  auto names = op->getAttrOfType<ArrayAttr>("graph.dims");
  for (int64_t i = 0, rank = names && lists.size() == 1 ? std::min(names.size(), lists[0].size()) : 0; i < rank; ++i)
    if (auto name = dyn_cast<StringAttr>(names[i]); name && !name.empty())
      if (Value dim = dimNamed(name.getValue()))
        lists[0][i] = IndexShapes::of(dim);
  auto isArgumentDim = [&](Dim dim) {
    return llvm::any_of(argumentDims, [&](auto &entry) { return entry.second.getAsOpaquePointer() == dim.handle; });
  };
  for (auto [result, list] : llvm::zip_equal(op->getResults(), lists)) {
    auto type = cast<RankedTensorType>(result.getType());
    Value destination = destinations.lookup(result);
    for (auto [i, dim] : llvm::enumerate(list)) {
      if (!type.isDynamicDim(i))
        dim = type.getDimSize(i);
      else if (!dim.constant && destination && !isArgumentDim(dim))
        // The host has computed it; a name may tie it to other dims.
        dim = IndexShapes::of(argumentDim(original->getArgument(cast<BlockArgument>(destination).getArgNumber()), i));
      else if (!dim.constant && !dim.handle)
        return fail(op, "dim " + Twine(i) + " of an intermediate value depends on the data; expected the kernel to return it");
    }
    dimLists[result] = list;
  }
  return success();
}

Value KernelLowering::once(Operation *op, unsigned slot, function_ref<Value(Cursor &)> make) {
  if (Value value = onceValues.lookup({op, slot}))
    return value;
  Memo inner = std::exchange(memo, {});
  Cursor c = entry(op->getLoc());
  Value value = make(c);
  memo = std::move(inner);
  return onceValues[{op, slot}] = value;
}

Value KernelLowering::constantTensor(graph::ConstantOp op) {
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  RankedTensorType type = storageTensor(op.getType());
  if (dense && type != op.getType())
    dense = dense.bitcast(type.getElementType());
  if (!dense) {
    (void)fail(op, "expected a dense attribute in a kernel");
    dense = DenseElementsAttr::get(type, entryBuilder.getZeroAttr(type.getElementType()));
  }
  return arith::ConstantOp::create(entryBuilder, op.getLoc(), dense);
}

Value KernelLowering::pullConstant(Cursor &c, graph::ConstantOp op, ArrayRef<Value> indices) {
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!dense || !dense.isSplat())
    return tensor::ExtractOp::create(c.b, c.loc, tensor(op), indices);
  return once(op, 0, [&](Cursor &c) -> Value {
    Type type = graph::storageType(dense.getElementType());
    auto splat = dense.getSplatValue<TypedAttr>();
    if (auto integer = dyn_cast<IntegerAttr>(splat))
      splat = c.b.getIntegerAttr(type, integer.getValue());
    return arith::ConstantOp::create(c.b, c.loc, splat);
  });
}

Value KernelLowering::pull(Cursor &c, Value value, ArrayRef<Value> indices) {
  std::vector<const void *> key = {value.getAsOpaquePointer()};
  for (Value index : indices) {
    // Equal constants are equal indices; odd numbers are no pointers.
    std::optional<int64_t> constant = getConstantIntValue(index);
    key.push_back(constant ? reinterpret_cast<const void *>(*constant * 2 + 1) : index.getAsOpaquePointer());
  }
  if (Value known = memo[key])
    return known;
  Operation *op = value.getDefiningOp();
  PullFn fn = op ? getLoweringTable().pullOf(op) : nullptr;
  Value scalar;
  if (auto constant = dyn_cast_or_null<graph::ConstantOp>(op))
    scalar = pullConstant(c, constant, indices);
  else if (auto compact = compacts.find(value); compact != compacts.end())
    scalar =
        tensor::ExtractOp::create(c.b, c.loc, compact->second.first,
                                  Indices(llvm::map_range(compact->second.second, [&](int64_t axis) { return indices[axis]; })));
  else if (Value known = shared.contains(value) ? tensors.lookup(value) : Value())
    scalar = tensor::ExtractOp::create(c.b, c.loc, known, indices);
  else if (fn)
    scalar = fn(*this, c, op, cast<OpResult>(value).getResultNumber(), indices);
  else
    scalar = tensor::ExtractOp::create(c.b, c.loc, tensor(value), indices);
  return memo[key] = scalar;
}

Value KernelLowering::tensor(Value value) {
  if (Value known = tensors.lookup(value))
    return known;
  if (auto constant = value.getDefiningOp<graph::ConstantOp>())
    return tensors[value] = constantTensor(constant);
  Value made = materialize(value);
  return tensors[value] = made;
}

Value KernelLowering::materialize(Value value) {
  PullFn fn = getLoweringTable().pullOf(value.getDefiningOp());
  assert(fn && "a built value that nothing built");
  return forEach(value.getLoc(), dims(value), destination(value),
                 [&](Cursor &c, ArrayRef<Value> at) { return pull(c, value, at); });
}

/// True when computing one element again costs about as much as reading it.
static bool isCheapScalar(Operation *op) {
  return isa<graph::AddOp, graph::SubOp, graph::MulOp, graph::MinOp, graph::MaxOp, graph::ReluOp, graph::NegOp, graph::AbsOp,
             graph::CastOp, graph::CompareOp, graph::SelectOp>(op);
}

/// Elementwise values that several loop nests read, or one reads again and again along other dims: a row of exponentials that is summed
/// and divided, the root of a variance.
void KernelLowering::findShared() {
  llvm::DenseMap<Value, llvm::SmallPtrSet<Operation *, 4>> nests;
  for (Operation &op : llvm::reverse(original->without_terminator())) {
    if (!isa<graph::ElementwiseOpInterface>(op))
      continue;
    Value result = op.getResult(0);
    llvm::SmallPtrSet<Operation *, 4> readers;
    bool stretched = false;
    for (Operation *user : result.getUsers()) {
      if (!isa<graph::ElementwiseOpInterface>(user)) {
        readers.insert(user);
        continue;
      }
      stretched |=
          cast<RankedTensorType>(user->getResult(0).getType()).getShape() != cast<RankedTensorType>(result.getType()).getShape();
      if (shared.contains(user->getResult(0)) || destinations.contains(user->getResult(0)))
        readers.insert(user);
      else
        readers.insert_range(nests[user->getResult(0)]);
    }
    if (!isCheapScalar(&op) && rankOf(result) && (stretched || readers.size() > 1) && !destinations.contains(result))
      shared.insert(result);
    nests[result] = std::move(readers);
  }
}

Value KernelLowering::scratch(Value value, Type elementType) {
  SmallVector<OpFoldResult> sizes;
  for (Dim dim : dims(value))
    sizes.push_back(shapes->foldResult(dim));
  return tensor::EmptyOp::create(builder, value.getLoc(), sizes, graph::storageType(elementType));
}

Value KernelLowering::destination(Value value) {
  Value argument = destinations.lookup(value);
  if (!argument)
    return scratch(value, graph::elementTypeOf(value));
  Type type = storageTensor(value.getType());
  if (argument.getType() == type)
    return argument;
  return tensor::CastOp::create(builder, value.getLoc(), type, argument);
}

bool KernelLowering::isInPlace(Value value, Value result) {
  auto argument = dyn_cast<BlockArgument>(value);
  auto shared = kernel->getAttrOfType<DenseI64ArrayAttr>("tensel.in_place");
  return argument && shared && destinations.contains(result) && llvm::is_contained(shared.asArrayRef(), argument.getArgNumber());
}

/// Groups of dims, one per kept dim, that the other (unit) dims join.
static SmallVector<ReassociationIndices> groupAround(ArrayRef<int64_t> kept, int64_t rank) {
  SmallVector<ReassociationIndices> groups(kept.size());
  if (kept.empty())
    return groups;
  for (int64_t i = 0, group = 0; i < rank; ++i) {
    while (group + 1 < static_cast<int64_t>(kept.size()) && i > kept[group])
      ++group;
    groups[group].push_back(i);
  }
  return groups;
}

Value KernelLowering::compactDestination(Value value, ArrayRef<int64_t> kept) {
  if (!destinations.contains(value))
    return compactScratch(value, graph::elementTypeOf(value), kept);
  Value full = destination(value);
  if (static_cast<int64_t>(kept.size()) == rankOf(value))
    return full;
  return tensor::CollapseShapeOp::create(builder, value.getLoc(), full, groupAround(kept, rankOf(value)));
}

Value KernelLowering::compactScratch(Value value, Type elementType, ArrayRef<int64_t> kept) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t axis : kept)
    sizes.push_back(shapes->foldResult(dims(value)[axis]));
  return tensor::EmptyOp::create(builder, value.getLoc(), sizes, graph::storageType(elementType));
}

void KernelLowering::defineCompact(Value value, Value tensor, ArrayRef<int64_t> kept) {
  if (static_cast<int64_t>(kept.size()) == rankOf(value))
    return define(value, tensor);
  compacts[value] = {tensor, SmallVector<int64_t>(kept)};
  SmallVector<OpFoldResult> sizes;
  for (Dim dim : dims(value))
    sizes.push_back(shapes->foldResult(dim));
  define(value, tensor::ExpandShapeOp::create(builder, value.getLoc(), storageTensor(value.getType()), tensor,
                                              groupAround(kept, rankOf(value)), sizes));
}

Value KernelLowering::wrapIndex(Cursor &c, Value element, Type elementType, Value size) {
  Value index = elementType.isUnsignedInteger() ? Value(arith::IndexCastUIOp::create(c.b, c.loc, c.b.getIndexType(), element))
                                                : Value(arith::IndexCastOp::create(c.b, c.loc, c.b.getIndexType(), element));
  Value zero = c.index(0);
  Value wrapped = c.select(c.compare(arith::CmpIPredicate::slt, index, zero), c.add(index, size), index);
  return c.max(c.min(wrapped, c.sub(size, c.index(1))), zero);
}

LogicalResult KernelLowering::run() {
  original = &kernel.getBody().front();
  FunctionType type = kernel.getFunctionType();
  auto toStorage = [](Type type) -> Type { return storageTensor(type); };
  SmallVector<Type> inputs(llvm::map_range(type.getInputs(), toStorage)), results(llvm::map_range(type.getResults(), toStorage));
  SmallVector<Location> locations(llvm::map_range(original->getArguments(), [](BlockArgument a) { return a.getLoc(); }));
  lowered = builder.createBlock(&kernel.getBody(), kernel.getBody().end(), inputs, locations);
  Operation *marker = arith::ConstantIndexOp::create(builder, kernel.getLoc(), 0);
  entryBuilder.setInsertionPoint(marker);
  shapes = std::make_unique<Shapes>(*this, kernel.getLoc());
  for (auto [before, after] : llvm::zip_equal(original->getArguments(), lowered->getArguments()))
    tensors[before] = after;

  auto terminator = cast<func::ReturnOp>(original->getTerminator());
  if (inputs.size() < results.size())
    return kernel.emitOpError("expected one destination argument per result");
  auto destinationArgs = lowered->getArguments().take_back(results.size());
  for (auto [value, argument] : llvm::zip_equal(terminator.getOperands(), destinationArgs))
    if (value.getDefiningOp() && !value.getDefiningOp<graph::ConstantOp>())
      destinations.try_emplace(value, argument);

  if (llvm::any_of(*original, [](Operation &op) { return isa<graph::ReduceOp>(op); }))
    findShared();
  for (Operation &op : original->without_terminator()) {
    if (failed(computeDims(&op)))
      return failure();
    if (BuildFn build = getLoweringTable().buildOf(&op)) {
      if (failed(build(*this, &op)))
        return failedOp ? failure() : fail(&op, "cannot be lowered");
      continue;
    }
    if (!getLoweringTable().pullOf(&op) && !isa<graph::ConstantOp>(op))
      return fail(&op, "has no lowering to linalg");
    for (Value result : op.getResults())
      if (destinations.contains(result) || shared.contains(result))
        (void)tensor(result);
  }
  SmallVector<Value> returned;
  for (auto [value, argument] : llvm::zip_equal(terminator.getOperands(), destinationArgs)) {
    if (destinations.lookup(value) == argument)
      returned.push_back(tensor(value));
    else
      returned.push_back(
          forEach(terminator.getLoc(), dims(value), argument, [&](Cursor &c, ArrayRef<Value> at) { return pull(c, value, at); }));
    Value &last = returned.back();
    if (last.getType() != argument.getType())
      last = tensor::CastOp::create(builder, terminator.getLoc(), argument.getType(), last);
  }
  func::ReturnOp::create(builder, terminator.getLoc(), returned);
  if (failedOp)
    return failure();
  original->dropAllDefinedValueUses();
  original->dropAllReferences();
  original->erase();
  marker->erase();
  kernel.setFunctionType(builder.getFunctionType(inputs, results));
  return success();
}
} // namespace tensel
