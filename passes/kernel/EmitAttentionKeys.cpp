// One tile of keys for a few rows, where lanes are keys: scores are sums over lanes, and each row has a softmax of its own. See EmitAttention.cpp.
//
//   for `lanes` keys, for row         sums[key] = a vector of the key's elements times the row's, in registers
//                                     added up over their lanes: scores of the keys, one a lane
//   for row                           new maximum, weights = 2^(scores - maximum); the lanes past the last key count for nothing
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/kernel/Attention.h"
#include "passes/kernel/VectorMath.h"

using namespace mlir;

namespace tensel {
/// The rows as they are, scaled, with zeros behind them.
void AttentionEmitter::copyQueries() {
  int64_t padded = llvm::alignTo(a.size, tiles.lanes);
  loop(m.constant(0), m.constant(tiles.rows), 1, [&](Value row) {
    Value from = m.mul(load(rowHeads, row), m.constant(a.size)), to = m.mul(row, m.constant(padded));
    overVectors(a.size, [&](Value at, int64_t count) {
      Value x = loadVector(a.query, m.add(from, at), count);
      storeVector(arith::MulFOp::create(b, loc, x, number(queryFactor())), packedQueries, m.add(to, at));
    });
  });
}

/// [rows][keys] of scores. The weights of keys past the tile's end are not used.
void AttentionEmitter::emitScoresOfKeys() {
  int64_t lanes = tiles.lanes, whole = a.size / lanes * lanes, padded = llvm::alignTo(a.size, lanes);
  Value zero = m.constant(0);
  loop(zero, tileKeys, lanes, [&](Value first) {
    Values bases = beginKeys(first, lanes);
    loop(zero, m.constant(tiles.rows), 1, [&](Value row) {
      auto addProducts = [&](Value at, int64_t count, ValueRange before) {
        Values sums(before);
        Value query = loadVector(packedQueries, m.add(m.mul(row, m.constant(padded)), at));
        for (auto [sum, base] : llvm::zip_equal(sums, bases))
          sum = vector::FMAOp::create(b, loc, loadVector(a.key, m.add(base, at), count), query, sum);
        return sums;
      };
      Values sums(lanes, number(0));
      if (whole)
        sums = carry(zero, m.constant(whole), lanes, sums,
                     [&](Value at, ValueRange carried) { return addProducts(at, lanes, carried); });
      if (whole < a.size)
        sums = addProducts(m.constant(whole), a.size - whole, sums);
      storeVector(sumLanes(b, loc, sums), scores, scoreAt(first, row));
    });
  });
}

/// Row `row` with as many keys as there are lanes, from tileKey + t on.
AttentionEmitter::ScoreLanes AttentionEmitter::lanesOfKeys(Value row, Value t) {
  auto numbered = [&](Type type) -> Value {
    SmallVector<Attribute> numbers;
    for (int64_t i = 0; i < tiles.lanes; ++i)
      numbers.push_back(b.getIntegerAttr(type, i));
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorOf(type), numbers));
  };
  Type i32 = b.getI32Type(), index = b.getIndexType();
  auto toI32 = [&](Value x) -> Value { return splat(arith::IndexCastOp::create(b, loc, i32, x)); };
  ScoreLanes lanes;
  Value key = m.add(tileKey, t);
  lanes.keys = arith::AddIOp::create(b, loc, toI32(key), numbered(i32));
  if (a.seesAll()) {
    lanes.endSeen = toI32(a.keys);
  } else {
    lanes.firstSeen = splat(load(firstSeen, row));
    lanes.endSeen = splat(load(endSeen, row));
  }
  if (a.slopes) {
    lanes.positions = splat(load(rowPositions, row));
    lanes.slopes = splat(load(rowSlopes, row));
  }
  if (a.bias) {
    Value stride = a.biasStrides[3] ? a.biasStrides[3] : m.constant(0);
    lanes.biasAt = m.add(load(rowBiases, row), m.mul(key, stride));
    lanes.biasIndices = arith::MulIOp::create(b, loc, numbered(index), splat(stride));
    lanes.biasMask = vector::CreateMaskOp::create(b, loc, vectorOf(b.getI1Type()), m.sub(tileKeys, t));
  }
  return lanes;
}

void AttentionEmitter::emitWeightsOfKeys(bool masked) {
  Value zero = m.constant(0), lowest = lowestNumber();
  loop(zero, m.constant(tiles.rows), 1, [&](Value row) {
    Value before = load(maxima, row);
    Values largest = carry(zero, tileKeys, tiles.lanes, {splat(before)}, [&](Value t, ValueRange carried) -> Values {
      Value at = scoreAt(t, row);
      ScoreLanes lanes = lanesOfKeys(row, t);
      Value score = changeScore(loadVector(scores, at), lanes);
      if (a.changesScores())
        storeVector(score, scores, at);
      if (masked)
        score = arith::SelectOp::create(b, loc, visible(lanes), score, lowest);
      Value isLarger = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, score, carried[0]);
      return {arith::SelectOp::create(b, loc, isLarger, score, carried[0])};
    });
    // No lane is NaN: none is larger than another number.
    Value after = vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXNUMF, largest[0], arith::FastMathFlags::nnan);
    Value factor = weightOf(splat(before), splat(after));
    factor = vector::ExtractOp::create(b, loc, factor, ArrayRef<int64_t>{0});
    store(factor, factors, row);
    store(after, maxima, row);
    Values totalOfLanes = carry(zero, tileKeys, tiles.lanes, {number(0)}, [&](Value t, ValueRange carried) -> Values {
      Value at = scoreAt(t, row), weight = weightOf(loadVector(scores, at), splat(after));
      if (masked)
        weight = arith::SelectOp::create(b, loc, visible(lanesOfKeys(row, t)), weight, number(0));
      storeVector(weight, scores, at);
      return {arith::AddFOp::create(b, loc, carried[0], weight)};
    });
    Value total = vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, totalOfLanes[0], arith::FastMathFlags::reassoc);
    Value earlier = arith::MulFOp::create(b, loc, load(totals, row), factor);
    store(arith::AddFOp::create(b, loc, earlier, total), totals, row);
  });
}
} // namespace tensel
