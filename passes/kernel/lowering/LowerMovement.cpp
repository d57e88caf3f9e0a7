// Ops that rename indices: an element of the result is one element of the input.
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
using graph::Dim;
using graph::DimList;
using graph::IndexShapes;

namespace {
/// The indices of an input of dims `from` that hold the element at indices `at` of the reshaped `to`. Dims that are the
/// same on both sides keep their index; runs between them go through a flat index. `plain` when there is no such run.
struct Reindex {
  KernelLowering &k;
  Cursor &c;
  ArrayRef<Dim> from, to;
  ArrayRef<Value> at;
  Indices result;
  bool plain = true;

  void run(bool measureOnly) {
    result.assign(from.size(), Value());
    size_t i = 0, j = 0, iEnd = from.size(), jEnd = to.size();
    skipLeading(i, j, iEnd, jEnd);
    skipTrailing(i, j, iEnd, jEnd);
    while (i < iEnd || j < jEnd) {
      auto [iNext, jNext] = nextRun(i, j, iEnd, jEnd);
      plain &= iNext == i;
      if (!measureOnly)
        throughFlat(i, iNext, j, jNext);
      i = iNext, j = jNext;
      skipLeading(i, j, iEnd, jEnd);
    }
  }

private:
  void skipLeading(size_t &i, size_t &j, size_t iEnd, size_t jEnd) {
    while (true) {
      if (i < iEnd && from[i].is(1))
        result[i++] = c.index(0);
      else if (j < jEnd && to[j].is(1))
        ++j;
      else if (i < iEnd && j < jEnd && IndexShapes::areSame(from[i], to[j]))
        result[i++] = at[j++];
      else
        return;
    }
  }
  void skipTrailing(size_t i, size_t j, size_t &iEnd, size_t &jEnd) {
    while (true) {
      if (i < iEnd && from[iEnd - 1].is(1))
        result[--iEnd] = c.index(0);
      else if (j < jEnd && to[jEnd - 1].is(1))
        --jEnd;
      else if (i < iEnd && j < jEnd && IndexShapes::areSame(from[iEnd - 1], to[jEnd - 1]))
        result[--iEnd] = at[--jEnd];
      else
        return;
    }
  }
  /// The smallest runs from i and j with equal products, if numbers show it; else everything.
  std::pair<size_t, size_t> nextRun(size_t i, size_t j, size_t iEnd, size_t jEnd) {
    size_t iNext = i, jNext = j;
    int64_t left = 1, right = 1;
    bool first = true;
    while (first || left != right) {
      first = false;
      bool takeLeft = left <= right ? iNext < iEnd : jNext == jEnd;
      if (takeLeft && iNext < iEnd && from[iNext].constant && *from[iNext].constant > 0)
        left *= *from[iNext++].constant;
      else if (!takeLeft && jNext < jEnd && to[jNext].constant && *to[jNext].constant > 0)
        right *= *to[jNext++].constant;
      else
        return {iEnd, jEnd};
    }
    return {iNext, jNext};
  }
  void throughFlat(size_t i, size_t iNext, size_t j, size_t jNext) {
    Value flat = c.index(0);
    for (; j < jNext; ++j)
      flat = c.add(c.mul(flat, k.entryIndex(to[j])), at[j]);
    for (size_t d = iNext; d-- > i;) {
      Value size = k.entryIndex(from[d]);
      result[d] = d == i ? flat : c.mod(flat, size);
      flat = c.div(flat, size);
    }
  }
};

bool isReshape(Operation *op) {
  return isa_and_nonnull<graph::ReshapeOp, graph::SqueezeOp, graph::UnsqueezeOp, graph::FlattenOp>(op);
}

template <typename Op>
Value pullReshape(KernelLowering &k, Cursor &c, Op op, ArrayRef<Value> at) {
  DimList from = k.dims(op.getInput()), to = k.dims(op.getResult());
  Reindex reindex{k, c, from, to, at, {}};
  reindex.run(/*measureOnly=*/true);
  if (!reindex.plain) {
    // What lies in memory already is read through a view instead of dividing indices.
    Value source = op.getInput();
    while (isReshape(source.getDefiningOp()))
      source = source.getDefiningOp()->getOperand(0);
    if (Value view = k.view(source, op.getResult()))
      return tensor::ExtractOp::create(c.b, c.loc, view, at);
  }
  reindex.plain = true;
  reindex.run(/*measureOnly=*/false);
  return k.pull(c, op.getInput(), reindex.result);
}

Value pullTranspose(KernelLowering &k, Cursor &c, graph::TransposeOp op, ArrayRef<Value> at) {
  Indices indices(at.size());
  for (auto [i, axis] : llvm::enumerate(op.getPermutation()))
    indices[axis] = at[i];
  return k.pull(c, op.getInput(), indices);
}

/// Where a slice starts, counted from the front; only ever read when the slice is not empty.
Value sliceStart(KernelLowering &k, graph::SliceOp op, unsigned i, Dim dim, Dim step) {
  auto &s = k.shape();
  Dim start = s.element(op.getStarts(), i);
  Dim from = s.selectLess(start, 0, s.add(start, dim), start);
  Dim up = s.max(from, 0), down = s.min(up, s.sub(dim, 1));
  if (step.constant)
    return k.entryIndex(*step.constant > 0 ? up : down);
  return k.entryIndex(s.selectLess(step, 0, down, up));
}

Value pullSlice(KernelLowering &k, Cursor &c, graph::SliceOp op, ArrayRef<Value> at) {
  Indices indices(at);
  for (auto [i, axis] : llvm::enumerate(op.getAxes())) {
    Dim step = k.shape().element(op.getSteps(), i), dim = k.dims(op.getInput())[axis];
    Value start = k.once(op, 2 * i, [&, i = i](Cursor &) { return sliceStart(k, op, i, dim, step); });
    indices[axis] = c.add(c.mul(at[axis], k.entryIndex(step)), start);
    if (!IndexShapes::areSame(dim, k.dims(op.getResult())[axis]))
      indices[axis] = c.within(indices[axis]);
  }
  return k.pull(c, op.getInput(), indices);
}

Value pullExpand(KernelLowering &k, Cursor &c, graph::ExpandOp op, ArrayRef<Value> at) {
  Value input = op.getInput();
  Indices indices;
  int64_t rank = rankOf(input), lead = at.size() - rank;
  for (int64_t i = 0; i < rank; ++i) {
    Dim dim = k.dims(input)[i], out = k.dims(op.getResult())[lead + i];
    if (dim.is(1)) {
      indices.push_back(c.index(0));
    } else if (dim.constant || IndexShapes::areSame(dim, out)) {
      indices.push_back(at[lead + i]);
    } else {
      Value isOne = k.once(op, i, [&](Cursor &) { return k.shape().isEqual(dim, 1); });
      indices.push_back(c.select(isOne, c.index(0), at[lead + i]));
    }
  }
  return k.pull(c, input, indices);
}

Value pullTile(KernelLowering &k, Cursor &c, graph::TileOp op, ArrayRef<Value> at) {
  Indices indices(at);
  for (auto [i, dim] : llvm::enumerate(k.dims(op.getInput()))) {
    if (dim.is(1))
      indices[i] = c.index(0);
    else if (!IndexShapes::areSame(dim, k.dims(op.getResult())[i]))
      indices[i] = c.mod(at[i], k.entryIndex(dim));
  }
  return k.pull(c, op.getInput(), indices);
}

/// An index as an element of a graph type.
Value fromIndex(Cursor &c, Value index, Type type) {
  Value wide = arith::IndexCastOp::create(c.b, c.loc, c.b.getI64Type(), index);
  graph::ScalarBuilder s(c.b, c.loc, c.b.getI64Type(), wide);
  Value result = s.cast(wide, c.b.getI64Type(), type);
  if (result.getType() != graph::storageType(type)) // f16 and bf16 are computed in f32
    result = arith::TruncFOp::create(c.b, c.loc, graph::storageType(type), result);
  return result;
}

Value pullShapeOf(KernelLowering &k, Cursor &c, graph::ShapeOfOp op, ArrayRef<Value> at) {
  DimList dims = k.dims(op.getInput());
  Value size = c.index(0);
  for (auto [i, dim] : llvm::enumerate(dims))
    size = i == 0 ? k.entryIndex(dim) : c.select(c.compare(arith::CmpIPredicate::eq, at[0], c.index(i)), k.entryIndex(dim), size);
  return arith::IndexCastOp::create(c.b, c.loc, c.b.getI64Type(), size);
}

Value pullRange(KernelLowering &k, Cursor &c, graph::RangeOp op, ArrayRef<Value> at) {
  Type type = graph::elementTypeOf(op.getResult());
  Value start = k.pull(c, op.getStart(), {}), delta = k.pull(c, op.getDelta(), {});
  bool half = isa<FloatType>(type) && type.getIntOrFloatBitWidth() < 32;
  Type compute = half ? Type(c.b.getF32Type()) : type;
  if (half) {
    start = arith::ExtFOp::create(c.b, c.loc, compute, start);
    delta = arith::ExtFOp::create(c.b, c.loc, compute, delta);
  }
  graph::ScalarBuilder s(c.b, c.loc, compute, start);
  Value result = s.add(start, s.mul(fromIndex(c, at[0], compute), delta));
  return half ? Value(arith::TruncFOp::create(c.b, c.loc, type, result)) : result;
}

Value pullIota(KernelLowering &k, Cursor &c, graph::IotaOp op, ArrayRef<Value> at) {
  return fromIndex(c, at[op.getAxis()], op.getElementType());
}
} // namespace

void addMovementLowerings(LoweringTable &table) {
  table.pull(pullReshape<graph::ReshapeOp>);
  table.pull(pullReshape<graph::SqueezeOp>);
  table.pull(pullReshape<graph::UnsqueezeOp>);
  table.pull(pullReshape<graph::FlattenOp>);
  table.pull(pullTranspose);
  table.pull(pullSlice);
  table.pull(pullExpand);
  table.pull(pullTile);
  table.pull(pullShapeOf);
  table.pull(pullRange);
  table.pull(pullIota);
}
} // namespace tensel
