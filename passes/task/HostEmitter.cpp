// The frame of an entry, its buffers, dispatches and index arithmetic in the LLVM dialect.
#include "passes/task/HostEmitter.h"

#include "passes/Provenance.h"
#include "passes/task/States.h"

using namespace mlir;
using namespace mlir::LLVM;

namespace tensel {

// Byte offsets in tensel_host_env and the size of tensel_abi_tensor (runtime/include/tensel/kernel_abi.h).
enum {
  EnvArena = 0,
  EnvOffsets = 8,
  EnvCapacities = 16,
  EnvWeights = 24,
  EnvParallelFor = 32,
  EnvFail = 40,
  EnvDispatch = 48,
  AbiTensorSize = 16,
  AbiDims = 8
};
static constexpr int64_t failCapacity = 1, failDims = 2, failValue = 3;
static constexpr unsigned alignment = 64;

HostGlobals::HostGlobals(ModuleOp module) : module(module), symbols(module) {
  // In the order of their use: what is fetched ahead at the end of one weight is the beginning of the next.
  module.walk([&](graph::LoadWeightOp load) {
    if (weights.try_emplace(load.getWeight(), weightNames.size()).second)
      weightNames.push_back(load.getWeightAttr().getAttr());
  });
}

LLVMFuncOp HostGlobals::kernelFunction(OpBuilder &b, StringRef name, bool isCount) {
  std::string full = (name + (isCount ? "_count" : "")).str();
  if (auto found = symbols.lookup<LLVMFuncOp>(full))
    return found;
  if (symbols.lookup(full))
    return {};
  Type i64 = b.getI64Type(), ptr = LLVMPointerType::get(b.getContext());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(module.getBody());
  auto type =
      isCount ? LLVMFunctionType::get(i64, {ptr}) : LLVMFunctionType::get(LLVMVoidType::get(b.getContext()), {ptr, i64, i64});
  auto func = LLVMFuncOp::create(b, module.getLoc(), full, type);
  symbols.insert(func);
  return func;
}

/// The value's bytes as a buffer holds them: little-endian, a byte per bool.
static std::string bytesOfConstant(ElementsAttr value) {
  std::string bytes;
  for (Attribute element : value.getValues<Attribute>()) {
    APInt bits =
        isa<FloatAttr>(element) ? cast<FloatAttr>(element).getValue().bitcastToAPInt() : cast<IntegerAttr>(element).getValue();
    for (int64_t i = 0, size = task::storageBytes(value.getElementType()); i < size; ++i)
      bytes.push_back(static_cast<char>(bits.lshr(std::min<unsigned>(8 * i, bits.getBitWidth())).getLoBits(8).getZExtValue()));
  }
  if (bytes.empty())
    bytes.push_back(0);
  return bytes;
}

GlobalOp HostGlobals::constant(OpBuilder &b, ElementsAttr value) {
  GlobalOp &global = constants[value];
  if (!global) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(module.getBody());
    std::string bytes = bytesOfConstant(value);
    auto type = LLVMArrayType::get(b.getI8Type(), bytes.size());
    global = GlobalOp::create(b, module.getLoc(), type, /*isConstant=*/true, Linkage::Internal,
                              ("tensel_constant_" + Twine(constants.size())).str(), b.getStringAttr(bytes), alignment);
    symbols.insert(global);
  }
  return global;
}

HostEmitter::HostEmitter(HostGlobals &globals, func::FuncOp func)
    : globals(globals), func(func), b(func.getContext()), loc(func.getLoc()) {
  i64 = b.getI64Type();
  i32 = b.getI32Type();
  i8 = b.getI8Type();
  i1 = b.getI1Type();
  ptr = LLVMPointerType::get(b.getContext());
}

Value HostEmitter::number(int64_t value) { return LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(value)); }
Value HostEmitter::at(Value base, int64_t offset) {
  return offset ? GEPOp::create(b, loc, ptr, i8, base, ArrayRef<GEPArg>{static_cast<int32_t>(offset)}).getResult() : base;
}
Value HostEmitter::load(Type type, Value base, int64_t offset) { return LLVM::LoadOp::create(b, loc, type, at(base, offset)); }
void HostEmitter::store(Value value, Value base, int64_t offset) { LLVM::StoreOp::create(b, loc, value, at(base, offset)); }
Value HostEmitter::compare(ICmpPredicate predicate, Value a, Value c) { return ICmpOp::create(b, loc, predicate, a, c); }
void HostEmitter::move(Value to, Value from, Value bytes) { MemmoveOp::create(b, loc, to, from, bytes, false); }

Block *HostEmitter::newBlock(TypeRange arguments) {
  Block *block = new Block;
  target.getBody().push_back(block);
  for (Type type : arguments)
    block->addArgument(type, loc);
  return block;
}

Value HostEmitter::bytesOf(const Tensor &, Type type, ArrayRef<Value> dims) {
  Value bytes = number(task::storageBytes(cast<RankedTensorType>(type).getElementType()));
  for (Value dim : dims)
    bytes = MulOp::create(b, loc, bytes, dim);
  return bytes;
}

void HostEmitter::failUnless(Value condition, int64_t code, int64_t where, Value found, Value expected) {
  Block *good = newBlock(), *bad = newBlock();
  LLVM::CondBrOp::create(b, loc, condition, good, bad);
  b.setInsertionPointToStart(bad);
  Value fail = load(ptr, env, EnvFail);
  Value codeValue = LLVM::ConstantOp::create(b, loc, i32, b.getI32IntegerAttr(code));
  auto type = LLVMFunctionType::get(i32, {ptr, i32, i64, i64, i64});
  auto call = LLVM::CallOp::create(b, loc, type, ValueRange{fail, env, codeValue, number(where), found, expected});
  LLVM::ReturnOp::create(b, loc, call.getResult());
  b.setInsertionPointToStart(good);
}

Value HostEmitter::buffer(int64_t id, Value bytes) {
  if (task::isArgumentBuffer(id)) // its dims are those of what goes there
    return tensors[func.getArgument(task::argumentOfBuffer(id))].data;
  if (bytes) {
    Value capacity = load(i64, capacities, 8 * id);
    // Unsigned, so that a negative size is too large as well.
    failUnless(compare(ICmpPredicate::ule, bytes, capacity), failCapacity, id, bytes, capacity);
  }
  return GEPOp::create(b, loc, ptr, i8, arena, ArrayRef<GEPArg>{load(i64, offsets, 8 * id)});
}

HostEmitter::Tensor HostEmitter::tensorOf(RankedTensorType type, Value data, ValueRange dynamicDims) {
  Tensor tensor{data, {}};
  for (int64_t size : type.getShape()) {
    if (!ShapedType::isDynamic(size)) {
      tensor.dims.push_back(number(size));
      continue;
    }
    tensor.dims.push_back(dynamicDims.front());
    dynamicDims = dynamicDims.drop_front();
  }
  return tensor;
}

void HostEmitter::append(SmallVectorImpl<Value> &values, const Tensor &tensor, RankedTensorType type) {
  values.push_back(tensor.data);
  for (auto [i, dim] : llvm::enumerate(tensor.dims))
    if (type.isDynamicDim(i))
      values.push_back(dim);
}

void HostEmitter::appendTypes(SmallVectorImpl<Type> &types, RankedTensorType type) {
  types.push_back(ptr);
  types.append(type.getNumDynamicDims(), i64);
}

HostEmitter::Tensor HostEmitter::takeTensor(RankedTensorType type, ValueRange &values) {
  Value data = values.front();
  ValueRange dims = values.slice(1, type.getNumDynamicDims());
  values = values.drop_front(1 + type.getNumDynamicDims());
  return tensorOf(type, data, dims);
}

void HostEmitter::checkValue(BlockArgument arg, ArrayRef<int64_t> expected) {
  auto type = cast<RankedTensorType>(arg.getType());
  auto element = dyn_cast<IntegerType>(type.getElementType());
  if (!element || element.getWidth() > 64)
    return;
  auto name = func.getArgAttrOfType<StringAttr>(arg.getArgNumber(), "graph.name");
  int64_t place = places.size();
  places.push_back("input " + (name ? name.str() : std::to_string(arg.getArgNumber())));
  Tensor tensor = tensors[arg];
  if (!type.hasStaticShape()) {
    Value count = number(1);
    for (Value dim : tensor.dims)
      count = MulOp::create(b, loc, count, dim);
    Value wanted = number(expected.size());
    failUnless(compare(ICmpPredicate::eq, count, wanted), failDims, place, count, wanted);
  }
  Type stored = IntegerType::get(b.getContext(), 8 * task::storageBytes(element));
  for (auto [i, value] : llvm::enumerate(expected)) {
    Value found = load(stored, tensor.data, i * task::storageBytes(element));
    if (stored != i64)
      found = element.isUnsigned() || element.getWidth() == 1 ? ZExtOp::create(b, loc, i64, found).getResult()
                                                              : SExtOp::create(b, loc, i64, found).getResult();
    Value wanted = number(value);
    failUnless(compare(ICmpPredicate::eq, found, wanted), failValue, place, found, wanted);
  }
}

void HostEmitter::checkCount(Operation *op, const Tensor &input, const Tensor &result) {
  Value counts[] = {number(1), number(1)};
  for (auto [count, dims] : {std::pair{&counts[0], &input.dims}, std::pair{&counts[1], &result.dims}})
    for (Value dim : *dims)
      *count = MulOp::create(b, loc, *count, dim);
  int64_t place = places.size();
  places.push_back(nodeName(op->getLoc()));
  failUnless(compare(ICmpPredicate::eq, counts[1], counts[0]), failDims, place, counts[0], counts[1]);
}

LogicalResult HostEmitter::emit() {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(func);
  target = LLVMFuncOp::create(b, loc, ("tensel_entry_" + func.getSymName()).str(), LLVMFunctionType::get(i32, {ptr, ptr, ptr}));
  globals.symbols.insert(target);
  entry = target.addEntryBlock(b);
  b.setInsertionPointToStart(entry);
  env = entry->getArgument(0);
  // One closure serves all dispatches: a kernel has read it when its loop is done.
  int64_t slots = 1;
  func.walk([&](task::DispatchOp op) {
    numbers.try_emplace(op, numbers.size());
    int64_t needed = op.getNumOperands() + op.getNumResults() + op.getDims().size();
    for (Type type : op.getInputs().getTypes())
      needed += cast<RankedTensorType>(type).getNumDynamicDims();
    slots = std::max(slots, needed);
  });
  closure = AllocaOp::create(b, loc, ptr, i64, number(slots), 8);
  arena = load(ptr, env, EnvArena);
  offsets = load(ptr, env, EnvOffsets);
  capacities = load(ptr, env, EnvCapacities);
  weights = load(ptr, env, EnvWeights);
  for (BlockArgument arg : func.getArguments()) {
    auto type = cast<RankedTensorType>(arg.getType());
    int64_t base = arg.getArgNumber() * AbiTensorSize;
    Value data = load(ptr, entry->getArgument(1), base);
    SmallVector<Value> dynamic;
    if (type.getNumDynamicDims()) {
      Value dims = load(ptr, entry->getArgument(1), base + AbiDims);
      for (int64_t i = 0; i < type.getRank(); ++i)
        if (type.isDynamicDim(i))
          dynamic.push_back(load(i64, dims, 8 * i));
    }
    tensors[arg] = tensorOf(type, data, dynamic);
    if (auto value = func.getArgAttrOfType<DenseI64ArrayAttr>(arg.getArgNumber(), "graph.value"))
      checkValue(arg, value);
  }
  if (failed(emitBlock(func.front())))
    return failure();
  return emitReturn(func.front().getTerminator());
}

LogicalResult HostEmitter::emitBlock(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(emitOp(&op)))
      return failure();
  return success();
}

LogicalResult HostEmitter::emitReturn(Operation *op) {
  FailureOr<SmallVector<StatePair>> states = findStates(func);
  if (failed(states))
    return failure();
  SmallVector<Tensor> results;
  for (Value value : op->getOperands())
    results.push_back(tensors[value]);
  auto moveTo = [&](Value place, size_t i) {
    move(place, results[i].data, bytesOf(results[i], op->getOperand(i).getType(), results[i].dims));
    results[i].data = place;
  };
  // What lies in a state's old value steps aside before the next value comes.
  if (auto ids = op->getAttrOfType<DenseI64ArrayAttr>("task.ids"))
    for (auto [i, id] : llvm::enumerate(ids.asArrayRef()))
      if (id >= 0)
        moveTo(buffer(id, bytesOf(results[i], op->getOperand(i).getType(), results[i].dims)), i);
  for (const StatePair &state : *states)
    if (Value place = tensors[func.getArgument(state.argument)].data; place != results[state.result].data)
      moveTo(place, state.result);
  Value outputs = entry->getArgument(2);
  for (auto [i, tensor] : llvm::enumerate(results)) {
    int64_t base = i * AbiTensorSize;
    store(tensor.data, outputs, base);
    if (tensor.dims.empty())
      continue;
    Value dims = load(ptr, outputs, base + AbiDims);
    for (auto [d, dim] : llvm::enumerate(tensor.dims))
      store(dim, dims, 8 * d);
  }
  LLVM::ReturnOp::create(b, loc, LLVM::ConstantOp::create(b, loc, i32, b.getI32IntegerAttr(0)));
  return success();
}

void HostEmitter::emitConstant(Operation *op, ElementsAttr value) {
  Value data = AddressOfOp::create(b, loc, globals.constant(b, value));
  tensors[op->getResult(0)] = tensorOf(cast<RankedTensorType>(op->getResult(0).getType()), data, {});
}

void HostEmitter::emitDispatch(Operation *op, StringRef kernel, ValueRange inputs, ValueRange dims, ArrayRef<int64_t> ids) {
  SmallVector<Value> slots, dynamic;
  for (Value input : inputs)
    append(slots, tensors[input], cast<RankedTensorType>(input.getType()));
  for (Value dim : dims)
    dynamic.push_back(scalars[dim]);
  ValueRange left = dynamic;
  for (auto [result, id] : llvm::zip(op->getResults(), ids)) {
    auto type = cast<RankedTensorType>(result.getType());
    Tensor tensor = tensorOf(type, {}, left.take_front(type.getNumDynamicDims()));
    left = left.drop_front(type.getNumDynamicDims());
    tensor.data = buffer(id, type.hasStaticShape() ? Value() : bytesOf(tensor, type, tensor.dims));
    append(slots, tensor, type);
    tensors[result] = tensor;
  }
  for (auto [i, slot] : llvm::enumerate(slots))
    store(slot, closure, 8 * i);
  LLVMFuncOp run = globals.kernelFunction(b, kernel, false), count = globals.kernelFunction(b, kernel, true);
  Value iterations = LLVM::CallOp::create(b, loc, count, ValueRange{closure}).getResult();
  store(number(numbers.lookup(op)), env, EnvDispatch);
  // Also for one iteration: the runtime sees every dispatch.
  Value address = AddressOfOp::create(b, loc, run);
  auto type = LLVMFunctionType::get(LLVMVoidType::get(b.getContext()), {ptr, ptr, ptr, i64});
  LLVM::CallOp::create(b, loc, type, ValueRange{load(ptr, env, EnvParallelFor), env, address, closure, iterations});
}

LogicalResult HostEmitter::emitOp(Operation *op) {
  loc = op->getLoc();
  if (auto dispatch = dyn_cast<task::DispatchOp>(op)) {
    if (!dispatch.getIds())
      return op->emitError("found no ids, expected those of -tensel-plan-memory");
    if (!globals.kernelFunction(b, dispatch.getKernel(), false) || !globals.kernelFunction(b, dispatch.getKernel(), true))
      return op->emitError() << "found the kernel '" << dispatch.getKernel()
                             << "' as a function of tensors, expected it in the LLVM dialect";
    emitDispatch(op, dispatch.getKernel(), dispatch.getInputs(), dispatch.getDims(), *dispatch.getIds());
    return success();
  }
  if (auto branch = dyn_cast<graph::IfOp>(op))
    return emitIf(branch);
  if (auto loop = dyn_cast<graph::LoopOp>(op))
    return emitLoop(loop);
  if (auto constant = dyn_cast<graph::ConstantOp>(op)) {
    emitConstant(op, constant.getValue());
  } else if (auto weight = dyn_cast<graph::LoadWeightOp>(op)) {
    Value data = load(ptr, weights, 8 * globals.weights.lookup(weight.getWeight()));
    tensors[weight.getResult()] = tensorOf(cast<RankedTensorType>(weight.getResult().getType()), data, {});
  } else if (auto alias = dyn_cast<task::AliasOp>(op)) {
    SmallVector<Value> dynamic;
    for (Value dim : alias.getDims())
      dynamic.push_back(scalars[dim]);
    Tensor input = tensors[alias.getInput()], result = tensorOf(alias.getResult().getType(), input.data, dynamic);
    if (!dynamic.empty() || !cast<RankedTensorType>(alias.getInput().getType()).hasStaticShape())
      checkCount(op, input, result);
    tensors[alias.getResult()] = result;
  } else if (auto element = dyn_cast<task::ElementOp>(op)) {
    Type type = element.getInput().getType().getElementType();
    bool isBool = type.isInteger(1);
    Value value = load(isBool ? i8 : type, tensors[element.getInput()].data, element.getIndex() * task::storageBytes(type));
    if (isBool)
      value = ZExtOp::create(b, loc, i64, value);
    else if (type != i64)
      value = SExtOp::create(b, loc, i64, value);
    scalars[element.getResult()] = value;
  } else if (auto elements = dyn_cast<task::FromElementsOp>(op)) {
    RankedTensorType type = elements.getResult().getType();
    Value data = buffer((*elements.getIds())[0], {});
    for (auto [i, value] : llvm::enumerate(elements.getElements())) {
      Value stored = scalars[value];
      if (type.getElementType() != i64)
        stored = TruncOp::create(b, loc, type.getElementType(), stored);
      store(stored, data, i * task::storageBytes(type.getElementType()));
    }
    tensors[elements.getResult()] = tensorOf(type, data, {});
  } else if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    auto index = dim.getConstantIndex();
    if (!index)
      return op->emitError("expected a constant dim");
    scalars[dim.getResult()] = tensors[dim.getSource()].dims[*index];
  } else if (!emitArith(op)) {
    return op->emitError() << "found '" << op->getName()
                           << "' in the host program, expected dispatches, control flow and index arithmetic";
  }
  return success();
}

Value HostEmitter::floorDivide(Value a, Value c, bool up) {
  // The divisor is positive by contract; whatever the data says, the host must not trap.
  Value divisor = LLVM::SMaxOp::create(b, loc, c, number(1));
  Value quotient = SDivOp::create(b, loc, a, divisor), rest = SRemOp::create(b, loc, a, divisor);
  Value adjust = ZExtOp::create(b, loc, i64, compare(up ? ICmpPredicate::sgt : ICmpPredicate::slt, rest, number(0)));
  return up ? AddOp::create(b, loc, quotient, adjust).getResult() : SubOp::create(b, loc, quotient, adjust).getResult();
}

bool HostEmitter::emitArith(Operation *op) {
  auto in = [&](unsigned i) { return scalars[op->getOperand(i)]; };
  Value result = llvm::TypeSwitch<Operation *, Value>(op)
                     .Case([&](arith::ConstantOp c) -> Value {
                       if (auto integer = dyn_cast<IntegerAttr>(c.getValue()))
                         return c.getType().isInteger(1) ? LLVM::ConstantOp::create(b, loc, i1, integer).getResult()
                                                         : number(integer.getValue().getSExtValue());
                       return LLVM::ConstantOp::create(b, loc, c.getType(), c.getValue());
                     })
                     .Case([&](arith::AddIOp) { return AddOp::create(b, loc, in(0), in(1)); })
                     .Case([&](arith::SubIOp) { return SubOp::create(b, loc, in(0), in(1)); })
                     .Case([&](arith::MulIOp) { return MulOp::create(b, loc, in(0), in(1)); })
                     .Case([&](arith::FloorDivSIOp) { return floorDivide(in(0), in(1), false); })
                     .Case([&](arith::CeilDivSIOp) { return floorDivide(in(0), in(1), true); })
                     .Case([&](arith::MinSIOp) { return LLVM::SMinOp::create(b, loc, in(0), in(1)); })
                     .Case([&](arith::MaxSIOp) { return LLVM::SMaxOp::create(b, loc, in(0), in(1)); })
                     .Case([&](arith::CmpIOp c) { return compare(static_cast<ICmpPredicate>(c.getPredicate()), in(0), in(1)); })
                     .Case([&](arith::SelectOp) { return LLVM::SelectOp::create(b, loc, in(0), in(1), in(2)); })
                     .Case([&](arith::IndexCastOp) { return in(0); })
                     .Case([&](arith::SIToFPOp c) { return LLVM::SIToFPOp::create(b, loc, c.getType(), in(0)); })
                     .Case([&](arith::FPToSIOp c) { return LLVM::FPToSIOp::create(b, loc, i64, in(0)); })
                     .Case([&](arith::MulFOp) { return LLVM::FMulOp::create(b, loc, in(0), in(1)); })
                     .Default([](Operation *) { return Value(); });
  if (!result)
    return false;
  scalars[op->getResult(0)] = result;
  return true;
}

} // namespace tensel
