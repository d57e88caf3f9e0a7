// Liveness of the host program's buffers: which planned value each tensor stands for, and from where to where it lives.
// Then next values of states go into the states' memory and results take the buffers of inputs that die where they are made, where
// the kernels allow it.
// The offsets are not chosen here but by the runtime, from these intervals and the sizes at its symbol limits.
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Provenance.h"
#include "passes/task/Passes.h"
#include "passes/task/ReuseBuffers.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "passes/task/Passes.h.inc"

namespace {

class Planner {
public:
  explicit Planner(func::FuncOp func) : func(func), lastReads(func.getNumArguments(), -1) {}

  LogicalResult run(InPlaceKernels &kernels) {
    FailureOr<SmallVector<StatePair>> states = findStates(func);
    if (failed(states))
      return failure();
    for (const StatePair &state : *states)
      roots[func.getArgument(state.argument)] = {task::argumentBuffer(state.argument)};
    planBlock(func.front());
    saveStates(*states);
    kernels.placeStates(func, *states, planned, lastReads);
    kernels.reuseIn(func, planned);
    Builder b(func.getContext());
    SmallVector<Attribute> list;
    for (const PlannedBuffer &value : planned)
      list.push_back(b.getDictionaryAttr(
          {b.getNamedAttr("name", b.getStringAttr(value.name)), b.getNamedAttr("size_expr", b.getDenseI64ArrayAttr(value.size)),
           b.getNamedAttr("first", b.getI64IntegerAttr(value.first)), b.getNamedAttr("last", b.getI64IntegerAttr(value.last))}));
    func->setAttr("tensel.planned_values", b.getArrayAttr(list));
    return success();
  }

private:
  using Roots = SmallVector<int64_t, 2>; // the planned values and states' memories that a tensor's data may lie in

  int64_t add(Location loc, ArrayRef<int64_t> size) {
    planned.push_back({nodeName(loc), SmallVector<int64_t>(size), position, position});
    return planned.size() - 1;
  }
  static ArrayRef<int64_t> sizeAt(ArrayAttr sizes, size_t i) { return cast<DenseI64ArrayAttr>(sizes[i]).asArrayRef(); }

  void use(Value value) {
    if (auto found = roots.find(value); found != roots.end())
      for (int64_t id : found->second) {
        int64_t &last = task::isArgumentBuffer(id) ? lastReads[task::argumentOfBuffer(id)] : planned[id].last;
        last = std::max(last, position);
      }
  }
  void join(Value into, Value from) {
    if (into == from)
      return;
    auto found = roots.find(from);
    if (found == roots.end())
      return;
    Roots copy = found->second; // roots[into] may move it
    for (int64_t id : copy)
      if (!llvm::is_contained(roots[into], id))
        roots[into].push_back(id);
  }

  void planBlock(Block &block) {
    for (Operation &op : block) {
      ++position;
      if (!isa<tensor::DimOp>(op)) // dims are not in the buffer
        for (Value operand : op.getOperands())
          use(operand);
      if (auto dispatch = dyn_cast<task::DispatchOp>(op)) {
        SmallVector<int64_t> ids;
        for (auto [i, result] : llvm::enumerate(dispatch.getResults())) {
          ids.push_back(add(op.getLoc(), sizeAt(*dispatch.getSizes(), i)));
          roots[result] = {ids.back()};
        }
        dispatch.setIds(ids);
        dispatch->setAttr("task.position", IntegerAttr::get(IntegerType::get(op.getContext(), 64), position));
      } else if (auto elements = dyn_cast<task::FromElementsOp>(op)) {
        int64_t bytes = elements.getElements().size() * task::storageBytes(elements.getResult().getType().getElementType());
        int64_t id = add(op.getLoc(), {task::SizeConst, bytes});
        elements.setIds({id});
        roots[elements.getResult()] = {id};
      } else if (auto alias = dyn_cast<task::AliasOp>(op)) {
        join(alias.getResult(), alias.getInput());
      } else if (auto branch = dyn_cast<graph::IfOp>(op)) {
        for (Region *region : {&branch.getThenRegion(), &branch.getElseRegion()}) {
          planBlock(region->front());
          for (auto [result, value] : llvm::zip(branch.getResults(), region->front().getTerminator()->getOperands()))
            join(result, value);
        }
        ++position;
      } else if (auto loop = dyn_cast<graph::LoopOp>(op)) {
        planLoop(loop);
      }
    }
  }

  void planLoop(graph::LoopOp loop) {
    int64_t start = position;
    Block &body = loop.getBody().front();
    ValueRange yields = body.getTerminator()->getOperands();
    size_t carried = loop.getInits().size();
    auto sizes = loop->getAttrOfType<ArrayAttr>("task.sizes");
    SmallVector<int64_t> homes(carried, -1), ways(carried, -1), scans;
    for (size_t i = 0; i < carried; ++i) {
      Value arg = body.getArgument(i + 1);
      join(arg, loop.getInits()[i]);
      if (yields[i + 1] == arg)
        continue;
      homes[i] = add(loop.getLoc(), sizeAt(sizes, i));
      roots[arg].push_back(homes[i]);
    }
    for (size_t i = carried; i < loop.getNumResults(); ++i) {
      scans.push_back(add(loop.getLoc(), sizeAt(sizes, i)));
      roots[loop.getResult(i)] = {scans.back()};
    }
    planBlock(body);
    // A value that leaves in another's home would be overwritten before it is copied: it goes through a buffer of its own.
    for (size_t i = 0; i < carried; ++i) {
      auto found = roots.find(yields[i + 1]);
      if (homes[i] < 0 || found == roots.end())
        continue;
      if (llvm::any_of(found->second, [&](int64_t id) { return id != homes[i] && llvm::is_contained(homes, id); }))
        ways[i] = add(loop.getLoc(), sizeAt(sizes, i));
    }
    ++position;
    // What comes from outside is needed in every iteration.
    for (auto [id, value] : llvm::enumerate(planned))
      if ((value.first < start && value.last >= start) || llvm::is_contained(homes, id) || llvm::is_contained(scans, id))
        value.last = std::max(value.last, position);
    for (int64_t &last : lastReads)
      if (last >= start)
        last = std::max(last, position);
    for (size_t i = 0; i < carried; ++i)
      join(loop.getResult(i), body.getArgument(i + 1));
    SmallVector<int64_t> ids(homes);
    ids.append(ways);
    ids.append(scans);
    loop->setAttr("task.ids", DenseI64ArrayAttr::get(loop.getContext(), ids));
  }

  /// What is returned and may lie in the old value of a state, which its next value will have replaced by then, is saved first:
  /// `task.ids` of the return says where.
  void saveStates(ArrayRef<StatePair> states) {
    Operation *ret = func.front().getTerminator();
    SmallVector<int64_t> ids(ret->getNumOperands(), -1);
    for (auto [i, value] : llvm::enumerate(ret->getOperands())) {
      auto found = roots.find(value);
      bool isLost = found != roots.end() && llvm::any_of(states, [&](const StatePair &state) {
                      return state.result != i && ret->getOperand(state.result) != func.getArgument(state.argument) &&
                             llvm::is_contained(found->second, task::argumentBuffer(state.argument));
                    });
      if (isLost)
        ids[i] = add(ret->getLoc(), sizeAt(ret->getAttrOfType<ArrayAttr>("task.sizes"), i));
    }
    if (llvm::any_of(ids, [](int64_t id) { return id >= 0; }))
      ret->setAttr("task.ids", DenseI64ArrayAttr::get(func.getContext(), ids));
  }

  func::FuncOp func;
  int64_t position = -1;
  std::vector<PlannedBuffer> planned;
  llvm::DenseMap<Value, Roots> roots;
  SmallVector<int64_t> lastReads; // per argument that is a state
};

struct PlanMemoryPass : impl::PlanMemoryPassBase<PlanMemoryPass> {
  using Base::Base;

  void runOnOperation() final {
    InPlaceKernels kernels(getOperation());
    for (auto func : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (func->hasAttr("tensel.entry"))
        if (failed(Planner(func).run(kernels)))
          return signalPassFailure();
    kernels.eraseUnused();
  }
};

} // namespace
} // namespace tensel
