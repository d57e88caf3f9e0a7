// Packing: a panel is [KC][NR] of the vector operand, in the order in which the register tile reads it. A panel whose columns are neighbours in
// memory is copied by vectors; others are gathered through a table of NR column offsets.
#include "passes/kernel/ContractionEmitter.h"

using namespace mlir;

namespace tensel {
/// The loops of K, innermost last, are counted like the digits of a number, so that no step needs a division.
void ContractionEmitter::fillOffsetTable(Value table, const FlatOperand &operand, Value k0, Value kc) {
  SmallVector<Value> digits;
  Value rest = k0;
  for (size_t i = c.k.dims.size(); i-- > 0;) {
    digits.insert(digits.begin(), i ? m.rem(rest, c.k.sizes[i]) : rest);
    if (i)
      rest = m.div(rest, c.k.sizes[i]);
  }
  auto steps = scf::ForOp::create(b, loc, m.constant(0), kc, m.constant(1), digits);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(steps.getBody());
  SmallVector<Value> next(steps.getRegionIterArgs());
  Value offset, one = m.constant(1), zero = m.constant(0);
  for (auto [digit, dim] : llvm::zip_equal(next, c.k.dims))
    offset = m.add(offset, m.mul(digit, operand.coefs[dim]));
  memref::StoreOp::create(b, loc, offset, table, steps.getInductionVar());
  Value carry = arith::ConstantIntOp::create(b, loc, 1, 1);
  for (size_t i = c.k.dims.size(); i-- > 0;) {
    Value raised = m.add(next[i], b.createOrFold<arith::SelectOp>(loc, carry, one, zero));
    if (i) {
      carry = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, raised, c.k.sizes[i]);
      raised = arith::SelectOp::create(b, loc, carry, zero, raised);
    }
    next[i] = raised;
  }
  scf::YieldOp::create(b, loc, next);
}

Value ContractionEmitter::kOffset(const FlatOperand &operand, Value table, Value k) {
  if (!c.k.moves(operand))
    return {};
  if (Value stride = c.k.commonStride(m, operand))
    return m.mul(m.add(blockStart, k), stride);
  return load(table, k);
}

void ContractionEmitter::packPanel(Value t) {
  int64_t columns = shape.columns();
  Type element = c.vector.elementType();
  Value first = m.mul(m.add(firstTile, t), m.constant(columns)), zero = m.constant(0);
  Value lastColumn = m.sub(c.n.total, m.constant(1));
  Value panel = m.mul(t, m.constant(shape.kBlock * columns));
  // Offsets of the columns; those past the edge repeat the last one. They are neighbours when each is one after the one before: of the
  // first and the last one alone, repeated or transposed columns may have that distance, too.
  Value start = c.n.offset(m, c.vector, m.min(first, lastColumn));
  start = start ? start : zero;
  auto columnsLoop =
      scf::ForOp::create(b, loc, zero, m.constant(columns), m.constant(1), Value(arith::ConstantIntOp::create(b, loc, 1, 1)));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(columnsLoop.getBody());
    Value j = columnsLoop.getInductionVar();
    Value at = shape.fullOnly ? m.add(first, j) : m.min(m.add(first, j), lastColumn);
    Value offset = c.n.offset(m, c.vector, at);
    memref::StoreOp::create(b, loc, offset, columnTable, j);
    Value isNext = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, offset, m.add(start, j));
    scf::YieldOp::create(b, loc, Value(arith::AndIOp::create(b, loc, columnsLoop.getRegionIterArg(0), isNext)));
  }
  branch(
      columnsLoop.getResult(0),
      [&] {
        loop(zero, blockSize, 1, [&](Value k) {
          Value from = m.add(m.add(vectorBase, start), kOffset(c.vector, vectorTable, k)),
                to = m.add(panel, m.mul(k, m.constant(columns)));
          for (int64_t v = 0; v < shape.vectors; ++v) {
            Value values = vector::LoadOp::create(b, loc, vectorOf(element), c.vector.flat, m.add(from, column(v)));
            vector::StoreOp::create(b, loc, widen(values), panelBuffer, m.add(to, column(v)));
          }
        });
      },
      [&] { loop(zero, m.constant(columns), shape.lanes, [&](Value at) { packVector(at, panel); }); });
}

/// One vector of columns, beginning at column `at` of the panel, of all steps: rows of pictures end inside of panels, and strides of 2 are common.
void ContractionEmitter::packVector(Value at, Value panel) {
  int64_t columns = shape.columns(), lanes = shape.lanes;
  Type element = c.vector.elementType();
  Value start = load(columnTable, at), zero = m.constant(0);
  auto isEvery = [&](int64_t step) {
    Value all = arith::ConstantIntOp::create(b, loc, 1, 1);
    auto lanesLoop = scf::ForOp::create(b, loc, zero, m.constant(lanes), m.constant(1), all);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(lanesLoop.getBody());
    Value lane = lanesLoop.getInductionVar(), offset = load(columnTable, m.add(at, lane));
    Value fits = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, offset, m.add(start, m.mul(lane, m.constant(step))));
    scf::YieldOp::create(b, loc, Value(arith::AndIOp::create(b, loc, lanesLoop.getRegionIterArg(0), fits)));
    return lanesLoop.getResult(0);
  };
  auto forSteps = [&](llvm::function_ref<void(Value from, Value to)> pack) {
    loop(zero, blockSize, 1, [&](Value k) {
      pack(m.add(vectorBase, kOffset(c.vector, vectorTable, k)), m.add(m.add(panel, m.mul(k, m.constant(columns))), at));
    });
  };
  auto loadAt = [&](Value from) -> Value { return vector::LoadOp::create(b, loc, vectorOf(element), c.vector.flat, from); };
  branch(
      isEvery(1),
      [&] {
        forSteps(
            [&](Value from, Value to) { vector::StoreOp::create(b, loc, widen(loadAt(m.add(from, start))), panelBuffer, to); });
      },
      [&] {
        branch(
            isEvery(2),
            [&] {
              // The second half is loaded up to its last element and no further.
              SmallVector<int64_t> even;
              for (int64_t lane = 0; lane < lanes; ++lane)
                even.push_back(2 * lane + (2 * lane >= lanes ? 1 : 0));
              forSteps([&](Value from, Value to) {
                Value low = m.add(from, start), high = m.add(low, m.constant(lanes - 1));
                Value values = vector::ShuffleOp::create(b, loc, loadAt(low), loadAt(high), even);
                vector::StoreOp::create(b, loc, widen(values), panelBuffer, to);
              });
            },
            [&] {
              forSteps([&](Value from, Value to) {
                loop(zero, m.constant(lanes), 1, [&](Value lane) {
                  Value value = load(c.vector.flat, m.add(from, load(columnTable, m.add(at, lane))));
                  memref::StoreOp::create(b, loc, widen(value), panelBuffer, m.add(to, lane));
                });
              });
            });
      });
}
} // namespace tensel
