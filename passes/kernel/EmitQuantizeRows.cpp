// The kernel of graph.quantize_rows: one row an iteration, 32 elements a step, all in registers.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/kernel/BlockProduct.h"

using namespace mlir;

namespace tensel {
namespace {
class RowQuantizer {
public:
  RowQuantizer(IndexMath &m, graph::QuantizeRowsOp op, ValueRange arguments)
      : m(m), b(m.b), loc(m.loc), group(op.getGroup()), isWide(op.getBits() == 16),
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
    Value row = parallel.getInductionVar();
    auto chunks = scf::ForOp::create(b, loc, m.constant(0), m.constant(k / blocks::chunkElements), m.constant(1));
    b.setInsertionPointToStart(chunks.getBody());
    emitChunk(row, chunks.getInductionVar());
  }

private:
  VectorType vectorOf(Type element) { return VectorType::get({blocks::chunkElements}, element); }
  Value splat(Type type, double value) {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorOf(type), b.getFloatAttr(type, value)));
  }
  Value number(double value) { return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value)); }

  /// The largest magnitude; NaN if there is one: without their sign, bits of floats are ordered as integers, NaNs on top.
  Value largestOf(Value x) {
    Type i32 = b.getI32Type();
    Value bits = arith::BitcastOp::create(b, loc, vectorOf(i32), x);
    Value mask = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorOf(i32), b.getI32IntegerAttr(INT32_MAX)));
    Value largest = vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXUI, arith::AndIOp::create(b, loc, bits, mask));
    return arith::BitcastOp::create(b, loc, b.getF32Type(), largest);
  }

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
    Value at = m.add(m.mul(row, m.constant(k)), m.mul(chunk, m.constant(blocks::chunkElements)));
    Value x = vector::LoadOp::create(b, loc, vectorOf(f32), flat[0], at);
    Value largest = largestOf(x);
    const double most = isWide ? 127 * 256 : 127;
    Value scale = arith::DivFOp::create(b, loc, largest, number(most));
    Value isPositive = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, largest, number(0));
    Value inverse = arith::SelectOp::create(b, loc, isPositive, arith::DivFOp::create(b, loc, number(most), largest), number(0));
    Value scaled = arith::MulFOp::create(b, loc, x, vector::BroadcastOp::create(b, loc, vectorOf(f32), inverse));
    Value rounded = math::RoundEvenOp::create(b, loc, scaled);
    rounded = arith::MaxNumFOp::create(b, loc, rounded, splat(f32, -most));
    rounded = arith::MinNumFOp::create(b, loc, rounded, splat(f32, most));
    Value wide = arith::FPToSIOp::create(b, loc, vectorOf(i32), rounded);
    storeQuants(wide, at);
    Value chunkAt = m.add(m.mul(row, m.constant(k / blocks::chunkElements)), chunk);
    memref::StoreOp::create(b, loc, scale, flat[2], chunkAt);
    const int64_t parts = blocks::chunkElements / group;
    for (int64_t g = 0; g < parts; ++g) {
      Value part = wide;
      if (parts > 1)
        part = vector::ShuffleOp::create(b, loc, wide, wide, llvm::to_vector(llvm::seq(g * group, (g + 1) * group)));
      Value sum = vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, part);
      sum = arith::MulFOp::create(b, loc, scale, arith::SIToFPOp::create(b, loc, f32, sum));
      memref::StoreOp::create(b, loc, sum, flat[3], m.add(m.mul(chunkAt, m.constant(parts)), m.constant(g)));
    }
  }

  IndexMath &m;
  OpBuilder &b;
  Location loc;
  int64_t group;
  bool isWide;
  int64_t k;
  SmallVector<Value> flat;
  Value rows;
};
} // namespace

void emitQuantizeRows(IndexMath &m, graph::QuantizeRowsOp op, ValueRange arguments) { RowQuantizer(m, op, arguments).emit(); }
} // namespace tensel
