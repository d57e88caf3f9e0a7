// See FollowDim.h. Anything that is not understood counts as mixing indices.
#include "passes/kernel/FollowDim.h"
#include "dialects/graph/Graph.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassManager.h"
#include "passes/kernel/Passes.h"

using namespace mlir;

namespace tensel {
namespace {

class DimFollower {
public:
  explicit DimFollower(func::FuncOp kernel) : kernel(kernel) {}

  std::optional<int64_t> run(ArrayRef<int64_t> marked) {
    for (auto [i, dim] : llvm::enumerate(marked))
      if (dim >= 0)
        marks[kernel.getArgument(i)] = dim;
    for (Operation &op : kernel.front().without_terminator())
      if (failed(follow(&op)))
        return std::nullopt;
    auto found = marks.find(kernel.front().getTerminator()->getOperand(0));
    return found == marks.end() ? std::nullopt : std::optional(found->second);
  }

private:
  bool isMarked(Value value) const { return marks.contains(value); }

  LogicalResult follow(Operation *op) {
    bool reads = false;
    op->walk([&](Operation *inner) { reads |= llvm::any_of(inner->getOperands(), [&](Value v) { return isMarked(v); }); });
    if (!reads || isa<tensor::DimOp>(op))
      return success();
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      return follow(generic);
    if (auto cast = dyn_cast<tensor::CastOp>(op)) {
      marks[cast.getResult()] = marks[cast.getSource()];
      return success();
    }
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return reshape(expand.getSrc(), expand.getResult(), expand.getReassociationIndices(), true);
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
      return reshape(collapse.getSrc(), collapse.getResult(), collapse.getReassociationIndices(), false);
    return failure();
  }

  /// Only dims of size 1 come and go beside the marked one.
  LogicalResult reshape(Value from, Value to, ArrayRef<ReassociationIndices> groups, bool expands) {
    auto wide = cast<RankedTensorType>((expands ? to : from).getType());
    int64_t mark = marks[from];
    for (auto [narrow, group] : llvm::enumerate(groups)) {
      if (expands ? static_cast<int64_t>(narrow) != mark : !llvm::is_contained(group, mark))
        continue;
      SmallVector<int64_t> large;
      for (int64_t dim : group)
        if (wide.getDimSize(dim) != 1)
          large.push_back(dim);
      if (large.size() > 1 || (!expands && large.size() == 1 && large[0] != mark))
        return failure();
      marks[to] = expands ? (large.empty() ? group.front() : large[0]) : static_cast<int64_t>(narrow);
      return success();
    }
    return failure();
  }

  /// A result of an indexing map that is a loop and nothing else.
  static std::optional<unsigned> loopAt(AffineMap map, int64_t position) {
    auto dim = dyn_cast<AffineDimExpr>(map.getResult(position));
    return dim ? std::optional(dim.getPosition()) : std::nullopt;
  }

  LogicalResult follow(linalg::GenericOp op) {
    std::optional<unsigned> loop;
    auto take = [&](std::optional<unsigned> found) {
      if (!found || (loop && *loop != *found))
        return false;
      loop = found;
      return true;
    };
    // What a result begins with counts as well.
    for (OpOperand &operand : op->getOpOperands())
      if (isMarked(operand.get()) && !take(loopAt(op.getMatchingIndexingMap(&operand), marks[operand.get()])))
        return failure();
    WalkResult reads = op.getBody()->walk([&](tensor::ExtractOp read) {
      if (!isMarked(read.getTensor()))
        return WalkResult::advance();
      auto index = read.getIndices()[marks[read.getTensor()]].getDefiningOp<linalg::IndexOp>();
      return index && take(index.getDim()) ? WalkResult::advance() : WalkResult::interrupt();
    });
    if (reads.wasInterrupted() || !loop || op.getIteratorTypesArray()[*loop] != utils::IteratorType::parallel)
      return failure();
    // Nothing else may know where along the dim it is.
    for (OpOperand *input : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(input);
      for (int64_t i = 0; i < static_cast<int64_t>(map.getNumResults()); ++i)
        if (map.getResult(i).isFunctionOfDim(*loop) && !(isMarked(input->get()) && marks[input->get()] == i) &&
            !isShapeOnly(op, input))
          return failure();
    }
    WalkResult others = op.getBody()->walk([&](linalg::IndexOp index) {
      if (index.getDim() != *loop)
        return WalkResult::advance();
      bool isRead = llvm::all_of(index->getUses(), [&](OpOperand &use) {
        auto read = dyn_cast<tensor::ExtractOp>(use.getOwner());
        return read && isMarked(read.getTensor()) && use.getOperandNumber() == 1 + marks[read.getTensor()];
      });
      return isRead ? WalkResult::advance() : WalkResult::interrupt();
    });
    if (others.wasInterrupted())
      return failure();
    for (auto [init, result] : llvm::zip(op.getDpsInitsMutable(), op->getResults())) {
      AffineMap map = op.getMatchingIndexingMap(&init);
      std::optional<int64_t> mark;
      for (int64_t i = 0; i < static_cast<int64_t>(map.getNumResults()); ++i)
        if (map.getResult(i).isFunctionOfDim(*loop)) {
          if (mark || loopAt(map, i) != loop)
            return failure();
          mark = i;
        }
      if (!mark || (isMarked(init.get()) && marks[init.get()] != *mark))
        return failure();
      marks[result] = *mark;
    }
    return success();
  }

  /// An operand that only says how far the loops run.
  static bool isShapeOnly(linalg::GenericOp op, OpOperand *input) { return op.getMatchingBlockArgument(input).use_empty(); }

  func::FuncOp kernel;
  llvm::DenseMap<Value, int64_t> marks;
};

OwningOpRef<func::FuncOp> kernelOf(Operation *op, ArrayRef<int64_t> marked, SmallVectorImpl<int64_t> &marks) {
  OpBuilder b(op->getContext());
  SmallVector<Value> inputs;
  SmallVector<Type> types;
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (!operand.getDefiningOp<graph::ConstantOp>() && !llvm::is_contained(inputs, operand)) {
      inputs.push_back(operand);
      types.push_back(operand.getType());
      marks.push_back(marked[i]);
    }
  types.push_back(op->getResult(0).getType());
  marks.push_back(-1);
  func::FuncOp func =
      func::FuncOp::create(op->getLoc(), "kernel", FunctionType::get(op->getContext(), types, op->getResultTypes()));
  func->setAttr("tensel.kernel", b.getUnitAttr());
  func->setAttr("tensel.num_outs", b.getI64IntegerAttr(1));
  Block *body = func.addEntryBlock();
  b.setInsertionPointToStart(body);
  IRMapping map;
  for (auto [input, argument] : llvm::zip(inputs, body->getArguments()))
    map.map(input, argument);
  for (Value operand : op->getOperands())
    if (auto constant = operand.getDefiningOp<graph::ConstantOp>(); constant && !map.contains(operand))
      b.clone(*constant, map);
  Operation *copy = b.clone(*op, map);
  SmallVector<Value> results(copy->getResults());
  // What has an emitter of its own is understood by its definition.
  while (auto composite = results[0].getDefiningOp<graph::CompositeOpInterface>()) {
    b.setInsertionPoint(composite);
    SmallVector<Value> values = composite.decompose(b);
    if (values[0].getType() != results[0].getType())
      values[0].setType(results[0].getType());
    composite->replaceAllUsesWith(values);
    composite->erase();
    results[0] = values[0];
  }
  b.setInsertionPointToEnd(body);
  func::ReturnOp::create(b, op->getLoc(), results);
  return func;
}
} // namespace

std::optional<int64_t> followDim(func::FuncOp kernel, ArrayRef<int64_t> marked) {
  ScopedDiagnosticHandler quiet(kernel.getContext(), [](Diagnostic &) { return success(); });
  OwningOpRef<func::FuncOp> copy = kernel.clone();
  PassManager manager(kernel.getContext(), func::FuncOp::getOperationName());
  manager.addPass(createLowerToLinalgPass());
  if (failed(manager.run(*copy)))
    return std::nullopt;
  bool isLowered =
      !copy->walk([](Operation *op) {
             return isa_and_nonnull<graph::GraphDialect>(op->getDialect()) ? WalkResult::interrupt() : WalkResult::advance();
           })
           .wasInterrupted();
  return isLowered ? DimFollower(*copy).run(marked) : std::nullopt;
}

std::optional<int64_t> followDim(Operation *op, ArrayRef<int64_t> marked) {
  if (op->getNumResults() != 1 || op->getNumRegions() != 0)
    return std::nullopt;
  SmallVector<int64_t> marks;
  OwningOpRef<func::FuncOp> kernel = kernelOf(op, marked, marks);
  return followDim(*kernel, marks);
}
} // namespace tensel
