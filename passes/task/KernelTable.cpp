// Outlining of groups: one function per different body, whatever the names of the nodes it came from.
#include "passes/task/KernelTable.h"

#include "passes/Provenance.h"
#include "passes/task/DispatchCost.h"

using namespace mlir;

namespace tensel {

/// Constants that become part of the code rather than an argument: scalars, and what may decide shapes and indices. Tables of numbers that
/// `user` computes with stay outside, where kernels with other numbers share the code. So do all operands of ops that code generation
/// takes whole: their emitters read memory.
static bool isInlined(Value value, Operation *user) {
  auto constant = value.getDefiningOp<graph::ConstantOp>();
  if (!constant || isa<graph::CompositeOpInterface>(user) || user->hasTrait<graph::EmittedWhole>())
    return false;
  auto type = cast<RankedTensorType>(constant.getValue().getShapedType());
  if (constant.getValue().isSplat())
    return true;
  return !isa<graph::ElementwiseOpInterface>(user) && !user->hasTrait<graph::SumOfProducts>() &&
         type.getNumElements() * std::max(8u, type.getElementTypeBitWidth()) <= 8 * 1024;
}

static int64_t staticBytes(ValueRange values) {
  int64_t total = 0;
  for (Value value : values) {
    auto type = cast<RankedTensorType>(value.getType());
    if (!type.hasStaticShape())
      return -1;
    total += type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  }
  return total;
}

/// -1 where a dim is dynamic.
static int64_t countOps(ArrayRef<Operation *> ops) {
  graph::ShapeContext context;
  int64_t total = 0;
  for (Operation *op : ops) {
    graph::Dim count = operationsOf(op, context);
    if (!count.constant)
      return -1;
    total += *count.constant;
  }
  return total;
}

using DimNames = llvm::DenseMap<AffineExpr, StringAttr>;

/// Writes `graph.dims` of the arguments that stand for `values`: dims of one expression get one name.
static DimNames nameDims(func::FuncOp func, ArrayRef<Value> values, function_ref<AffineExpr(Value, int64_t)> dimOf) {
  Builder b(func.getContext());
  DimNames names;
  for (auto [n, value] : llvm::enumerate(values)) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.hasStaticShape())
      continue;
    SmallVector<Attribute> dims;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      if (!type.isDynamicDim(i)) {
        dims.push_back(b.getI64IntegerAttr(type.getDimSize(i)));
        continue;
      }
      // Numbered by appearance, so that equal kernels of different dims are still one.
      auto [place, isNew] = names.try_emplace(dimOf(value, i));
      if (isNew)
        place->second = b.getStringAttr("d" + Twine(names.size() - 1));
      dims.push_back(place->second);
    }
    func.setArgAttr(n, "graph.dims", b.getArrayAttr(dims));
  }
  return names;
}

/// Writes `graph.dims` of a copied op whose result has dims that arguments have, too: inside the kernel the dims that follow from its
/// operands would look like others.
static void nameDims(Operation *copy, Value value, const DimNames &names, function_ref<AffineExpr(Value, int64_t)> dimOf) {
  Builder b(copy->getContext());
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<Attribute> dims;
  bool found = false;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    StringAttr name = type.isDynamicDim(i) ? names.lookup(dimOf(value, i)) : StringAttr();
    found |= name != nullptr;
    if (type.isDynamicDim(i))
      dims.push_back(name ? name : b.getStringAttr(""));
    else
      dims.push_back(b.getI64IntegerAttr(type.getDimSize(i)));
  }
  if (found)
    copy->setAttr("graph.dims", b.getArrayAttr(dims));
}

static std::string textOf(func::FuncOp func) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  func->print(stream, OpPrintingFlags().useLocalScope().printGenericOpForm());
  return text;
}

func::FuncOp KernelTable::build(ArrayRef<Operation *> ops, ArrayRef<Value> results, SmallVectorImpl<Value> &inputList,
                                function_ref<AffineExpr(Value, int64_t)> dimOf) {
  llvm::DenseSet<Operation *> members(ops.begin(), ops.end());
  llvm::SetVector<Value> inputs, constants;
  for (Operation *op : ops)
    for (Value operand : op->getOperands())
      if (!members.contains(operand.getDefiningOp()))
        (isInlined(operand, op) ? constants : inputs).insert(operand);
  inputList.assign(inputs.begin(), inputs.end());

  SmallVector<Type> arguments, resultTypes;
  for (Value input : inputs)
    arguments.push_back(input.getType());
  for (Value result : results) {
    arguments.push_back(result.getType());
    resultTypes.push_back(result.getType());
  }
  MLIRContext *context = module.getContext();
  OpBuilder b(context);
  auto func = func::FuncOp::create(ops.back()->getLoc(), "kernel", FunctionType::get(context, arguments, resultTypes));
  func.setPrivate();
  func->setAttr("tensel.kernel", b.getUnitAttr());
  func->setAttr("tensel.num_outs", b.getI64IntegerAttr(results.size()));
  SmallVector<Value> named(inputList.begin(), inputList.end());
  named.append(results.begin(), results.end());
  DimNames names = nameDims(func, named, dimOf);
  Block *body = func.addEntryBlock();
  b.setInsertionPointToStart(body);
  IRMapping map;
  for (auto [input, arg] : llvm::zip(inputs, body->getArguments()))
    map.map(input, arg);
  for (Value constant : constants)
    b.clone(*constant.getDefiningOp(), map);
  for (Operation *op : ops) {
    Operation *copy = b.clone(*op, map);
    if (ops.size() > 1 && op->getNumResults() == 1)
      nameDims(copy, op->getResult(0), names, dimOf);
  }
  SmallVector<Value> returned;
  for (Value result : results)
    returned.push_back(map.lookup(result));
  func::ReturnOp::create(b, ops.back()->getLoc(), returned);
  return func;
}

const KernelCheck &KernelTable::check(ArrayRef<Operation *> ops, ArrayRef<Value> results,
                                      function_ref<AffineExpr(Value, int64_t)> dimOf) {
  SmallVector<Value> inputs;
  OwningOpRef<func::FuncOp> func = build(ops, results, inputs, dimOf);
  auto [place, isNew] = checks.try_emplace(textOf(*func));
  if (isNew)
    place->second = checker.check(*func);
  return place->second;
}

OutlinedGroup KernelTable::outline(ArrayRef<Operation *> ops, ArrayRef<Value> results,
                                   function_ref<AffineExpr(Value, int64_t)> dimOf) {
  OutlinedGroup group;
  func::FuncOp func = build(ops, results, group.inputs, dimOf);
  MLIRContext *context = module.getContext();
  auto [place, isNew] = kernels.insert({StringAttr::get(context, textOf(func)), Entry()});
  Entry &entry = place->second;
  if (isNew) {
    entry.name = ("k" + Twine(kernels.size() - 1)).str();
    func.setSymName(entry.name);
    module.push_back(func);
    entry.name = symbols.insert(func).str();
    entry.flops = countOps(ops);
    int64_t in = staticBytes(group.inputs), out = staticBytes(results);
    entry.bytes = in < 0 || out < 0 ? -1 : in + out;
  } else {
    func->erase();
  }
  for (Operation *op : ops)
    for (const std::string &name : nodeNames(op->getLoc()))
      entry.nodes.insert(StringAttr::get(context, name));
  group.kernel = FlatSymbolRefAttr::get(context, entry.name);
  return group;
}

ArrayAttr KernelTable::describe() {
  Builder b(module.getContext());
  SmallVector<Attribute> list;
  for (auto &[text, entry] : kernels)
    list.push_back(b.getDictionaryAttr(
        {b.getNamedAttr("name", b.getStringAttr(entry.name)), b.getNamedAttr("nodes", b.getArrayAttr(entry.nodes.getArrayRef())),
         b.getNamedAttr("flops", b.getI64IntegerAttr(entry.flops)), b.getNamedAttr("bytes", b.getI64IntegerAttr(entry.bytes))}));
  return b.getArrayAttr(list);
}

} // namespace tensel
