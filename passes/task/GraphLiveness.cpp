// See GraphLiveness.h.
#include "passes/task/GraphLiveness.h"

#include "dialects/graph/Graph.h"
#include "passes/graph/ShapeOperands.h"
#include "passes/task/Liveness.h"

using namespace mlir;

namespace tensel {
namespace {
RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Whether elementwise ops on what the op makes are done in its kernel (Grouping.cpp).
bool takesReadersIn(Operation *op) { return isa<graph::ElementwiseOpInterface>(op) || op->hasTrait<graph::SumOfProducts>(); }

bool hasNoMemory(Operation *op) { return op->getNumResults() == 0 || isPackaged(op->getResult(0)) || isReshape(op); }

/// Who reads a value, or a view of it.
void findReaders(Value value, SmallVectorImpl<OpOperand *> &readers) {
  for (OpOperand &use : value.getUses())
    if (isReshape(use.getOwner()) && use.getOperandNumber() == 0)
      findReaders(use.getOwner()->getResult(0), readers);
    else
      readers.push_back(&use);
}
} // namespace

bool isPackaged(Value value) {
  Operation *op = value.getDefiningOp();
  return op && (op->hasTrait<OpTrait::ConstantLike>() || isa<graph::LoadWeightOp>(op));
}

GraphLiveness::GraphLiveness(Block &block) {
  for (Operation &op : block) {
    positions[&op] = ops.size();
    ops.push_back(&op);
  }
  formGroups();
  alive.assign(ops.size(), 0);
  across.assign(ops.size(), 0);
  for (Operation *op : ops)
    if (!hasNoMemory(op))
      for (Value result : op->getResults())
        place(result);
}

void GraphLiveness::formGroups() {
  groups.resize(ops.size());
  for (unsigned i = 0; i < ops.size(); ++i) {
    unsigned own = i;
    if (isa<graph::ElementwiseOpInterface>(ops[i]))
      for (Value operand : ops[i]->getOperands())
        if (Operation *maker = operand.getDefiningOp(); maker && takesReadersIn(maker) && positions.contains(maker))
          if (unsigned other = group[positions[maker]]; typeOf(operand).getShape() == typeOf(ops[i]->getResult(0)).getShape() &&
                                                        !isReadBefore(other, i) && (own == i || other > own))
            own = other;
    group.push_back(own);
    groups[own].push_back(i);
  }
}

unsigned GraphLiveness::readerAt(OpOperand &use) const {
  Operation *user = use.getOwner();
  while (!positions.contains(user))
    user = user->getParentOp(); // what a region reads
  return positions.at(user);
}

/// Whether somebody else reads what a group makes before a position: then its kernel has run by then.
bool GraphLiveness::isReadBefore(unsigned number, unsigned position) const {
  return llvm::any_of(groups[number], [&](unsigned member) {
    return llvm::any_of(ops[member]->getUses(), [&](OpOperand &use) {
      unsigned reader = readerAt(use);
      return reader < position && group[reader] != number;
    });
  });
}

void GraphLiveness::place(Value value) {
  unsigned own = group[positions[value.getDefiningOp()]], first = groups[own].back(), last = first;
  bool isRead = false, isOverwritten = false;
  SmallVector<OpOperand *> readers;
  findReaders(value, readers);
  for (OpOperand *use : readers) {
    unsigned reader = readerAt(*use), at = groups[group[reader]].back();
    if (group[reader] == own)
      continue;
    isRead = true;
    // A result may take the place of what is read element by element for the last time.
    bool overwrites = isa<graph::ElementwiseOpInterface>(ops[reader]) && ops[reader]->getResult(0).getType() == value.getType();
    if (at >= last)
      isOverwritten = overwrites && (at > last || isOverwritten);
    last = std::max(last, at);
  }
  if (!isRead)
    return;
  const int64_t bytes = staticBytes(value.getType());
  for (unsigned i = first; i <= last - isOverwritten; ++i) {
    alive[i] += bytes;
    if (i > first)
      across[i] += bytes;
  }
}

unsigned GraphLiveness::peak() const { return std::max_element(alive.begin(), alive.end()) - alive.begin(); }
} // namespace tensel
