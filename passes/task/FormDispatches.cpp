// From a graph to a host program: groups of ops become dispatches of outlined kernels, dims become index arithmetic.
#include "passes/Provenance.h"
#include "passes/graph/ShapeOperands.h"
#include "passes/task/DispatchCost.h"
#include "passes/task/Grouping.h"
#include "passes/task/HostDims.h"
#include "passes/task/KernelTable.h"
#include "passes/task/Passes.h"

using namespace mlir;
using namespace tensel::graph;

namespace tensel {
#define GEN_PASS_DEF_FORMDISPATCHESPASS
#include "passes/task/Passes.h.inc"

namespace {
constexpr StringLiteral passName = "tensel-form-dispatches";

class Former {
public:
  Former(ModuleOp module, func::FuncOp func, KernelTable &kernels, bool fuse)
      : func(func), shapes(module), kernels(kernels), fuse(fuse) {}

  LogicalResult run() {
    if (failed(shapes.analyze(func)))
      return failure();
    describeResults();
    dims.emplace(shapes, func, map);
    if (failed(boundResults()) || failed(formBlock(func.front())) || failed(dims->verdict()))
      return failure();
    for (Operation *op : llvm::reverse(erased))
      op->erase();
    return success();
  }

private:
  /// What the host does itself, without a kernel.
  static bool staysOnHost(Operation &op) {
    return !isa<GraphDialect>(op.getDialect()) || isa<ConstantOp, LoadWeightOp, IfOp, LoopOp>(op) ||
           op.hasTrait<OpTrait::IsTerminator>();
  }
  bool isHostElements(Operation *op) { return op->getNumResults() == 1 && shapes.knownElements(op->getResult(0)).has_value(); }

  auto dimOf() {
    return [&](Value value, int64_t i) { return shapes.toExpr(shapes.dimsOf(value)[i]); };
  }

  Value now(Value value) { return map.lookupOrDefault(value); }

  LogicalResult formBlock(Block &block) {
    auto isCompute = [&](Operation *op) { return !staysOnHost(*op) && !isReshape(op) && !isHostElements(op); };
    auto check = [&](ArrayRef<Operation *> ops, ArrayRef<Value> results) -> const KernelCheck & {
      return kernels.check(ops, results, dimOf());
    };
    std::vector<Group> groups = formGroups(block, shapes, fuse, isCompute, check);
    llvm::DenseMap<Operation *, const Group *> groupAt;
    for (const Group &group : groups)
      groupAt[group.ops.back()] = &group;
    SmallVector<Operation *> ops(llvm::make_pointer_range(block));
    for (Operation *op : ops) {
      if (isa<IfOp, LoopOp>(op) || op->hasTrait<OpTrait::IsTerminator>()) {
        if (isa<IfOp, LoopOp>(op))
          recordDecision(op->getLoc(), passName, "host", Verdict::Taken, "control flow: the host program follows it");
        for (OpOperand &operand : op->getOpOperands())
          operand.set(now(operand.get()));
        for (Region &region : op->getRegions())
          if (failed(formBlock(region.front())))
            return failure();
        if (auto loop = dyn_cast<LoopOp>(op)) {
          if (failed(boundLoop(loop)))
            return failure();
          nameScanDims(loop);
        }
        continue;
      }
      if (staysOnHost(*op))
        continue;
      erased.push_back(op);
      if (auto found = groupAt.find(op); found != groupAt.end()) {
        if (failed(formDispatch(*found->second)))
          return failure();
      } else if (isReshape(op)) {
        formAlias(op);
      } else if (isHostElements(op)) {
        formElements(op);
      }
    }
    return success();
  }

  FailureOr<ArrayAttr> boundSizes(ValueRange values) {
    SmallVector<Attribute> sizes;
    for (Value value : values) {
      SmallVector<int64_t> size;
      int64_t which = 0;
      if (failed(shapes.boundBytes(value, size, which)))
        return emitError(value.getLoc())
               << "found no upper bound for dim " << which << " of " << value.getType() << " that '" << nodeName(value.getLoc())
               << "' gives; expected one that follows from the inputs' dims (declare them with --shape SYMBOL=MIN..MAX)";
      sizes.push_back(DenseI64ArrayAttr::get(value.getContext(), size));
    }
    return ArrayAttr::get(func.getContext(), sizes);
  }

  LogicalResult formDispatch(const Group &group) {
    Operation *root = group.ops.back();
    OpBuilder b(root);
    auto sizes = boundSizes(group.results);
    if (failed(sizes))
      return failure();
    OutlinedGroup outlined = kernels.outline(group.ops, group.results, dimOf());
    SmallVector<Value> inputs, dynamic;
    for (Value input : outlined.inputs)
      inputs.push_back(now(input));
    SmallVector<Type> types;
    for (Value result : group.results) {
      llvm::append_range(dynamic, dims->dynamicDims(b, result));
      types.push_back(result.getType());
    }
    Location location = root->getLoc();
    for (Operation *op : llvm::reverse(group.ops))
      location = joinLocations(location, op->getLoc());
    auto dispatch = task::DispatchOp::create(b, location, types, outlined.kernel, inputs, dynamic, *sizes, DenseI64ArrayAttr());
    if (!group.apart.empty())
      dispatch->setAttr("task.apart", b.getStringAttr(group.apart));
    dispatch->setAttr("task.cost", costOf(group.ops, outlined.inputs, group.results, shapes));
    recordFusion(group);
    for (auto [from, to] : llvm::zip(group.results, dispatch.getResults()))
      map.map(from, to);
    return success();
  }

  static void recordFusion(const Group &group) {
    if (group.ops.size() > 1)
      for (Operation *op : group.ops)
        recordDecision(op->getLoc(), passName, "fuse", Verdict::Taken, [&] {
          std::string others;
          for (Operation *other : group.ops)
            if (other != op)
              others += (others.empty() ? "" : ", ") + nameOfOp(other);
          return ("'" + op->getName().getStringRef() + "' shares a kernel with " + others).str();
        });
    if (!group.apart.empty())
      recordDecision(group.ops.back()->getLoc(), passName, "fuse", Verdict::Refused,
                     "the result of '" + group.ops.back()->getName().getStringRef() + "' goes through memory: " + group.apart);
  }

  void formAlias(Operation *op) {
    recordDecision(op->getLoc(), passName, "view", Verdict::Taken, "the same bytes under other dims: nothing is computed");
    OpBuilder b(op);
    Value result = op->getResult(0);
    SmallVector<Value> dynamic = dims->dynamicDims(b, result);
    map.map(result, task::AliasOp::create(b, op->getLoc(), result.getType(), now(op->getOperand(0)), dynamic).getResult());
  }

  void formElements(Operation *op) {
    recordDecision(op->getLoc(), passName, "host", Verdict::Taken,
                   "its elements follow from dims: the host program computes them");
    OpBuilder b(op);
    SmallVector<Value> elements;
    auto known = shapes.knownElements(op->getResult(0));
    for (Dim dim : *known)
      elements.push_back(dims->get(b, op->getLoc(), dim));
    map.map(op->getResult(0),
            task::FromElementsOp::create(b, op->getLoc(), op->getResult(0).getType(), elements, DenseI64ArrayAttr()).getResult());
  }

  /// The dims of a scan output's elements that are known outside: no iteration tells them where there is none.
  void nameScanDims(LoopOp loop) {
    OpBuilder b(loop->getContext());
    b.setInsertionPointAfter(loop);
    for (Value scan : loop.getResults().drop_front(loop.getInits().size())) {
      auto type = cast<RankedTensorType>(scan.getType());
      if (llvm::none_of(type.getShape().drop_front(), ShapedType::isDynamic))
        continue;
      SmallVector<Value> dynamic = dims->dynamicDims(b, scan);
      map.map(scan, task::AliasOp::create(b, loop.getLoc(), type, scan, dynamic).getResult());
    }
  }

  LogicalResult boundLoop(LoopOp loop) {
    // Results cover the carried buffers: what enters is no larger than the bound of what leaves.
    auto sizes = boundSizes(loop.getResults());
    if (failed(sizes))
      return failure();
    loop->setAttr("task.sizes", *sizes);
    return success();
  }

  /// Where there are states, results may need a copy (-tensel-plan-memory).
  LogicalResult boundResults() {
    bool hasStates = llvm::any_of(llvm::seq(0U, func.getNumResults()),
                                  [&](unsigned i) { return static_cast<bool>(func.getResultAttr(i, "graph.state")); });
    if (!hasStates)
      return success();
    Operation *ret = func.front().getTerminator();
    auto sizes = boundSizes(ret->getOperands());
    if (failed(sizes))
      return failure();
    ret->setAttr("task.sizes", *sizes);
    return success();
  }

  /// The outputs' dims for the signature: a symbol's name, a number or -1.
  void describeResults() {
    Builder b(func.getContext());
    for (auto [n, value] : llvm::enumerate(func.front().getTerminator()->getOperands())) {
      SmallVector<Attribute> list;
      for (Dim dim : shapes.dimsOf(value)) {
        auto symbol = dyn_cast<AffineSymbolExpr>(shapes.toExpr(dim));
        if (symbol && symbol.getPosition() < shapes.numDeclared())
          list.push_back(b.getStringAttr(shapes.symbolName(symbol.getPosition())));
        else
          list.push_back(b.getI64IntegerAttr(dim.constant.value_or(-1)));
      }
      func.setResultAttr(n, "graph.dims", b.getArrayAttr(list));
    }
  }

private:
  func::FuncOp func;
  SymbolicShapes shapes;
  KernelTable &kernels;
  bool fuse;
  IRMapping map;
  std::optional<HostDims> dims;
  SmallVector<Operation *> erased;
};

struct FormDispatchesPass : impl::FormDispatchesPassBase<FormDispatchesPass> {
  using Base::Base;

  void runOnOperation() final {
    KernelTable kernels(getOperation());
    SmallVector<func::FuncOp> entries;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (func.isPublic() && !func.isDeclaration() && !func->hasAttr("tensel.kernel"))
        entries.push_back(func);
    for (func::FuncOp func : entries) {
      func->setAttr("tensel.entry", UnitAttr::get(&getContext()));
      Former former(getOperation(), func, kernels, fuse);
      if (failed(former.run()))
        return signalPassFailure();
    }
    getOperation()->setAttr("tensel.kernels", kernels.describe());
  }
};

} // namespace
} // namespace tensel
