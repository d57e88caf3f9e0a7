// The register tile: sums in registers over one block of K, then the partial sums or the epilogue's results go to the output. A tile at the
// right edge stores under a mask. Long epilogues (exponentials and the like) run in a loop over the rows of a tile on the stack, so that
// their code is there once and not once per register.
#include "passes/kernel/ContractionEmitter.h"

using namespace mlir;

namespace tensel {
Value ContractionEmitter::widen(Value x) {
  if (getElementTypeOrSelf(x.getType()) == c.element)
    return x;
  Type type = isa<VectorType>(x.getType()) ? vectorOf(c.element) : c.element;
  return arith::ExtFOp::create(b, loc, type, x);
}

Value ContractionEmitter::loadVector(Value flat, Value at, int64_t v, bool masked) {
  auto type = vectorOf(cast<MemRefType>(flat.getType()).getElementType());
  if (!masked)
    return vector::LoadOp::create(b, loc, type, flat, at);
  Value mask = vector::CreateMaskOp::create(b, loc, vectorOf(b.getI1Type()), m.sub(validColumns, column(v)));
  Value zero = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
  return vector::MaskedLoadOp::create(b, loc, type, flat, at, mask, zero);
}

void ContractionEmitter::emitTile(Value row, int64_t rows, Value t) {
  firstColumn = m.mul(m.add(firstTile, t), m.constant(shape.columns()));
  validColumns = m.min(m.constant(shape.columns()), m.sub(c.n.total, firstColumn));
  Value isFull = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, validColumns, m.constant(shape.columns()));
  if (shape.fullOnly)
    isFull = arith::ConstantIntOp::create(b, loc, 1, 1);
  SmallVector<Value> rowOffsets, initial;
  for (int64_t i = 0; i < rows; ++i)
    rowOffsets.push_back(m.add(scalarBase, c.m.offset(m, c.scalar, m.add(row, m.constant(i)))));

  auto type = vectorOf(c.element);
  Value zero = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
  if (shape.oneBlock) {
    initial.assign(rows * shape.vectors, zero);
  } else {
    auto begin = scf::IfOp::create(b, loc, SmallVector<Type>(rows * shape.vectors, type), isFirst, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(begin.thenBlock());
    scf::YieldOp::create(b, loc, SmallVector<Value>(rows * shape.vectors, zero));
    b.setInsertionPointToStart(begin.elseBlock());
    SmallVector<Value> partial;
    for (int64_t i = 0; i < rows; ++i) {
      Value at = m.add(m.add(outBase, c.m.offset(m, c.out, m.add(row, m.constant(i)))), firstColumn);
      for (int64_t v = 0; v < shape.vectors; ++v)
        partial.push_back(loadVector(c.out.flat, m.add(at, column(v)), v, !shape.fullOnly));
    }
    scf::YieldOp::create(b, loc, partial);
    initial.assign(begin.result_begin(), begin.result_end());
  }
  if (shape.source == VectorSource::InPlace) { // must not pass the edge
    branch(
        isFull, [&] { emitStores(row, rows, emitSums(initial, rowOffsets, rows, t, false), false); },
        [&] { emitStores(row, rows, emitSums(initial, rowOffsets, rows, t, true), true); });
    return;
  }
  SmallVector<Value> sums = emitSums(initial, rowOffsets, rows, t, false);
  branch(isFull, [&] { emitStores(row, rows, sums, false); }, [&] { emitStores(row, rows, sums, true); });
}

SmallVector<Value> ContractionEmitter::vectorStarts(Value t) {
  SmallVector<Value> starts;
  for (int64_t v = 0; v < shape.vectors; ++v) {
    if (shape.source == VectorSource::Copied) {
      starts.push_back(m.add(m.mul(t, m.constant(shape.kBlock * shape.columns())), column(v)));
    } else if (shape.source == VectorSource::InPlace) {
      starts.push_back(m.add(m.add(vectorBase, firstColumn), column(v)));
    } else {
      // Past the edge the last block stands in, whose sums are not stored.
      Value at = m.add(firstColumn, column(v)), width = m.constant(c.vector.blocks->width);
      Value block = m.div(at, width), last = m.div(m.sub(c.n.total, m.constant(1)), width);
      if (!shape.fullOnly)
        block = m.min(block, last);
      starts.push_back(m.add(m.add(vectorBase, m.mul(block, c.vector.blocks->stride)), m.rem(at, width)));
    }
  }
  return starts;
}

SmallVector<Value> ContractionEmitter::emitSums(ArrayRef<Value> initial, ArrayRef<Value> rowOffsets, int64_t rows, Value t,
                                                bool masked) {
  SmallVector<Value> starts = vectorStarts(t);
  auto steps = scf::ForOp::create(b, loc, m.constant(0), blockSize, m.constant(1), initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(steps.getBody());
  Value k = steps.getInductionVar();
  SmallVector<Value> sums(steps.getRegionIterArgs()), vectors;
  bool copied = shape.source == VectorSource::Copied;
  Value step = copied ? m.mul(k, m.constant(shape.columns())) : kOffset(c.vector, {}, k);
  for (auto [v, start] : llvm::enumerate(starts))
    vectors.push_back(widen(loadVector(copied ? panelBuffer : c.vector.flat, m.add(start, step), v, masked)));
  // So many instructions a step leave the processor few steps to look ahead: without this, blocks from memory come at a third of its speed.
  // With fewer rows it sees far enough itself.
  constexpr int64_t ahead = 64, manyRows = 4;
  if (shape.source == VectorSource::Blocks && rows >= manyRows)
    for (Value start : starts)
      prefetch(c.vector.flat, m.add(m.add(start, step), m.constant(ahead * c.vector.blocks->width)), /*size=*/1);
  Value offset = kOffset(c.scalar, scalarTable, k);
  for (int64_t i = 0; i < rows; ++i) {
    Value scalar = widen(load(c.scalar.flat, m.add(rowOffsets[i], offset)));
    Value broadcast = vector::BroadcastOp::create(b, loc, vectorOf(scalar.getType()), scalar);
    for (int64_t v = 0; v < shape.vectors; ++v) {
      Value &sum = sums[i * shape.vectors + v];
      sum = vector::FMAOp::create(b, loc, broadcast, vectors[v], sum);
    }
  }
  scf::YieldOp::create(b, loc, sums);
  return SmallVector<Value>(steps.getResults());
}

void ContractionEmitter::emitStores(Value row, int64_t rows, ArrayRef<Value> sums, bool masked) {
  int64_t ops = 0;
  if (c.epilogue)
    for (Operation &op : c.epilogue.getBody()->without_terminator())
      ops += op.getDialect()->getNamespace() == "arith" ? 1 : 16;
  if (ops <= 4) {
    branch(
        isLast,
        [&] {
          for (int64_t i = 0; i < rows; ++i)
            emitRow(m.add(row, m.constant(i)), sums.slice(i * shape.vectors, shape.vectors), masked, true);
        },
        [&] {
          for (int64_t i = 0; i < rows; ++i)
            emitRow(m.add(row, m.constant(i)), sums.slice(i * shape.vectors, shape.vectors), masked, false);
        });
    return;
  }
  for (auto [i, sum] : llvm::enumerate(sums))
    vector::StoreOp::create(b, loc, sum, tileBuffer, m.constant(i * shape.lanes));
  auto each = [&](bool last) {
    loop(m.constant(0), m.constant(rows), 1, [&](Value i) {
      SmallVector<Value> values;
      Value from = m.mul(i, m.constant(shape.columns()));
      for (int64_t v = 0; v < shape.vectors; ++v)
        values.push_back(vector::LoadOp::create(b, loc, vectorOf(c.element), tileBuffer, m.add(from, column(v))));
      emitRow(m.add(row, i), values, masked, last);
    });
  };
  branch(isLast, [&] { each(true); }, [&] { each(false); });
}

void ContractionEmitter::emitRow(Value row, ArrayRef<Value> sums, bool masked, bool last) {
  Value at = m.add(m.add(outBase, c.m.offset(m, c.out, row)), firstColumn);
  for (auto [v, sum] : llvm::enumerate(sums)) {
    Value value = last && c.epilogue ? applyEpilogue(row, v, sum, masked) : sum, to = m.add(at, column(v));
    if (!masked) {
      vector::StoreOp::create(b, loc, value, c.out.flat, to);
      continue;
    }
    Value mask = vector::CreateMaskOp::create(b, loc, vectorOf(b.getI1Type()), m.sub(validColumns, column(v)));
    vector::MaskedStoreOp::create(b, loc, c.out.flat, to, mask, value);
  }
}

/// Clones the epilogue's body on vectors.
Value ContractionEmitter::applyEpilogue(Value row, int64_t v, Value sum, bool masked) {
  IRMapping map;
  auto splat = [&](Value scalar) -> Value { return vector::BroadcastOp::create(b, loc, vectorOf(scalar.getType()), scalar); };
  for (OpOperand *input : c.epilogue.getDpsInputOperands()) {
    unsigned i = input->getOperandNumber();
    Value value;
    if (i == c.resultInput) {
      value = sum;
    } else if (const std::optional<FlatOperand> &operand = c.extra[i]; !operand) {
      value = splat(input->get());
    } else {
      Value at = m.add(extraBases[i], c.m.offset(m, *operand, row));
      value = c.n.moves(*operand) ? loadVector(operand->flat, m.add(m.add(at, firstColumn), column(v)), v, masked)
                                  : splat(load(operand->flat, at));
    }
    map.map(c.epilogue.getMatchingBlockArgument(input), value);
  }
  for (Operation &op : c.epilogue.getBody()->without_terminator()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      auto type = vectorOf(constant.getType());
      map.map(constant.getResult(), arith::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, constant.getValue())));
      continue;
    }
    for (Value operand : op.getOperands())
      if (!map.contains(operand))
        map.map(operand, splat(operand));
    Operation *copy = b.clone(op, map);
    for (Value result : copy->getResults())
      result.setType(vectorOf(result.getType()));
  }
  Value result = c.epilogue.getBody()->getTerminator()->getOperand(0);
  return map.contains(result) ? map.lookup(result) : splat(result);
}
} // namespace tensel
