// Fusion: decides which ops share a kernel. Two steps per block:
//   1. forward from each contraction: elementwise ops on its result, as far as one value leaves the group
//   2. backward from every op that is left, in reverse order: producers whose readers are all in the group, when they are elementwise or
//      read elements elsewhere (transpose, slice, expand) over the dims that the reader steps through, or reduce what the group reads again
//      row by row (softmax, norms) or goes on with element by element
// Code generation has the last word: a group that it has no code for, or slower code than for the ops apart, is split.
// Every group has one result, but for ops that have several.
#include "passes/task/Grouping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace tensel::graph;

namespace tensel {
namespace {

constexpr size_t maxOps = 32;
// A row is computed by one thread from start to end; long ones are better spread over all of them.
constexpr int64_t maxRowElements = 16384;

bool isElementwise(Operation *op) { return isa<ElementwiseOpInterface>(op); }
bool isContraction(Operation *op) { return op->hasTrait<SumOfProducts>(); }
bool isMovement(Operation *op) { return isa<TransposeOp, SliceOp, ExpandOp>(op); }

class Grouper {
public:
  Grouper(Block &block, SymbolicShapes &shapes, function_ref<bool(Operation *)> isCompute, CheckFn check)
      : block(block), shapes(shapes), isCompute(isCompute), check(check) {
    for (auto [i, op] : llvm::enumerate(block))
      order[&op] = i;
  }

  std::vector<Group> run(bool fuse) {
    if (fuse)
      for (Operation &op : block)
        if (isContraction(&op) && isCompute(&op) && !taken.contains(&op))
          take(growForward(&op));
    for (Operation &op : llvm::reverse(block))
      if (isCompute(&op) && !taken.contains(&op))
        take(fuse ? growBackward(&op) : only(&op));
    for (Group &group : groups)
      group.apart = fuse ? whyApart(group) : "";
    return std::move(groups);
  }

private:
  using Set = llvm::SmallSetVector<Operation *, 8>;
  using Dims = SmallVector<AffineExpr>;

  static Set only(Operation *op) {
    Set set;
    set.insert(op);
    return set;
  }
  void take(const Set &set) {
    for (Operation *op : set)
      groupOf[op] = groups.size();
    taken.insert(set.begin(), set.end());
    groups.push_back(toGroup(set));
  }
  Group toGroup(const Set &set) {
    Group group;
    group.ops.assign(set.begin(), set.end());
    llvm::sort(group.ops, [&](Operation *a, Operation *b) { return order[a] < order[b]; });
    group.results.assign(group.ops.back()->result_begin(), group.ops.back()->result_end());
    return group;
  }
  const KernelCheck &checkSet(const Set &set) {
    Group group = toGroup(set);
    return check(group.ops, group.results);
  }

  Dims dimsOf(Value value) {
    return llvm::map_to_vector(shapes.dimsOf(value), [&](Dim dim) { return shapes.toExpr(dim); });
  }
  bool isFree(Operation *op) {
    return op && op->getBlock() == &block && isCompute(op) && !taken.contains(op) && op->getNumResults() == 1;
  }
  /// Whether the value is needed outside of the set.
  bool leaves(Value value, const Set &set) {
    return shapes.readValues().contains(value) ||
           llvm::any_of(value.getUsers(), [&](Operation *user) { return !set.contains(user); });
  }

  /// Whether computing `value` needs a result of the set.
  bool dependsOn(Value value, const Set &set, size_t earliest, llvm::SmallDenseSet<Operation *> &seen) {
    Operation *op = value.getDefiningOp();
    if (op)
      op = block.findAncestorOpInBlock(*op);
    if (!op || order[op] < earliest || !seen.insert(op).second)
      return false;
    if (set.contains(op))
      return true;
    bool found = false;
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        found = found || dependsOn(operand, set, earliest, seen);
    });
    return found;
  }

  Set growForward(Operation *root) {
    Set set = only(root), alone = only(root);
    SmallVector<Set> stages; // the larger the later
    Dims dims = dimsOf(root->getResult(0));
    size_t first = order[root];
    for (Operation *op = root->getNextNode(); op && set.size() < maxOps; op = op->getNextNode()) {
      if (!isFree(op) || !isElementwise(op) || dimsOf(op->getResult(0)) != dims)
        continue;
      bool reads = false, fits = true;
      for (Value operand : op->getOperands()) {
        if (set.contains(operand.getDefiningOp())) {
          reads = true;
          continue;
        }
        llvm::SmallDenseSet<Operation *> seen;
        fits &= !dependsOn(operand, set, first, seen);
      }
      if (!reads || !fits)
        continue;
      set.insert(op);
      size_t leaving = llvm::count_if(set, [&](Operation *member) { return leaves(member->getResult(0), set); });
      if (leaving == 1 && leaves(op->getResult(0), set))
        stages.push_back(set);
    }
    if (stages.empty())
      return alone;
    bool tiled = checkSet(alone).isContraction;
    for (const Set &stage : llvm::reverse(stages)) {
      const KernelCheck &found = checkSet(stage);
      if (found.refusal.empty() && found.isContraction == tiled)
        return stage;
      refused[root] = found.refusal.empty() ? "the tiled contraction takes no such ops behind it" : found.refusal;
    }
    return alone;
  }

  /// How many trailing dims a reduction folds to 1 in place, 0 when it is of another kind or its rows are too long.
  int64_t rowRank(Operation *op) {
    auto reduce = dyn_cast<ReduceOp>(op);
    if (!reduce || !reduce.getKeepDims())
      return 0;
    ArrayRef<Dim> dims = shapes.dimsOf(reduce.getInput());
    int64_t elements = 1, count = reduce.getAxes().size();
    for (auto [i, axis] : llvm::enumerate(reduce.getAxes())) {
      if (axis != static_cast<int64_t>(dims.size()) - count + static_cast<int64_t>(i))
        return 0;
      elements *= dims[axis].constant.value_or(1);
    }
    return elements <= maxRowElements ? count : 0;
  }

  /// `dims` with the last `count` being 1.
  Dims rowDims(Dims dims, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      dims[dims.size() - 1 - i] = getAffineConstantExpr(1, block.getParentOp()->getContext());
    return dims;
  }

  /// Whether a chain of elementwise ops on row dims starts at a reduction; its row rank, or 0.
  int64_t reachesReduction(Operation *op, const Dims &dims, int depth = 0) {
    if (!isFree(op) || depth > 6 || dimsOf(op->getResult(0)) != dims)
      return 0;
    if (int64_t rank = rowRank(op))
      return rank;
    if (!isElementwise(op))
      return 0;
    for (Value operand : op->getOperands())
      if (int64_t rank = reachesReduction(operand.getDefiningOp(), dims, depth + 1))
        return rank;
    return 0;
  }

  /// The dims that an op of a group steps through.
  Dims loopsOf(Operation *op) { return dimsOf(isElementwise(op) ? Value(op->getResult(0)) : op->getOperand(0)); }

  enum Extent { Elementwise, Everything };
  /// Whether the group may have `op` as well, whose readers are all in it. `reduction` is the first one in the group.
  bool fits(Operation *op, const Set &set, Extent extent, ReduceOp &reduction) {
    bool moves = isMovement(op);
    auto reduce = dyn_cast<ReduceOp>(op);
    if (!isElementwise(op) && (extent == Elementwise || (!moves && !reduce)))
      return false;
    if (reduce && reduction &&
        (reduce.getAxes() != reduction.getAxes() || dimsOf(reduce.getInput()) != dimsOf(reduction.getInput())))
      return false;
    Dims own = dimsOf(op->getResult(0));
    for (Operation *user : op->getResult(0).getUsers()) {
      Dims loops = loopsOf(user);
      if (isMovement(user) && !isElementwise(op))
        return false;
      if (isa<ExpandOp>(user))
        return false; // would be computed again and again
      // Moved operands are read once per element, and not by rows that pass over them several times.
      if (moves && (reduction || !isElementwise(user)))
        return false;
      if (own == loops && !(reduce && isa<ReduceOp>(user)))
        continue;
      // Once per row, for all elements of the row.
      int64_t rank = isElementwise(user) && own.size() == loops.size() ? reachesReduction(op, own) : 0;
      if (!rank || own != rowDims(loops, rank) || extent == Elementwise || llvm::any_of(set, isMovement))
        return false;
      if (reduction &&
          (rowRank(reduction) != rank || (dimsOf(reduction.getInput()) != loops && !isReadAsRow(reduction, loops, rank))))
        return false;
      if (reduce && dimsOf(reduce.getInput()) != loops)
        return false;
    }
    if (reduce && llvm::any_of(set, isMovement))
      return false;
    if (reduce)
      reduction = reduce;
    return true;
  }
  bool isReadAsRow(ReduceOp reduction, const Dims &loops, int64_t rank) {
    return dimsOf(reduction.getResult()) == rowDims(loops, rank);
  }

  Set collect(Operation *root, Extent extent) {
    Set set = only(root);
    auto reduction = dyn_cast<ReduceOp>(root);
    if (root->getNumResults() != 1 ||
        (!isElementwise(root) && (!isa<ReduceOp, TransposeOp, SliceOp>(root) || extent == Elementwise)))
      return set;
    for (Operation *op = root->getPrevNode(); op && set.size() < maxOps; op = op->getPrevNode())
      if (isFree(op) && !op->getResult(0).use_empty() && !leaves(op->getResult(0), set) && fits(op, set, extent, reduction))
        set.insert(op);
    return set;
  }

  Set growBackward(Operation *root) {
    for (Extent extent : {Everything, Elementwise}) {
      Set set = collect(root, extent);
      if (set.size() == 1)
        continue;
      const KernelCheck &found = checkSet(set);
      if (found.refusal.empty())
        return set;
      for (Operation *op : set)
        refused[op] = found.refusal;
    }
    return only(root);
  }

  std::string whyApart(const Group &group) {
    Operation *op = group.ops.back();
    if (op->getNumResults() != 1)
      return "";
    Value result = op->getResult(0);
    if (auto found = refused.find(group.ops.front()); found != refused.end())
      return found->second;
    llvm::SmallSetVector<Operation *, 4> users;
    for (Operation *user : result.getUsers())
      users.insert(user);
    if (users.empty() || llvm::all_of(users, [&](Operation *user) { return user->hasTrait<OpTrait::IsTerminator>(); }))
      return "";
    if (shapes.readValues().contains(result))
      return "the host reads it";
    if (users.size() > 1)
      return llvm::formatv("{0} ops read it", users.size());
    Operation *user = users[0];
    auto name = user->getName().stripDialect();
    if (user->getBlock() != &block || !groupOf.contains(user))
      return llvm::formatv("'{0}' reads it, which is no kernel", name);
    if (!isElementwise(user) && !isMovement(user) && !isa<ReduceOp>(user))
      return llvm::formatv("'{0}' reads its operands from memory", name);
    if (!isElementwise(op) && !isMovement(op) && !isContraction(op) && !isa<ReduceOp>(op))
      return llvm::formatv("'{0}' writes its results to memory", op->getName().stripDialect());
    if (dimsOf(result) != loopsOf(user))
      return llvm::formatv("'{0}' steps through other dims", name);
    return llvm::formatv("the group of '{0}' is full or moves elements", name);
  }

  Block &block;
  SymbolicShapes &shapes;
  function_ref<bool(Operation *)> isCompute;
  CheckFn check;
  llvm::DenseMap<Operation *, size_t> order, groupOf;
  llvm::DenseMap<Operation *, std::string> refused;
  llvm::DenseSet<Operation *> taken;
  std::vector<Group> groups;
};

} // namespace

std::vector<Group> formGroups(Block &block, SymbolicShapes &shapes, bool fuse, function_ref<bool(Operation *)> isCompute,
                              CheckFn check) {
  return Grouper(block, shapes, isCompute, check).run(fuse);
}

} // namespace tensel
