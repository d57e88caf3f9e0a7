// The kernel of graph.quantize_rows: one row an iteration, 32 elements a step, all in registers. A row with one scale is read twice.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/kernel/BlockProduct.h"

using namespace mlir;

namespace tensel {
namespace {
class RowQuantizer : NestBuilder {
public:
  RowQuantizer(IndexMath &m, graph::QuantizeRowsOp op, ValueRange arguments)
      : NestBuilder(m), group(op.getGroup()), isWide(op.getBits() == 16),
        k(cast<MemRefType>(arguments[0].getType()).getShape().back()) {
    for (Value argument : arguments)
      flat.push_back(flatView(m, argument));
    rows = outerSize(m, arguments[0], 1);
  }

  void emit() {
    auto parallel = scf::ForOp::create(b, loc, m.constant(0), rows, m.constant(1));
    parallel->setAttr("tensel.parallel", b.getUnitAttr());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(parallel.getBody());
    Value row = parallel.getInductionVar(), chunkCount = m.constant(k / blocks::chunkElements);
    if (isWide) {
      Value zeros = arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorOf(b.getI32Type())));
      largest = largestOf(carry(m.constant(0), chunkCount, 1, zeros, [&](Value chunk, ValueRange found) -> Values {
        return {arith::MaxUIOp::create(b, loc, found[0], magnitudes(loadChunk(row, chunk)))};
      })[0]);
      store(scaleOf(largest), flat[2], row);
    }
    loop(m.constant(0), chunkCount, 1, [&](Value chunk) { emitChunk(row, chunk); });
  }

private:
  VectorType vectorOf(Type element) { return VectorType::get({blocks::chunkElements}, element); }
  Value splat(Type type, double value) {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorOf(type), b.getFloatAttr(type, value)));
  }
  Value number(double value) { return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value)); }

  Value elementAt(Value row, Value chunk) {
    return m.add(m.mul(row, m.constant(k)), m.mul(chunk, m.constant(blocks::chunkElements)));
  }
  Value loadChunk(Value row, Value chunk) {
    return vector::LoadOp::create(b, loc, vectorOf(b.getF32Type()), flat[0], elementAt(row, chunk));
  }

  /// Bits of floats without their sign, which are ordered as integers, NaNs on top.
  Value magnitudes(Value x) {
    Type i32 = b.getI32Type();
    Value bits = arith::BitcastOp::create(b, loc, vectorOf(i32), x);
    Value mask = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorOf(i32), b.getI32IntegerAttr(INT32_MAX)));
    return arith::AndIOp::create(b, loc, bits, mask);
  }
  /// The largest of magnitudes; NaN if there is one.
  Value largestOf(Value magnitudes) {
    Value found = vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXUI, magnitudes);
    return arith::BitcastOp::create(b, loc, b.getF32Type(), found);
  }
  double most() const { return isWide ? 127 * 256 : 127; }
  Value scaleOf(Value largest) { return arith::DivFOp::create(b, loc, largest, number(most())); }

  void storeQuants(Value integers, Value at) {
    auto store = [&](Value values, Value to) {
      vector::StoreOp::create(b, loc, arith::TruncIOp::create(b, loc, vectorOf(b.getI8Type()), values), flat[1], to);
    };
    if (!isWide)
      return store(integers, at);
    // Truncation leaves the low byte; what is added to the high one makes up for its sign.
    auto constant = [&](int32_t value) {
      return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorOf(b.getI32Type()), b.getI32IntegerAttr(value)));
    };
    Value high = arith::ShRSIOp::create(b, loc, arith::AddIOp::create(b, loc, integers, constant(128)), constant(8));
    at = m.mul(at, m.constant(2));
    store(high, at);
    store(integers, m.add(at, m.constant(blocks::chunkElements)));
  }

  void emitChunk(Value row, Value chunk) {
    Type f32 = b.getF32Type(), i32 = b.getI32Type();
    Value at = elementAt(row, chunk), x = loadChunk(row, chunk);
    if (!isWide)
      largest = largestOf(magnitudes(x));
    Value isPositive = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, largest, number(0));
    Value inverse =
        arith::SelectOp::create(b, loc, isPositive, arith::DivFOp::create(b, loc, number(most()), largest), number(0));
    Value scaled = arith::MulFOp::create(b, loc, x, vector::BroadcastOp::create(b, loc, vectorOf(f32), inverse));
    Value rounded = math::RoundEvenOp::create(b, loc, scaled);
    rounded = arith::MaxNumFOp::create(b, loc, rounded, splat(f32, -most()));
    rounded = arith::MinNumFOp::create(b, loc, rounded, splat(f32, most()));
    Value wide = arith::FPToSIOp::create(b, loc, vectorOf(i32), rounded);
    storeQuants(wide, at);
    Value chunkAt = m.add(m.mul(row, m.constant(k / blocks::chunkElements)), chunk);
    Value scale = isWide ? Value() : scaleOf(largest);
    if (scale)
      store(scale, flat[2], chunkAt);
    const int64_t parts = blocks::chunkElements / group;
    for (int64_t g = 0; g < parts; ++g) {
      Value part = wide;
      if (parts > 1)
        part = vector::ShuffleOp::create(b, loc, wide, wide, llvm::to_vector(llvm::seq(g * group, (g + 1) * group)));
      Value sum = vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, part);
      sum = arith::SIToFPOp::create(b, loc, f32, sum);
      if (scale)
        sum = arith::MulFOp::create(b, loc, scale, sum);
      store(sum, flat[3], m.add(m.mul(chunkAt, m.constant(parts)), m.constant(g)));
    }
  }

  int64_t group;
  bool isWide;
  int64_t k;
  SmallVector<Value> flat;
  Value rows, largest; // the magnitude that the scale comes from
};
} // namespace

void emitQuantizeRows(IndexMath &m, graph::QuantizeRowsOp op, ValueRange arguments) { RowQuantizer(m, op, arguments).emit(); }
} // namespace tensel
