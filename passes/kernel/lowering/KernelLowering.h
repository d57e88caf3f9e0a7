// What turns the graph ops of one kernel function into linalg on tensors. Two ways to lower an op:
// - pulled: a scalar of the result is computed at given indices, from scalars of the operands (elementwise ops,
//   movement, gathers, windows). Pulled ops cost no tensor: they are computed inside the loops that need them, and
//   become a linalg.generic of their own only where the kernel returns them or a contraction reads them.
// - built: the op makes tensors (reductions, contractions, scatters, sorting).
// Each family file adds its ops to a LoweringTable.
#ifndef TENSEL_PASSES_KERNEL_LOWERING_KERNELLOWERING_H
#define TENSEL_PASSES_KERNEL_LOWERING_KERNELLOWERING_H

#include "dialects/graph/Graph.h"
#include "dialects/graph/IndexShapes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <functional>

namespace tensel {
class KernelLowering;

/// A place inside loops where scalars are computed.
struct Cursor {
  mlir::OpBuilder &b;
  mlir::Location loc;

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value c);
  mlir::Value sub(mlir::Value a, mlir::Value c);
  mlir::Value mul(mlir::Value a, mlir::Value c);
  mlir::Value min(mlir::Value a, mlir::Value c);
  mlir::Value max(mlir::Value a, mlir::Value c);
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value a, mlir::Value c);
  mlir::Value both(mlir::Value a, mlir::Value c);
  mlir::Value select(mlir::Value condition, mlir::Value yes, mlir::Value no);
  /// Quotient and remainder of a non-negative index by a positive one.
  mlir::Value div(mlir::Value a, mlir::Value c);
  mlir::Value mod(mlir::Value a, mlir::Value c);
  /// Mathematical remainder (never negative) by a positive number.
  mlir::Value floorMod(mlir::Value a, mlir::Value c);
  mlir::Value clamp(mlir::Value a, mlir::Value low, mlir::Value high);
  /// The index again, for a dim that may be larger than the loop: such a read must not become an operand, whose dims decide
  /// how far the loops run.
  mlir::Value within(mlir::Value index);
};

using Indices = llvm::SmallVector<mlir::Value>;
/// The element of result `number` of the op at `indices`, as a scalar of storage type.
using PullFn = std::function<mlir::Value(KernelLowering &, Cursor &, mlir::Operation *, unsigned number,
                                         llvm::ArrayRef<mlir::Value> indices)>;
/// Makes the op's result tensors (KernelLowering::define).
using BuildFn = std::function<llvm::LogicalResult(KernelLowering &, mlir::Operation *)>;

/// How each op is lowered, by name.
class LoweringTable {
public:
  template <typename Op>
  void pull(mlir::Value (*fn)(KernelLowering &, Cursor &, Op, llvm::ArrayRef<mlir::Value>)) {
    pulls[Op::getOperationName()] = [fn](KernelLowering &k, Cursor &c, mlir::Operation *op, unsigned,
                                         llvm::ArrayRef<mlir::Value> at) { return fn(k, c, llvm::cast<Op>(op), at); };
  }
  template <typename Op>
  void build(llvm::LogicalResult (*fn)(KernelLowering &, Op)) {
    builds[Op::getOperationName()] = [fn](KernelLowering &k, mlir::Operation *op) { return fn(k, llvm::cast<Op>(op)); };
  }
  /// Null when the op is not pulled / not built.
  PullFn pullOf(mlir::Operation *op) const;
  BuildFn buildOf(mlir::Operation *op) const;

private:
  llvm::StringMap<PullFn> pulls;
  llvm::StringMap<BuildFn> builds;
};

void addMovementLowerings(LoweringTable &table);
void addJoinLowerings(LoweringTable &table);
void addGatherLowerings(LoweringTable &table);
void addResizeLowerings(LoweringTable &table);
void addWindowLowerings(LoweringTable &table);
void addReductionLowerings(LoweringTable &table);
void addContractionLowerings(LoweringTable &table);
void addScatterLowerings(LoweringTable &table);
void addSortLowerings(LoweringTable &table);
void addQuantizedLowerings(LoweringTable &table);

/// Everything above, and every op with ElementwiseOpInterface.
const LoweringTable &getLoweringTable();
mlir::Value pullElementwise(KernelLowering &k, Cursor &c, mlir::Operation *op, llvm::ArrayRef<mlir::Value> at);

/// Lowers one kernel function in place.
class KernelLowering {
public:
  explicit KernelLowering(mlir::func::FuncOp kernel);
  llvm::LogicalResult run();

  // Values are named by the original (graph) value; these give what stands for it.

  /// Dims of the original value, computed before all loops.
  const graph::DimList &dims(mlir::Value original);
  /// The element at `indices`.
  mlir::Value pull(Cursor &c, mlir::Value original, llvm::ArrayRef<mlir::Value> indices);
  /// The whole tensor, of storage type; computes it if nothing did yet.
  mlir::Value tensor(mlir::Value original);
  /// Where a result goes: the kernel's destination argument when it is returned, else an empty tensor.
  mlir::Value destination(mlir::Value original);
  /// An empty tensor with the dims of the original value and another element type.
  mlir::Value scratch(mlir::Value original, mlir::Type elementType);
  /// Whether the kernel's destination, where `result` goes, holds the argument `original` when the kernel begins.
  bool isInPlace(mlir::Value original, mlir::Value result);
  void define(mlir::Value original, mlir::Value tensor) { tensors[original] = tensor; }
  /// The same for a tensor without the original's unit dims but `kept`: loops read it without them.
  void defineCompact(mlir::Value original, mlir::Value tensor, llvm::ArrayRef<int64_t> kept);
  /// The destination, or scratch of another type, with only the dims `kept` (the others are 1).
  mlir::Value compactDestination(mlir::Value original, llvm::ArrayRef<int64_t> kept);
  mlir::Value compactScratch(mlir::Value original, mlir::Type elementType, llvm::ArrayRef<int64_t> kept);

  /// Computes scalars at loop indices and the current elements of `outs`; returns one scalar per out.
  using Body = llvm::function_ref<Indices(Cursor &, llvm::ArrayRef<mlir::Value> at, llvm::ArrayRef<mlir::Value> current)>;
  /// A linalg.generic over loops of `sizes`. Reads of whole tensors at plain loop indices become its inputs.
  mlir::ValueRange loops(mlir::Location loc, llvm::ArrayRef<graph::Dim> sizes, mlir::ValueRange outs,
                         llvm::ArrayRef<mlir::AffineMap> outMaps, llvm::ArrayRef<mlir::utils::IteratorType> iterators, Body body);
  /// The same over all elements of one destination, in parallel.
  mlir::Value forEach(mlir::Location loc, llvm::ArrayRef<graph::Dim> sizes, mlir::Value destination,
                      llvm::function_ref<mlir::Value(Cursor &, llvm::ArrayRef<mlir::Value> at)> body);
  mlir::Value fill(mlir::Location loc, mlir::Value destination, llvm::function_ref<mlir::Value(Cursor &)> scalar);
  /// scf.if that computes one scalar lazily.
  mlir::Value branch(Cursor &c, mlir::Value condition, mlir::Type type, llvm::function_ref<mlir::Value(Cursor &)> yes,
                     llvm::function_ref<mlir::Value(Cursor &)> no);
  /// Runs `make` for a nested block: scalars computed there are not known outside of it.
  Indices scoped(llvm::function_ref<Indices()> make) {
    Memo outer = memo;
    Indices values = make();
    memo = std::move(outer);
    return values;
  }
  /// scf.for over [low, high) that carries scalars or tensors.
  using LoopBody = llvm::function_ref<Indices(Cursor &, mlir::Value i, llvm::ArrayRef<mlir::Value> carried)>;
  mlir::ValueRange sequential(Cursor &c, mlir::Value low, mlir::Value high, mlir::ValueRange inits, LoopBody body);
  /// Sequential loops over all index tuples below `sizes`, row-major, that carry `inits`.
  Indices
  sequentialNest(Cursor &c, llvm::ArrayRef<graph::Dim> sizes, Indices inits,
                 llvm::function_ref<Indices(Cursor &, llvm::ArrayRef<mlir::Value> at, llvm::ArrayRef<mlir::Value> carried)> body);

  /// Code that runs once, before all loops.
  Cursor entry(mlir::Location loc) { return {entryBuilder, loc}; }
  mlir::Value entryIndex(graph::Dim dim) { return shapes->value(dim); }
  /// Computes a value before all loops, once for (op, slot).
  mlir::Value once(mlir::Operation *op, unsigned slot, llvm::function_ref<mlir::Value(Cursor &)> make);
  /// Where the next loop goes.
  Cursor end(mlir::Location loc) { return {builder, loc}; }
  graph::IndexShapes &shape() { return *shapes; }
  /// The original value as a contiguous tensor of other dims (same elements), if it is one already; else null.
  mlir::Value view(mlir::Value original, mlir::Value as);
  mlir::LogicalResult fail(mlir::Operation *op, const llvm::Twine &message);

  /// Index of an original integer tensor's element: negative counts from the end, then clamped into [0, size).
  mlir::Value wrapIndex(Cursor &c, mlir::Value element, mlir::Type elementType, mlir::Value size);

private:
  struct Shapes;
  llvm::LogicalResult computeDims(mlir::Operation *op);
  mlir::Value constantTensor(graph::ConstantOp op);
  mlir::Value pullConstant(Cursor &c, graph::ConstantOp op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value materialize(mlir::Value original);
  void findShared();
  mlir::Value argumentDim(mlir::BlockArgument argument, int64_t index);
  mlir::Value dimNamed(llvm::StringRef name);

  mlir::func::FuncOp kernel;
  mlir::Block *original = nullptr; // the graph ops, erased at the end
  mlir::Block *lowered = nullptr;
  mlir::OpBuilder builder, entryBuilder;
  std::unique_ptr<graph::IndexShapes> shapes;
  mlir::Operation *failedOp = nullptr;
  llvm::DenseMap<mlir::Value, mlir::Value> tensors;
  llvm::DenseMap<mlir::Value, mlir::Value> destinations;
  llvm::DenseSet<mlir::Value> shared; // pulled values that get a tensor, as computing them for each reader costs more
  llvm::DenseMap<mlir::Value, std::pair<mlir::Value, llvm::SmallVector<int64_t>>> compacts;
  llvm::DenseMap<mlir::Value, graph::DimList> dimLists;
  llvm::DenseMap<std::pair<mlir::Operation *, unsigned>, mlir::Value> onceValues;
  llvm::StringMap<mlir::Value> namedDims;
  std::map<std::pair<const void *, int64_t>, mlir::Value> argumentDims;
  std::map<std::vector<const void *>, mlir::Value> views;
  using Memo = std::map<std::vector<const void *>, mlir::Value>;
  Memo memo; // scalars already computed in the current block
};

/// Storage form of a tensor type: ui8.. become i8...
mlir::RankedTensorType storageTensor(mlir::Type type);
using graph::rankOf;
/// What elements are accumulated in: f32 for f16 and bf16, else the storage type; and the way there and back.
mlir::Type accumulatorType(mlir::Type elementType);
mlir::Value convertFloat(Cursor &c, mlir::Value value, mlir::Type to);
/// Whether `a` comes before `b` in the order from the largest (or from the smallest) on. NaN counts as larger than all numbers and
/// equal to itself.
mlir::Value comesBefore(graph::ScalarBuilder &s, bool fromLargest, mlir::Value a, mlir::Value b);
/// `at` < range as a position in a dim of `size`: clamped unless the dims show that it fits.
mlir::Value clampPosition(KernelLowering &k, Cursor &c, mlir::Value at, graph::Dim range, graph::Dim size);

} // namespace tensel
#endif // TENSEL_PASSES_KERNEL_LOWERING_KERNELLOWERING_H
