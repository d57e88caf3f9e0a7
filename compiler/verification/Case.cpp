// Edits of a case; see Case.h.
#include "compiler/verification/Case.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/graph/Passes.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
/// Larger tensors are no constants.
constexpr int64_t mostConstantBytes = 1024;

Operation *opAt(const Case &one, size_t position) { return &*std::next(one.body().begin(), static_cast<ptrdiff_t>(position)); }

void updateType(func::FuncOp function) {
  function.setType(FunctionType::get(function.getContext(), function.front().getArgumentTypes(),
                                     function.front().getTerminator()->getOperandTypes()));
}

/// Names that say which input a value is for are the interface of everything that runs the case.
void nameInterface(func::FuncOp function) {
  StringAttr key = StringAttr::get(function.getContext(), "graph.name");
  llvm::StringSet<> used;
  for (unsigned k = 0; k < function.getNumArguments(); ++k)
    if (auto name = function.getArgAttrOfType<StringAttr>(k, key))
      used.insert(name.getValue());
  auto fresh = [&](const char *prefix) {
    unsigned k = 0;
    while (!used.insert(prefix + std::to_string(k)).second)
      ++k;
    return StringAttr::get(function.getContext(), prefix + std::to_string(k));
  };
  for (unsigned k = 0; k < function.getNumArguments(); ++k)
    if (!function.getArgAttrOfType<StringAttr>(k, key))
      function.setArgAttr(k, key, fresh("x"));
  for (unsigned k = 0; k < function.getNumResults(); ++k)
    if (!function.getResultAttrOfType<StringAttr>(k, key))
      function.setResultAttr(k, key, fresh("y"));
}

LogicalResult runOn(ModuleOp module, std::unique_ptr<Pass> pass) {
  PassManager passes(module.getContext());
  passes.addPass(std::move(pass));
  return passes.run(module);
}

/// Sets the inputs' types by their values, and infers what follows from nothing.
bool inferAnew(Case &one) {
  func::FuncOp function = one.function();
  auto type = [](Value value) { return dyn_cast<RankedTensorType>(value.getType()); };
  for (auto [argument, input] : llvm::zip_equal(function.getArguments(), one.inputs)) {
    argument.setType(RankedTensorType::get(input.getDims(), type(argument).getElementType()));
    function.removeArgAttr(argument.getArgNumber(), "graph.dims");
  }
  for (unsigned k = 0; k < function.getNumResults(); ++k)
    function.removeResultAttr(k, StringAttr::get(function.getContext(), "graph.dims"));
  function.walk([&](Operation *op) {
    if (op == function || op->hasTrait<OpTrait::ConstantLike>() || isa<graph::LoadWeightOp>(op))
      return;
    SmallVector<Value> values(op->getResults());
    for (Region &region : op->getRegions())
      llvm::append_range(values, region.getArguments());
    for (Value value : values)
      if (RankedTensorType known = type(value))
        value.setType(RankedTensorType::get(SmallVector<int64_t>(known.getRank(), ShapedType::kDynamic), known.getElementType()));
  });
  updateType(function);
  return succeeded(runOn(*one.module, createInferShapesPass()));
}
} // namespace

func::FuncOp Case::function() const {
  for (auto function : module.get().getOps<func::FuncOp>())
    if (!function.isPrivate() && !function.isDeclaration())
      return function;
  return {};
}

size_t Case::countOps() const {
  size_t count = 0;
  function().walk([&](Operation *op) { count += !op->hasTrait<OpTrait::IsTerminator>(); });
  return count - 1; // the function itself
}

int64_t Case::countElements() const {
  int64_t count = 0;
  for (const Tensor &input : inputs)
    count += input.getCount();
  return count;
}

Tensor owned(const Tensor &tensor) {
  Tensor copy(tensor.getKind(), tensor.getDims());
  llvm::copy(tensor.getBytes(), copy.getMutableData());
  return copy;
}

std::optional<BodyValues> evaluateBody(const Case &one) {
  WeightResolver weights;
  reference::Options how;
  BodyValues values;
  how.watch = [&](Operation *op, ArrayRef<Tensor>, ArrayRef<Tensor> results) {
    if (op->getBlock() == &one.body())
      values.push_back(llvm::map_to_vector(results, owned));
    return success();
  };
  ScopedDiagnosticHandler quiet(one.module.get().getContext(), [](Diagnostic &) { return success(); });
  if (failed(reference::Interpreter(weights, how).run(one.function(), one.inputs)))
    return std::nullopt;
  return values;
}

bool keepFunction(Case &one, StringRef name) {
  for (auto function : one.module->getOps<func::FuncOp>())
    if (function.getName() != name)
      function.setPrivate();
  return one.function() && succeeded(runOn(*one.module, createSymbolDCEPass()));
}

void clean(Case &one) {
  func::FuncOp function = one.function();
  SmallVector<Operation *> ops = llvm::map_to_vector(one.body().without_terminator(), [](Operation &op) { return &op; });
  for (Operation *op : llvm::reverse(ops))
    if (op->use_empty())
      op->erase();
  llvm::BitVector unused(function.getNumArguments());
  SmallVector<Tensor> inputs;
  for (BlockArgument argument : function.getArguments()) {
    // A state's next value stands for itself.
    function.removeArgAttr(argument.getArgNumber(), "graph.state");
    if (argument.use_empty())
      unused.set(argument.getArgNumber());
    else
      inputs.push_back(one.inputs[argument.getArgNumber()]);
  }
  (void)function.eraseArguments(unused);
  one.inputs = inputs;
  for (unsigned k = 0; k < function.getNumResults(); ++k)
    function.removeResultAttr(k, StringAttr::get(function.getContext(), "graph.state"));
  SmallVector<Operation *> symbols;
  for (Operation &op : one.module->getOps())
    if (isa<graph::WeightOp>(op) || (isa<func::FuncOp>(op) && cast<func::FuncOp>(op).isPrivate()))
      if (SymbolTable::symbolKnownUseEmpty(&op, one.module->getOperation()))
        symbols.push_back(&op);
  for (Operation *symbol : symbols)
    symbol->erase();
  nameInterface(function);
}

void returnOnly(Case &one, ArrayRef<Value> values) {
  func::FuncOp function = one.function();
  SmallVector<Value> returned(values);
  SmallVector<Attribute> names;
  for (Value value : returned) { // a result that stays keeps its name
    auto operands = one.body().getTerminator()->getOperands();
    auto at = llvm::find(operands, value);
    unsigned k = std::distance(operands.begin(), at);
    names.push_back(at == operands.end() ? Attribute() : function.getResultAttr(k, "graph.name"));
  }
  one.body().getTerminator()->setOperands(returned);
  while (function.getNumResults() > 0)
    (void)function.eraseResult(0);
  updateType(function);
  for (auto [k, name] : llvm::enumerate(names))
    if (name)
      function.setResultAttr(k, "graph.name", name);
  clean(one);
}

bool keepBefore(Case &one, size_t position) {
  llvm::SetVector<Value> live;
  size_t at = 0;
  for (Operation &op : one.body()) {
    if (at++ >= position)
      continue;
    for (Value result : op.getResults())
      for (Operation *user : result.getUsers()) {
        Operation *inBody = one.body().findAncestorOpInBlock(*user);
        if (inBody && !inBody->isBeforeInBlock(opAt(one, position)))
          live.insert(result);
      }
  }
  if (live.empty())
    return false;
  returnOnly(one, live.getArrayRef());
  return true;
}

bool cutToInputs(Case &one, ArrayRef<size_t> positions, const BodyValues &values) {
  func::FuncOp function = one.function();
  llvm::DenseMap<Operation *, size_t> ops;
  for (size_t position : positions)
    ops.try_emplace(opAt(one, position), position);
  for (size_t position : positions) {
    Operation *op = opAt(one, position);
    for (auto [result, tensor] : llvm::zip_equal(op->getResults(), values[position])) {
      bool isUsedOutside = llvm::any_of(result.getUsers(),
                                        [&](Operation *user) { return !ops.contains(one.body().findAncestorOpInBlock(*user)); });
      auto type = dyn_cast<RankedTensorType>(result.getType());
      if (!isUsedOutside)
        continue;
      if (!type)
        return false;
      unsigned at = function.getNumArguments();
      (void)function.insertArgument(at, type, {}, op->getLoc());
      one.inputs.push_back(tensor);
      result.replaceAllUsesWith(function.getArgument(at));
    }
  }
  clean(one);
  return true;
}

bool cutToConstants(Case &one, size_t position, const BodyValues &values) {
  Operation *op = opAt(one, position);
  if (op->hasTrait<OpTrait::ConstantLike>())
    return false;
  OpBuilder b(op);
  for (auto [result, tensor] : llvm::zip_equal(op->getResults(), values[position])) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (result.use_empty())
      continue;
    if (!type || !type.hasStaticShape() || tensor.getByteSize() > mostConstantBytes)
      return false;
    auto constant = graph::ConstantOp::create(b, op->getLoc(), reference::elementsOf(type.getElementType(), tensor));
    result.replaceAllUsesWith(constant.getResult());
  }
  clean(one);
  return true;
}

bool bypass(Case &one, size_t n, unsigned operand) {
  Operation *found = nullptr;
  size_t at = 0;
  one.function().walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op->hasTrait<OpTrait::IsTerminator>() || isa<func::FuncOp>(op))
      return;
    if (at++ == n)
      found = op;
  });
  if (!found || found->getNumResults() != 1 || operand >= found->getNumOperands() ||
      found->getOperand(operand).getType() != found->getResult(0).getType())
    return false;
  found->getResult(0).replaceAllUsesWith(found->getOperand(operand));
  found->erase();
  clean(one);
  return true;
}

bool makeStatic(Case &one) {
  for (Type type : one.function().getArgumentTypes())
    if (!isa<RankedTensorType>(type))
      return false;
  return inferAnew(one);
}

bool shrinkDim(Case &one, int64_t from, int64_t to, bool constants) {
  bool isThere = false;
  for (Tensor &input : one.inputs) {
    if (!llvm::is_contained(input.getDims(), from))
      continue;
    isThere = true;
    SmallVector<int64_t> dims(input.getDims());
    llvm::replace(dims, from, to);
    // The elements at the same indices.
    Tensor smaller(input.getKind(), dims);
    unsigned size = reference::bytesOf(input.getKind());
    SmallVector<int64_t> index(dims.size(), 0);
    char *bytes = smaller.getMutableData();
    for (int64_t k = 0; k < smaller.getCount(); ++k) {
      int64_t offset = 0;
      for (auto [i, dim] : llvm::zip_equal(index, input.getDims()))
        offset = offset * dim + i;
      std::memcpy(bytes + k * size, input.getData() + offset * size, size);
      for (size_t d = dims.size(); d-- > 0 && ++index[d] == dims[d];)
        index[d] = 0;
    }
    input = smaller;
  }
  if (!isThere)
    return false;
  if (constants)
    one.function().walk([&](graph::ConstantOp op) {
      auto elements = dyn_cast<DenseIntElementsAttr>(op.getValue());
      if (!elements || !elements.getElementType().isInteger(64))
        return;
      op.setValueAttr(elements.mapValues(elements.getElementType(), [&](const APInt &value) {
        return value == static_cast<uint64_t>(from) ? APInt(64, static_cast<uint64_t>(to)) : value;
      }));
    });
  return inferAnew(one);
}
} // namespace tensel::verification
