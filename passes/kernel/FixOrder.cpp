// One order for every sum, whatever the width of vectors: what --bit-exact asks for. The loops of a kernel leave the order of sums to LLVM
// (`reassoc`), which splits them by the processor's lanes, and the rounding of products to it (`contract`). Here both are decided.
//   before:  for k: out[i] = out[i] + f(k)   {reassoc}
//   after:   lanes[0..16) = -0;  for k0 by 16: for l < 16: lanes[l] = lanes[l] + f(k0 + l);  the rest goes on in lanes[0..rest)
//            out[i] = out[i] + (a tree over lanes)
// The loop over l has no order to keep, so LLVM makes vectors of it without a licence to reorder.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "passes/kernel/NestBuilder.h"
#include "passes/kernel/Passes.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_FIXORDERPASS
#include "passes/kernel/Passes.h.inc"

namespace {
/// A multiple of the lanes of every processor.
constexpr int64_t lanes = 16;

/// `memory[indices] += ...`, over and over, and nothing else that is written.
struct Sum {
  scf::ForOp loop;
  memref::LoadOp load;
  arith::AddFOp add;
  memref::StoreOp store;
};

std::optional<Sum> matchSum(scf::ForOp loop) {
  if (loop.getNumResults() || !isConstantIntValue(loop.getStep(), 1))
    return std::nullopt;
  Sum sum{loop, {}, {}, {}};
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (auto store = dyn_cast<memref::StoreOp>(op)) {
      if (sum.store)
        return std::nullopt;
      sum.store = store;
    } else if (op.getNumRegions() || !(isMemoryEffectFree(&op) || isa<memref::LoadOp>(op))) {
      return std::nullopt;
    }
  }
  if (!sum.store || !llvm::all_of(sum.store->getOperands().drop_front(), [&](Value v) { return loop.isDefinedOutsideOfLoop(v); }))
    return std::nullopt;
  sum.add = sum.store.getValueToStore().getDefiningOp<arith::AddFOp>();
  if (!sum.add || !sum.add->hasOneUse() || sum.add.getFastmath() == arith::FastMathFlags::none)
    return std::nullopt;
  for (Value operand : sum.add->getOperands()) {
    auto load = operand.getDefiningOp<memref::LoadOp>();
    if (load && load->hasOneUse() && load.getMemRef() == sum.store.getMemRef() && load.getIndices() == sum.store.getIndices())
      sum.load = load;
  }
  std::optional<int64_t> low = getConstantIntValue(loop.getLowerBound()), high = getConstantIntValue(loop.getUpperBound());
  bool isShort = low && high && *high - *low <= 2 * lanes;
  return sum.load && !isShort ? std::optional(sum) : std::nullopt;
}

class LaneSplitter : NestBuilder {
public:
  /// `m` writes before the loop.
  LaneSplitter(IndexMath &m, Sum sum) : NestBuilder(m), sum(sum) {}

  void split() {
    auto function = sum.loop->getParentOfType<func::FuncOp>();
    Type element = sum.add.getType();
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(&function.front());
      memory = stackBuffer(element, lanes);
    }
    Value zero = m.constant(0), width = m.constant(lanes), low = sum.loop.getLowerBound(), high = sum.loop.getUpperBound();
    Value nothing = arith::ConstantOp::create(b, loc, b.getFloatAttr(element, -0.0)); // x + -0 is x for every x
    loop(zero, width, 1, [&](Value lane) { store(nothing, memory, lane); });
    // Signed: the loop may end before it begins.
    Value rest = arith::RemSIOp::create(b, loc, m.sub(high, low), width);
    Value end = m.sub(high, arith::MaxSIOp::create(b, loc, rest, zero));
    loop(low, end, lanes, [&](Value from) { loop(zero, width, 1, [&](Value lane) { addTo(lane, m.add(from, lane)); }); });
    loop(end, high, 1, [&](Value at) { addTo(m.sub(at, end), at); });
    Values parts;
    for (int64_t lane = 0; lane < lanes; ++lane)
      parts.push_back(load(memory, m.constant(lane)));
    for (int64_t half = lanes / 2; half > 0; half /= 2)
      for (int64_t lane = 0; lane < half; ++lane)
        parts[lane] = arith::AddFOp::create(b, loc, parts[lane], parts[lane + half]);
    Value before = memref::LoadOp::create(b, loc, sum.store.getMemRef(), sum.store.getIndices());
    memref::StoreOp::create(b, loc, arith::AddFOp::create(b, loc, before, parts[0]), sum.store.getMemRef(),
                            sum.store.getIndices());
    sum.loop.erase();
  }

private:
  /// The old body at position `at`, adding to a lane.
  void addTo(Value lane, Value at) {
    IRMapping map;
    map.map(sum.loop.getInductionVar(), at);
    for (Operation &op : sum.loop.getBody()->without_terminator()) {
      if (&op == sum.load)
        map.map(sum.load.getResult(), load(memory, lane));
      else if (&op == sum.store)
        store(map.lookup(sum.store.getValueToStore()), memory, lane);
      else
        b.clone(op, map);
    }
  }

  Sum sum;
  Value memory;
};

/// A product that may be added without rounding it first is. Else LLVM would decide.
void fuseProducts(func::FuncOp function) {
  auto isContract = [](Operation *op) {
    return bitEnumContainsAny(cast<arith::ArithFastMathInterface>(op).getFastMathFlagsAttr().getValue(),
                              arith::FastMathFlags::contract);
  };
  function.walk([&](arith::AddFOp add) {
    if (!isContract(add))
      return;
    for (unsigned side : {0u, 1u}) {
      auto product = add->getOperand(side).getDefiningOp<arith::MulFOp>();
      if (!product || !product->hasOneUse() || !isContract(product))
        continue;
      OpBuilder b(add);
      add.replaceAllUsesWith(
          math::FmaOp::create(b, add.getLoc(), product.getLhs(), product.getRhs(), add->getOperand(1 - side)).getResult());
      add.erase();
      product.erase();
      return;
    }
  });
}

struct FixOrderPass : impl::FixOrderPassBase<FixOrderPass> {
  void runOnOperation() final {
    func::FuncOp function = getOperation();
    if (!isKernel(function))
      return;
    SmallVector<Sum> sums;
    function.walk([&](scf::ForOp loop) {
      if (std::optional<Sum> sum = matchSum(loop))
        sums.push_back(*sum);
    });
    for (Sum sum : sums) {
      OpBuilder b(sum.loop);
      IndexMath m(b, sum.loop.getLoc());
      LaneSplitter(m, sum).split();
    }
    fuseProducts(function);
    function.walk([](arith::ArithFastMathInterface op) {
      op->setAttr(op.getFastMathAttrName(), arith::FastMathFlagsAttr::get(op.getContext(), arith::FastMathFlags::none));
    });
  }
};
} // namespace
} // namespace tensel
