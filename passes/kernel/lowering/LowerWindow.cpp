// Pooling: the window of each element is read where it is needed. Small windows are unrolled with a check per read,
// which vectorises along the last dim; large ones loop over the part that lies inside the input.
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
using graph::Dim;
using graph::ReduceKind;
using P = arith::CmpIPredicate;

namespace {
/// One spatial dim of the window at an output position.
struct Span {
  Value start;     // input index of the first tap, may be negative
  Value size;      // of the input
  Value low, high; // taps [low, high) lie inside the input
  Value counted;   // taps that a mean divides by
  int64_t kernel, dilation;
  bool checked; // some tap may lie outside
};

template <typename Op>
SmallVector<Span> spansOf(KernelLowering &k, Cursor &c, Op op, ArrayRef<Value> at, bool countPads) {
  SmallVector<Span> spans;
  for (size_t i = 0; i < op.getKernel().size(); ++i) {
    Span s;
    s.kernel = op.getKernel()[i];
    s.dilation = op.getDilations()[i];
    int64_t padLow = op.getPadsLow()[i], padHigh = op.getPadsHigh()[i];
    s.checked = padLow || padHigh || op.getCeilMode();
    s.start = c.sub(c.mul(at[i + 2], c.index(op.getStrides()[i])), c.index(padLow));
    s.size = k.entryIndex(k.dims(op.getInput())[i + 2]);
    Value zero = c.index(0), kernel = c.index(s.kernel), dilation = c.index(s.dilation);
    auto tapsBelow = [&](Value limit) {
      Value room = c.max(c.sub(limit, s.start), zero);
      return c.min(c.div(c.add(room, c.index(s.dilation - 1)), dilation), kernel);
    };
    s.low = s.checked ? tapsBelow(zero) : zero;
    s.high = s.checked ? tapsBelow(s.size) : kernel;
    Value all = countPads && s.checked ? tapsBelow(c.add(s.size, c.index(padHigh))) : s.high;
    s.counted = countPads ? all : c.max(c.sub(all, s.low), zero);
    spans.push_back(s);
  }
  return spans;
}

/// Folds `step` over the taps inside the input; it gets the input's spatial indices and the carried scalars.
Indices foldTaps(KernelLowering &k, Cursor &c, ArrayRef<Span> spans, Indices inits,
                 function_ref<Indices(Cursor &, ArrayRef<Value>, ArrayRef<Value>)> step) {
  int64_t taps = 1;
  for (const Span &span : spans)
    taps *= span.kernel;
  Indices where(spans.size());
  std::function<Indices(Cursor &, Indices, size_t, Value)> unrolled = [&](Cursor &c, Indices carried, size_t dim,
                                                                          Value inside) -> Indices {
    if (dim == spans.size()) {
      if (!inside)
        return step(c, where, carried);
      // One scf.if carries all scalars.
      auto side = [&](bool taken) {
        return [&, taken](OpBuilder &b, Location loc) {
          Cursor inner{b, loc};
          scf::YieldOp::create(b, loc, taken ? k.scoped([&] { return step(inner, where, carried); }) : carried);
        };
      };
      return Indices(scf::IfOp::create(c.b, c.loc, inside, side(true), side(false)).getResults());
    }
    const Span &span = spans[dim];
    for (int64_t tap = 0; tap < span.kernel; ++tap) {
      where[dim] = c.within(c.add(span.start, c.index(tap * span.dilation)));
      // Unsigned: a negative index is a large number.
      Value next = span.checked ? c.both(inside, c.compare(P::ult, where[dim], span.size)) : inside;
      carried = unrolled(c, carried, dim + 1, next);
    }
    return carried;
  };
  std::function<Indices(Cursor &, Indices, size_t)> looped = [&](Cursor &c, Indices carried, size_t dim) -> Indices {
    if (dim == spans.size())
      return step(c, where, carried);
    const Span &span = spans[dim];
    return Indices(k.sequential(c, span.low, span.high, carried, [&](Cursor &c, Value tap, ArrayRef<Value> carried) {
      where[dim] = c.add(span.start, c.mul(tap, c.index(span.dilation)));
      return looped(c, Indices(carried), dim + 1);
    }));
  };
  return taps <= 36 ? unrolled(c, inits, 0, Value()) : looped(c, inits, 0);
}

/// A reduction's neutral element, made once.
Value neutralOf(KernelLowering &k, Operation *op, ReduceKind kind, Type element) {
  return k.once(op, 0, [&](Cursor &c) {
    Value like = arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(accumulatorType(element)));
    return graph::ScalarBuilder(c.b, c.loc, element, like).neutral(kind);
  });
}

Value pullPool(KernelLowering &k, Cursor &c, graph::PoolOp op, ArrayRef<Value> at) {
  Type element = graph::elementTypeOf(op.getInput()), wide = accumulatorType(element);
  ReduceKind kind = op.getKind();
  SmallVector<Span> spans = spansOf(k, c, op, at, op.getCountIncludePad());
  Indices folded = foldTaps(k, c, spans, {neutralOf(k, op, kind, element)},
                            [&](Cursor &c, ArrayRef<Value> where, ArrayRef<Value> carried) -> Indices {
                              Indices indices(at.take_front(2));
                              indices.append(where.begin(), where.end());
                              Value value = convertFloat(c, k.pull(c, op.getInput(), indices), wide);
                              return {graph::ScalarBuilder(c.b, c.loc, element, value).combine(kind, carried[0], value)};
                            });
  Value result = folded[0];
  if (kind == ReduceKind::mean) {
    Value count = c.index(1);
    for (const Span &span : spans)
      count = c.mul(count, span.counted);
    count = arith::IndexCastOp::create(c.b, c.loc, c.b.getI64Type(), count);
    Value divisor = graph::ScalarBuilder(c.b, c.loc, c.b.getI64Type(), count).cast(count, c.b.getI64Type(), element);
    result = graph::ScalarBuilder(c.b, c.loc, element, result).div(result, divisor);
  }
  return convertFloat(c, result, graph::storageType(element));
}

Value pullMaxPoolIndices(KernelLowering &k, Cursor &c, graph::MaxPoolIndicesOp op, ArrayRef<Value> at) {
  Type element = graph::elementTypeOf(op.getInput()), wide = accumulatorType(element);
  SmallVector<Span> spans = spansOf(k, c, op, at, false);
  // Carries the best value and its flat index, -1 before the first tap.
  Indices inits = {neutralOf(k, op, ReduceKind::max, element), c.index(-1)};
  Indices folded = foldTaps(k, c, spans, inits, [&](Cursor &c, ArrayRef<Value> where, ArrayRef<Value> carried) -> Indices {
    Indices indices(at.take_front(2));
    indices.append(where.begin(), where.end());
    Value value = convertFloat(c, k.pull(c, op.getInput(), indices), wide);
    Value flat = c.add(c.mul(at[0], k.entryIndex(k.dims(op.getInput())[1])), at[1]);
    Value planes = flat, inPlane = c.index(0);
    for (size_t i = 0; i < spans.size(); ++i) {
      size_t dim = op.getColumnMajor() ? spans.size() - 1 - i : i;
      planes = c.mul(planes, spans[dim].size);
      inPlane = c.add(c.mul(inPlane, spans[dim].size), where[dim]);
    }
    flat = c.add(planes, inPlane);
    graph::ScalarBuilder s(c.b, c.loc, element, value);
    Value isBetter = comesBefore(s, /*fromLargest=*/true, value, carried[0]);
    Value take = arith::OrIOp::create(c.b, c.loc, isBetter, c.compare(P::slt, carried[1], c.index(0)));
    return {c.select(take, value, carried[0]), c.select(take, flat, carried[1])};
  });
  return arith::IndexCastOp::create(c.b, c.loc, c.b.getI64Type(), folded[1]);
}
} // namespace

void addWindowLowerings(LoweringTable &table) {
  table.pull(pullPool);
  table.pull(pullMaxPoolIndices);
}
} // namespace tensel
