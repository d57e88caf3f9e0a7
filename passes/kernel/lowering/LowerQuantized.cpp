// Blocks of quantized weights, element by element, unpacked as their format's description says. Right for every format
// and every reader; kernels that read whole blocks at once are faster.
#include "dialects/blocks/BlockFormat.h"
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
namespace {
/// The block of one element, at a place inside loops.
struct BlockReader {
  BlockReader(KernelLowering &k, Cursor &c, graph::DequantizeOp op, ArrayRef<Value> at)
      : k(k), c(c), input(op.getInput()), format(*blocks::findBlockFormat(op.getFormat())), outer(at.drop_back()) {
    Value elements = c.index(format.elements);
    first = c.mul(c.div(at.back(), elements), c.index(format.bytes));
    element = c.mod(at.back(), elements);
  }

  KernelLowering &k;
  Cursor &c;
  Value input;
  const blocks::BlockFormat &format;
  Indices outer;
  Value first, element;

  Type i32() { return c.b.getI32Type(); }
  Value number(int64_t value) { return arith::ConstantIntOp::create(c.b, c.loc, i32(), value); }
  template <typename Op>
  Value make(Value x, Value y) {
    return c.b.createOrFold<Op>(c.loc, x, y);
  }
  /// The byte at an offset in the block, zero-extended.
  Value byte(Value offset) {
    Indices at = outer;
    at.push_back(c.add(first, offset));
    return arith::ExtUIOp::create(c.b, c.loc, i32(), k.pull(c, input, at));
  }

  Value piece(const blocks::Piece &piece, Value index) {
    Value offset = c.index(piece.byte), shift = c.index(piece.shift), rest = index;
    for (const blocks::Digit &digit : llvm::reverse(piece.digits)) {
      if (digit.count == 1)
        continue;
      Value step = c.mod(rest, c.index(digit.count));
      offset = c.add(offset, c.mul(step, c.index(digit.bytes)));
      shift = c.add(shift, c.mul(step, c.index(digit.bits)));
      rest = c.div(rest, c.index(digit.count));
    }
    Value bits = make<arith::ShRUIOp>(byte(offset), c.b.createOrFold<arith::IndexCastOp>(c.loc, i32(), shift));
    bits = make<arith::AndIOp>(bits, number((1 << piece.width) - 1));
    return make<arith::ShLIOp>(bits, number(piece.to));
  }

  Value field(const blocks::Field &field, Value index) {
    Value value;
    for (const blocks::Piece &part : field.pieces)
      if (part.width)
        value = value ? make<arith::OrIOp>(value, piece(part, index)) : piece(part, index);
    if (field.isSigned)
      value = narrowAndExtend(value);
    return make<arith::SubIOp>(value, number(field.bias));
  }
  Value narrowAndExtend(Value value) {
    Type i8 = c.b.getI8Type(), i64 = c.b.getI64Type();
    if (value.getType() == i64 || value.getType() == i32())
      value = arith::TruncIOp::create(c.b, c.loc, i8, value);
    return arith::ExtSIOp::create(c.b, c.loc, i32(), value);
  }
  /// Entry `code` of 16 bytes that are held in two words.
  Value lookUp(Value code) {
    uint64_t words[2] = {0, 0};
    for (size_t i = 0; i < format.table.size(); ++i)
      words[i / 8] |= static_cast<uint64_t>(static_cast<uint8_t>(format.table[i])) << (i % 8 * 8);
    Type i64 = c.b.getI64Type();
    auto word = [&](uint64_t bits) -> Value { return arith::ConstantIntOp::create(c.b, c.loc, i64, static_cast<int64_t>(bits)); };
    Value isLow = arith::CmpIOp::create(c.b, c.loc, arith::CmpIPredicate::ult, code, number(8));
    Value chosen = c.select(isLow, word(words[0]), word(words[1]));
    Value shift = make<arith::ShLIOp>(make<arith::AndIOp>(code, number(7)), number(3));
    return narrowAndExtend(make<arith::ShRUIOp>(chosen, arith::ExtUIOp::create(c.b, c.loc, i64, shift)));
  }

  Value toFloat(Value integer) { return arith::SIToFPOp::create(c.b, c.loc, c.b.getF32Type(), integer); }
  Value shared(const blocks::Shared &shared) {
    Value low = byte(c.index(shared.byte));
    if (shared.kind == blocks::Shared::E8M0Half) {
      // 2^(e - 128); the two smallest are subnormal.
      Value small = make<arith::ShLIOp>(number(0x00200000), low);
      Value usual = make<arith::ShLIOp>(make<arith::SubIOp>(low, number(1)), number(23));
      Value isSmall = arith::CmpIOp::create(c.b, c.loc, arith::CmpIPredicate::ult, low, number(2));
      return arith::BitcastOp::create(c.b, c.loc, c.b.getF32Type(), c.select(isSmall, small, usual));
    }
    Value bits = make<arith::OrIOp>(low, make<arith::ShLIOp>(byte(c.index(shared.byte + 1)), number(8)));
    Value half =
        arith::BitcastOp::create(c.b, c.loc, c.b.getF16Type(), arith::TruncIOp::create(c.b, c.loc, c.b.getI16Type(), bits));
    return arith::ExtFOp::create(c.b, c.loc, c.b.getF32Type(), half);
  }

  Value read() {
    Value quant = field(format.quants, element);
    Value result = toFloat(format.table.empty() ? quant : lookUp(quant)), step = shared(format.scale), group;
    if (format.group) {
      group = c.div(element, c.index(format.group));
      step = make<arith::MulFOp>(step, toFloat(field(format.groupScales, group)));
    }
    result = make<arith::MulFOp>(step, result);
    if (format.groupMinima)
      return make<arith::SubFOp>(result, make<arith::MulFOp>(shared(format.minimum), toFloat(field(format.groupMinima, group))));
    return format.minimum ? make<arith::AddFOp>(result, shared(format.minimum)) : result;
  }
};

Value pullDequantize(KernelLowering &k, Cursor &c, graph::DequantizeOp op, ArrayRef<Value> at) {
  return BlockReader(k, c, op, at).read();
}
} // namespace

void addQuantizedLowerings(LoweringTable &table) { table.pull(pullDequantize); }
} // namespace tensel
