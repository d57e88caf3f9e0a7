// Index arithmetic inside loops; constants fold as it is built.
#include "passes/kernel/lowering/KernelLowering.h"

using namespace mlir;

namespace tensel {
using P = arith::CmpIPredicate;

Value Cursor::index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
Value Cursor::add(Value a, Value c) { return b.createOrFold<arith::AddIOp>(loc, a, c); }
Value Cursor::sub(Value a, Value c) { return b.createOrFold<arith::SubIOp>(loc, a, c); }
Value Cursor::mul(Value a, Value c) { return b.createOrFold<arith::MulIOp>(loc, a, c); }
Value Cursor::min(Value a, Value c) { return b.createOrFold<arith::MinSIOp>(loc, a, c); }
Value Cursor::max(Value a, Value c) { return b.createOrFold<arith::MaxSIOp>(loc, a, c); }
Value Cursor::compare(P predicate, Value a, Value c) { return b.createOrFold<arith::CmpIOp>(loc, predicate, a, c); }
Value Cursor::both(Value a, Value c) { return a ? b.createOrFold<arith::AndIOp>(loc, a, c) : c; }
Value Cursor::select(Value condition, Value yes, Value no) { return b.createOrFold<arith::SelectOp>(loc, condition, yes, no); }
Value Cursor::div(Value a, Value c) { return b.createOrFold<arith::DivUIOp>(loc, a, c); }
Value Cursor::mod(Value a, Value c) { return b.createOrFold<arith::RemUIOp>(loc, a, c); }
Value Cursor::floorMod(Value a, Value c) {
  Value remainder = b.createOrFold<arith::RemSIOp>(loc, a, c);
  return select(compare(P::slt, remainder, index(0)), add(remainder, c), remainder);
}
Value Cursor::clamp(Value a, Value low, Value high) { return max(min(a, high), low); }
Value Cursor::within(Value a) { return arith::AddIOp::create(b, loc, a, index(0)); }
} // namespace tensel
