// See RowStretch.h. What an op needs is asked of its interfaces (windows, elementwise), or of its loops (passes/kernel/FollowDim.h).
#include "passes/task/RowStretch.h"

#include "mlir/IR/IRMapping.h"
#include "passes/graph/ShapeOperands.h"
#include "passes/kernel/FollowDim.h"
#include "passes/task/GraphLiveness.h"

using namespace mlir;
using namespace tensel::graph;

namespace tensel {
namespace {

/// Rows [begin, end).
struct Rows {
  int64_t begin = 0, end = 0;
  bool empty() const { return begin >= end; }
  bool operator==(const Rows &other) const { return begin == other.begin && end == other.end; }
  void cover(const Rows &other) {
    if (!other.empty())
      *this = empty() ? other : Rows{std::min(begin, other.begin), std::max(end, other.end)};
  }
};

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Rows of an elementwise op's result: every operand that is not broadcast along the dim has the same.
std::optional<RowFlow> ofElements(Operation *op, int64_t dim) {
  int64_t rank = typeOf(op->getResult(0)).getRank();
  RowFlow flow{op, dim, {}, std::nullopt};
  for (Value operand : op->getOperands()) {
    int64_t own = dim + typeOf(operand).getRank() - rank, size = own < 0 ? 1 : typeOf(operand).getDimSize(own);
    if (size != 1 && size != flow.rows())
      return std::nullopt; // it varies, so it may be either
    flow.operandDims.push_back(size == 1 ? -1 : own);
  }
  return flow;
}

std::optional<RowFlow> throughElements(Operation *op, ArrayRef<int64_t> marked) {
  const auto *mark = llvm::find_if(marked, [](int64_t dim) { return dim >= 0; });
  int64_t rank = typeOf(op->getResult(0)).getRank();
  std::optional<RowFlow> flow = ofElements(op, *mark + rank - typeOf(op->getOperand(mark - marked.begin())).getRank());
  for (size_t i = 0; flow && i < marked.size(); ++i)
    if (marked[i] >= 0 && flow->operandDims[i] != marked[i])
      return std::nullopt;
  return flow;
}

/// Rows of a window's result, of rows of its first operand.
std::optional<RowFlow> ofWindow(Operation *op, int64_t dim) {
  auto window = dyn_cast<WindowOpInterface>(op);
  std::optional<Window> along = window ? window.windowAlong(dim) : std::nullopt;
  if (!along)
    return std::nullopt;
  RowFlow flow{op, dim, SmallVector<int64_t>(op->getNumOperands(), -1), along};
  flow.operandDims[0] = dim;
  return flow;
}

/// The rows of the first operand that a window needs, and the padding around them.
struct Reach {
  Rows rows;
  int64_t low, high;
};

Reach reachOf(const RowFlow &flow, Rows rows) {
  const Window &window = *flow.window;
  int64_t size = typeOf(flow.op->getOperand(0)).getDimSize(flow.dim);
  int64_t begin = rows.begin / window.repeat * window.stride - window.low;
  int64_t end = (rows.end - 1) / window.repeat * window.stride - window.low + window.reach;
  Rows inside = {std::max<int64_t>(begin, 0), std::min(end, size)};
  // Pads that crop are in `begin` and `end` already.
  return {inside, inside.begin - begin, end - inside.end};
}

/// What is made where rows are wanted: repeated ones come together.
Rows madeOf(const RowFlow &flow, Rows wanted) {
  int64_t together = flow.window ? flow.window->repeat : 1;
  return {wanted.begin / together * together, llvm::divideCeilSigned(wanted.end, together) * together};
}

Rows neededOf(const RowFlow &flow, Rows rows) { return flow.window ? reachOf(flow, rows).rows : rows; }

/// Makes the ops of a stretch for one tile.
class TileBuilder {
public:
  TileBuilder(OpBuilder &b, const IRMapping &map, ArrayRef<RowFlow> flows) : b(b), map(map), flows(flows) {}

  /// `wanted`: per op, the rows of its result that are needed behind the stretch. False where an op does not fit.
  bool build(ArrayRef<Rows> wanted) {
    llvm::DenseMap<Value, Rows> needed;
    for (auto [flow, rows] : llvm::reverse(llvm::zip_equal(flows, wanted))) {
      Rows &own = needed[flow.op->getResult(0)];
      own.cover(rows);
      own = madeOf(flow, own);
      if (Rows all = own; !all.empty())
        for (auto [operand, dim] : llvm::zip_equal(flow.op->getOperands(), flow.operandDims))
          if (dim >= 0) {
            Rows from = neededOf(flow, all);
            if (from.empty())
              return false; // nothing but padding
            needed[operand].cover(from);
          }
    }
    for (const RowFlow &flow : flows)
      if (Rows rows = needed[flow.op->getResult(0)]; !rows.empty() && !make(flow, rows))
        return false;
    return true;
  }

  /// The rows of an op's result.
  Value part(const RowFlow &flow, Rows rows) { return part(flow.op->getResult(0), flow.dim, rows); }

private:
  /// Rows of a value, out of what this tile has of it or else out of the whole.
  Value part(Value value, int64_t dim, Rows rows) {
    auto made = tiles.find(value);
    Rows has = made == tiles.end() ? Rows{0, typeOf(value).getDimSize(dim)} : made->second.second;
    Value from = made == tiles.end() ? map.lookupOrDefault(value) : made->second.first;
    if (rows == has)
      return from;
    auto [place, isNew] = slices.try_emplace({value, rows.begin, rows.end});
    if (isNew) {
      Location loc = value.getLoc();
      SmallVector<int64_t> dims(typeOf(value).getShape());
      dims[dim] = rows.end - rows.begin;
      place->second = SliceOp::create(b, loc, typeOf(value).clone(dims), from, makeShape(b, loc, {rows.begin - has.begin}),
                                      makeShape(b, loc, {rows.end - has.begin}), makeShape(b, loc, {1}), ArrayRef<int64_t>{dim});
    }
    return place->second;
  }

  bool make(const RowFlow &flow, Rows rows) {
    Operation *op = flow.op;
    SmallVector<Value> operands;
    for (auto [operand, dim] : llvm::zip_equal(op->getOperands(), flow.operandDims))
      operands.push_back(dim < 0 ? map.lookupOrDefault(operand) : part(operand, dim, neededOf(flow, rows)));
    Operation *copy = b.clone(*op);
    copy->setOperands(operands);
    if (flow.window) {
      Reach reach = reachOf(flow, rows);
      Operation *onRows =
          cast<WindowOpInterface>(copy).buildOnRows(b, operands[0], flow.dim, reach.low, reach.high).getDefiningOp();
      copy->erase();
      copy = onRows;
    } else if (!resizeShapes(copy, flow.dim, flow.rows(), rows.end - rows.begin)) {
      return false;
    }
    SmallVector<int64_t> dims(typeOf(op->getResult(0)).getShape());
    dims[flow.dim] = rows.end - rows.begin;
    copy->getResult(0).setType(typeOf(op->getResult(0)).clone(dims));
    tiles[op->getResult(0)] = {copy->getResult(0), rows};
    return hasInferredType(copy);
  }

  OpBuilder &b;
  const IRMapping &map;
  ArrayRef<RowFlow> flows;
  llvm::DenseMap<Value, std::pair<Value, Rows>> tiles;
  llvm::DenseMap<std::tuple<Value, int64_t, int64_t>, Value> slices;
};
} // namespace

int64_t RowFlow::rows() const { return typeOf(op->getResult(0)).getDimSize(dim); }

RowStretch::RowStretch(Value seed, int64_t dim, Operation *first, KnownFlows &known) : first(first) {
  marks[seed] = dim;
  for (Operation *op = first; op && !op->hasTrait<OpTrait::IsTerminator>(); op = op->getNextNode()) {
    bool reads = false;
    op->walk([&](Operation *inner) {
      reads |= llvm::any_of(inner->getOperands(), [&](Value operand) { return marks.contains(operand); });
    });
    if (!reads)
      continue;
    std::optional<RowFlow> flow = follow(op, known);
    if (!flow)
      break;
    marks[op->getResult(0)] = flow->dim;
    flows.push_back(std::move(*flow));
    for (auto [operand, dim] : llvm::zip_equal(op->getOperands(), SmallVector<int64_t>(flows.back().operandDims)))
      if (dim >= 0)
        pull(operand, dim);
  }
  llvm::sort(flows, [](const RowFlow &a, const RowFlow &b) { return a.op->isBeforeInBlock(b.op); });
}

/// An op that nothing else reads, and that needs rows for rows; what stands before `first` only if that makes no row twice.
void RowStretch::pull(Value value, int64_t dim) {
  Operation *op = value.getDefiningOp();
  if (!op || marks.contains(value) || op->getBlock() != first->getBlock() || !value.hasOneUse() || op->getNumResults() != 1)
    return;
  std::optional<RowFlow> flow = isa<ElementwiseOpInterface>(op) ? ofElements(op, dim) : ofWindow(op, dim);
  if (!flow || (op->isBeforeInBlock(first) && flow->window && flow->window->reach > 1))
    return;
  for (auto [operand, operandDim] : llvm::zip_equal(op->getOperands(), flow->operandDims))
    if (auto found = marks.find(operand); found != marks.end() && found->second != operandDim)
      return;
  marks[value] = dim;
  flows.push_back(*flow);
  for (auto [operand, operandDim] : llvm::zip_equal(op->getOperands(), flow->operandDims))
    if (operandDim >= 0)
      pull(operand, operandDim);
}

std::optional<RowFlow> RowStretch::follow(Operation *op, KnownFlows &known) const {
  if (op->getNumResults() != 1 || op->getNumRegions() != 0 || !isa<RankedTensorType>(op->getResult(0).getType()))
    return std::nullopt;
  SmallVector<int64_t> marked;
  for (Value operand : op->getOperands()) {
    auto found = marks.find(operand);
    marked.push_back(found == marks.end() ? -1 : found->second);
  }
  if (isa<ElementwiseOpInterface>(op))
    return throughElements(op, marked);
  if (marked[0] >= 0)
    if (std::optional<RowFlow> flow = ofWindow(op, marked[0]); flow && flow->operandDims == marked)
      return flow;
  auto [place, isNew] = known.try_emplace({op, llvm::hash_combine_range(marked)});
  if (!isNew)
    return place->second;
  auto sizeOf = [](Value, int64_t) -> std::optional<int64_t> { return std::nullopt; };
  std::optional<int64_t> dim = followDim(op, marked, sizeOf);
  if (!dim) {
    // What comes from outside of the stretch may have the rows, too.
    for (auto [operand, mark] : llvm::zip(op->getOperands(), marked))
      if (Value model = op->getOperand(llvm::find_if(marked, [](int64_t m) { return m >= 0; }) - marked.begin());
          mark < 0 && !isPackaged(operand) && typeOf(operand).getRank() == typeOf(model).getRank()) {
        int64_t wanted = marks.lookup(model);
        if (typeOf(operand).getDimSize(wanted) == typeOf(model).getDimSize(wanted))
          mark = wanted;
      }
    dim = followDim(op, marked, sizeOf);
  }
  if (dim && typeOf(op->getResult(0)).getDimSize(*dim) > 1)
    place->second = RowFlow{op, *dim, marked, std::nullopt};
  return place->second;
}

std::pair<Operation *, Operation *> RowStretch::tile(const IRMapping &map, unsigned count, int64_t tiles) const {
  ArrayRef<RowFlow> part = ArrayRef(flows).take_front(count);
  Operation *last = map.lookup(part.back().op);
  OpBuilder b(last->getContext());
  b.setInsertionPointAfter(last);
  llvm::DenseSet<Operation *> inside;
  for (const RowFlow &flow : part)
    inside.insert(flow.op);
  SmallVector<bool> isOutput;
  for (const RowFlow &flow : part) {
    isOutput.push_back(llvm::any_of(flow.op->getUsers(), [&](Operation *user) { return !inside.contains(user); }));
    if (isOutput.back() && flow.rows() < tiles)
      return {};
  }
  SmallVector<SmallVector<Value>> pieces(count);
  for (int64_t t = 0; t < tiles; ++t) {
    SmallVector<Rows> wanted(count);
    for (unsigned i = 0; i < count; ++i)
      if (isOutput[i])
        wanted[i] = {part[i].rows() * t / tiles, part[i].rows() * (t + 1) / tiles};
    TileBuilder builder(b, map, part);
    if (!builder.build(wanted))
      return {};
    for (unsigned i = 0; i < count; ++i)
      if (isOutput[i])
        pieces[i].push_back(builder.part(part[i], wanted[i]));
  }
  for (unsigned i = 0; i < count; ++i)
    if (isOutput[i]) {
      Value whole = map.lookup(part[i].op->getResult(0));
      Value joined = ConcatOp::create(b, whole.getLoc(), whole.getType(), pieces[i], part[i].dim);
      whole.replaceUsesWithIf(joined, [&](OpOperand &use) { return use.getOwner() != joined.getDefiningOp(); });
    }
  std::pair<Operation *, Operation *> made = {last->getNextNode(), &*std::prev(b.getInsertionPoint())};
  for (const RowFlow &flow : llvm::reverse(part))
    map.lookup(flow.op)->erase();
  return made;
}
} // namespace tensel
