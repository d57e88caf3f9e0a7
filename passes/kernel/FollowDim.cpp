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

  /// An operand that only says how far the loops run.
  static bool isShapeOnly(linalg::GenericOp op, OpOperand *input) { return op.getMatchingBlockArgument(input).use_empty(); }

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

  func::FuncOp kernel;
  llvm::DenseMap<Value, int64_t> marks;
};

/// The value's type with all dims known; null where one is not.
RankedTensorType knownType(Value value, SizeOf sizeOf) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> dims(type.getShape());
  for (auto [d, dim] : llvm::enumerate(dims))
    if (ShapedType::isDynamic(dim)) {
      std::optional<int64_t> size = sizeOf(value, d);
      if (!size)
        return {};
      dim = *size;
    }
  return type.clone(dims);
}

/// The op as a kernel; null where a dim has no size.
OwningOpRef<func::FuncOp> kernelOf(Operation *op, ArrayRef<int64_t> marked, SizeOf sizeOf, SmallVectorImpl<int64_t> &marks) {
  OpBuilder b(op->getContext());
  SmallVector<Value> inputs;
  SmallVector<Type> types;
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (!operand.getDefiningOp<graph::ConstantOp>() && !llvm::is_contained(inputs, operand)) {
      inputs.push_back(operand);
      types.push_back(knownType(operand, sizeOf));
      marks.push_back(marked[i]);
    }
  RankedTensorType result = knownType(op->getResult(0), sizeOf);
  types.push_back(result);
  marks.push_back(-1);
  if (llvm::is_contained(types, Type()))
    return {};
  func::FuncOp func = func::FuncOp::create(op->getLoc(), "kernel", FunctionType::get(op->getContext(), types, TypeRange(result)));
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
  copy->getResult(0).setType(result);
  func::ReturnOp::create(b, op->getLoc(), copy->getResults());
  // What has an emitter of its own is understood by its definition.
  for (Operation *next = copy; next;) {
    auto composite = dyn_cast<graph::CompositeOpInterface>(next);
    if (!composite) {
      next = next->getNextNode();
      continue;
    }
    Operation *before = next->getPrevNode();
    b.setInsertionPoint(next);
    SmallVector<Value> values = composite.decompose(b);
    for (auto [value, old] : llvm::zip_equal(values, next->getResults()))
      if (value.getType() != old.getType())
        value.setType(old.getType());
    next->replaceAllUsesWith(values);
    next->erase();
    next = before ? before->getNextNode() : &body->front();
  }
  return func;
}

/// Lowers a copy to linalg; null where that cannot be done.
OwningOpRef<func::FuncOp> lowered(func::FuncOp kernel) {
  ScopedDiagnosticHandler quiet(kernel.getContext(), [](Diagnostic &) { return success(); });
  OwningOpRef<func::FuncOp> copy = kernel.clone();
  PassManager manager(kernel.getContext(), func::FuncOp::getOperationName());
  manager.addPass(createLowerToLinalgPass());
  bool isLowered = succeeded(manager.run(*copy)) && !copy->walk([](Operation *op) {
                                                           return isa_and_nonnull<graph::GraphDialect>(op->getDialect())
                                                                      ? WalkResult::interrupt()
                                                                      : WalkResult::advance();
                                                         })
                                                         .wasInterrupted();
  return isLowered ? std::move(copy) : OwningOpRef<func::FuncOp>();
}
} // namespace

std::optional<int64_t> followDim(func::FuncOp kernel, ArrayRef<int64_t> marked) {
  OwningOpRef<func::FuncOp> loops = lowered(kernel);
  return loops ? DimFollower(*loops).run(marked) : std::nullopt;
}

std::optional<int64_t> followDim(Operation *op, ArrayRef<int64_t> marked, SizeOf sizeOf) {
  if (op->getNumResults() != 1 || op->getNumRegions() != 0)
    return std::nullopt;
  SmallVector<int64_t> marks;
  OwningOpRef<func::FuncOp> kernel = kernelOf(op, marked, sizeOf, marks);
  return kernel ? followDim(*kernel, marks) : std::nullopt;
}

bool isRepeatedAlong(Operation *op, int64_t dim, SizeOf sizeOf) {
  if (op->getNumResults() != 1 || op->getNumRegions() != 0)
    return false;
  SmallVector<int64_t> marks, none(op->getNumOperands(), -1);
  OwningOpRef<func::FuncOp> kernel = kernelOf(op, none, sizeOf, marks), loops;
  if (kernel)
    loops = lowered(*kernel);
  if (!loops)
    return false;
  Value result = loops->front().getTerminator()->getOperand(0);
  while (auto cast = result.getDefiningOp<tensor::CastOp>())
    result = cast.getSource();
  auto generic = result.getDefiningOp<linalg::GenericOp>();
  if (!generic || generic.getNumDpsInits() != 1)
    return false;
  auto loop = dyn_cast<AffineDimExpr>(generic.getMatchingIndexingMap(generic.getDpsInitOperand(0)).getResult(dim));
  return loop && generic.getIteratorTypesArray()[loop.getPosition()] == utils::IteratorType::parallel &&
         llvm::none_of(generic.getDpsInputOperands(),
                       [&](OpOperand *input) {
                         return generic.getMatchingIndexingMap(input).isFunctionOfDim(loop.getPosition()) &&
                                !DimFollower::isShapeOnly(generic, input);
                       }) &&
         !generic.getBody()
              ->walk([&](linalg::IndexOp index) {
                return index.getDim() == loop.getPosition() ? WalkResult::interrupt() : WalkResult::advance();
              })
              .wasInterrupted();
}
} // namespace tensel
