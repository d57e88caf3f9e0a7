// One tile of keys for one block of rows: scores, weights, sums; see EmitAttention.cpp.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/kernel/Attention.h"
#include "passes/kernel/VectorMath.h"

using namespace mlir;

namespace tensel {
/// Asks for the key a tile behind tileKey + t; behind the last one of this key head, for key t of the next one.
void AttentionEmitter::prefetchNextKey(Value t) {
  Value ahead = m.add(m.add(tileKey, t), m.constant(tiles.keyTile));
  Value ofNext = m.add(keyAt(m.add(firstKey, t)), m.constant(a.size));
  prefetch(a.key, arith::SelectOp::create(b, loc, m.less(ahead, endKey), keyAt(ahead), ofNext), a.size);
}

/// Where `count` keys from tileKey + first on begin; those past the tile's end repeat its last one. Their values, which are read next, are
/// asked for where memory rather than arithmetic takes the time: the rows of a head are too far apart for the processor to guess.
AttentionEmitter::Values AttentionEmitter::beginKeys(Value first, int64_t count) {
  Value lastKey = m.sub(m.add(tileKey, tileKeys), m.constant(1));
  Values begins;
  for (int64_t i = 0; i < count; ++i) {
    Value t = m.min(m.add(tileKey, m.add(first, m.constant(i))), lastKey);
    begins.push_back(keyAt(t));
    if (tiles.prefetch)
      prefetch(a.value, valueAt(t), a.valueSize);
  }
  return begins;
}

/// [keys][rows] of scores. Keys past the tile's end repeat its last one; nobody reads their scores.
void AttentionEmitter::emitScores() {
  Value zero = m.constant(0), rows = m.constant(tiles.rows);
  loop(zero, rowChunks, 1, [&](Value chunk) {
    Value row = m.mul(chunk, m.constant(tiles.rowVectors * tiles.lanes));
    loop(zero, tileKeys, tiles.keys, [&](Value first) {
      Values bases = beginKeys(first, tiles.keys);
      Values initial(tiles.keys * tiles.rowVectors, number(0));
      Values sums = carry(zero, m.constant(a.size), 1, initial, [&](Value d, ValueRange carried) {
        Values next(carried), queries;
        Value at = m.add(m.mul(d, rows), row);
        for (int64_t v = 0; v < tiles.rowVectors; ++v)
          queries.push_back(loadVector(packedQueries, m.add(at, lane(v))));
        for (int64_t i = 0; i < tiles.keys; ++i) {
          Value element = splat(loadScalar(a.key, m.add(bases[i], d)));
          for (int64_t v = 0; v < tiles.rowVectors; ++v) {
            Value &sum = next[i * tiles.rowVectors + v];
            sum = vector::FMAOp::create(b, loc, element, queries[v], sum);
          }
        }
        return next;
      });
      for (int64_t i = 0; i < tiles.keys; ++i)
        for (int64_t v = 0; v < tiles.rowVectors; ++v)
          storeVector(sums[i * tiles.rowVectors + v], scores,
                      m.add(m.mul(m.add(first, m.constant(i)), rows), m.add(row, lane(v))));
    });
  });
}

/// A vector of rows from `row` on with key tileKey + t.
AttentionEmitter::ScoreLanes AttentionEmitter::lanesOfRows(Value row, Value t) {
  auto loadI32 = [&](Value flat) -> Value {
    return flat ? Value(vector::LoadOp::create(b, loc, vectorOf(b.getI32Type()), flat, row)) : Value();
  };
  ScoreLanes lanes;
  Value key = m.add(tileKey, t);
  lanes.keys = splat(arith::IndexCastOp::create(b, loc, b.getI32Type(), key));
  lanes.firstSeen = loadI32(firstSeen);
  lanes.endSeen = loadI32(endSeen);
  lanes.positions = loadI32(rowPositions);
  if (a.slopes)
    lanes.slopes = loadVector(rowSlopes, row);
  if (a.bias) {
    lanes.biasAt = m.mul(key, a.biasStrides[3]);
    lanes.biasIndices = vector::LoadOp::create(b, loc, vectorOf(b.getIndexType()), rowBiases, row);
    lanes.biasMask = vector::CreateMaskOp::create(b, loc, vectorOf(b.getI1Type()), m.constant(tiles.lanes));
  }
  return lanes;
}

/// Which lanes' rows see their keys.
Value AttentionEmitter::visible(const ScoreLanes &lanes) {
  Value seen = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, lanes.keys, lanes.endSeen);
  if (!a.window)
    return seen;
  Value isLate = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, lanes.keys, lanes.firstSeen);
  return arith::AndIOp::create(b, loc, seen, isLate);
}

/// What the op adds to scores.
Value AttentionEmitter::changeScore(Value score, const ScoreLanes &lanes) {
  if (!a.changesScores())
    return score;
  if (a.softcap != 0)
    score = arith::MulFOp::create(b, loc, math::TanhOp::create(b, loc, score), number(a.softcap));
  if (a.slopes) {
    Value distance =
        arith::SIToFPOp::create(b, loc, vectorOf(a.compute), arith::SubIOp::create(b, loc, lanes.keys, lanes.positions));
    score = vector::FMAOp::create(b, loc, lanes.slopes, distance, score);
  }
  if (a.bias) {
    auto type = vectorOf(cast<MemRefType>(a.bias.getType()).getElementType());
    Value none = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
    Value bias = vector::GatherOp::create(b, loc, type, a.bias, ValueRange{lanes.biasAt ? lanes.biasAt : m.constant(0)},
                                          lanes.biasIndices, lanes.biasMask, none);
    score = arith::AddFOp::create(b, loc, score, toCompute(bias));
  }
  return score;
}

/// Where the score of row `row` with key tileKey + t is.
Value AttentionEmitter::scoreAt(Value t, Value row) {
  return tiles.keyLanes ? m.add(m.mul(row, m.constant(tiles.keyTile)), t) : m.add(m.mul(t, m.constant(tiles.rows)), row);
}

/// e^(score - largest), where a score that nothing is added to is an exponent of 2 already. The others become one here: times log2(e)
/// a large one might overflow.
Value AttentionEmitter::weightOf(Value score, Value largest) {
  Value exponent = arith::SubFOp::create(b, loc, score, largest);
  if (a.changesScores())
    exponent = arith::MulFOp::create(b, loc, exponent, number(M_LOG2E));
  return exp2OfNegative(b, loc, exponent);
}

void AttentionEmitter::emitWeights(bool masked) {
  Value zero = m.constant(0), rows = m.constant(tiles.rows);
  Value lowest = lowestNumber();
  loop(zero, rowChunks, 1, [&](Value chunk) {
    Value row = m.mul(chunk, m.constant(tiles.rowVectors * tiles.lanes));
    Values places, before, totalsBefore;
    for (int64_t v = 0; v < tiles.rowVectors; ++v) {
      places.push_back(m.add(row, lane(v)));
      before.push_back(loadVector(maxima, places[v]));
    }
    Values after = carry(zero, tileKeys, 1, before, [&](Value t, ValueRange carried) {
      Values next(carried);
      for (int64_t v = 0; v < tiles.rowVectors; ++v) {
        Value at = m.add(m.mul(t, rows), places[v]);
        ScoreLanes lanes = lanesOfRows(places[v], t);
        Value score = changeScore(loadVector(scores, at), lanes);
        if (a.changesScores())
          storeVector(score, scores, at);
        if (masked)
          score = arith::SelectOp::create(b, loc, visible(lanes), score, lowest);
        Value isLarger = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, score, next[v]);
        next[v] = arith::SelectOp::create(b, loc, isLarger, score, next[v]);
      }
      return next;
    });
    for (int64_t v = 0; v < tiles.rowVectors; ++v) {
      Value factor = weightOf(before[v], after[v]);
      storeVector(factor, factors, places[v]);
      storeVector(after[v], maxima, places[v]);
      totalsBefore.push_back(arith::MulFOp::create(b, loc, loadVector(totals, places[v]), factor));
    }
    Values totalsAfter = carry(zero, tileKeys, 1, totalsBefore, [&](Value t, ValueRange carried) {
      Values next(carried);
      for (int64_t v = 0; v < tiles.rowVectors; ++v) {
        Value at = m.add(m.mul(t, rows), places[v]);
        Value weight = weightOf(loadVector(scores, at), after[v]);
        if (masked)
          weight = arith::SelectOp::create(b, loc, visible(lanesOfRows(places[v], t)), weight, number(0));
        storeVector(weight, scores, at);
        next[v] = arith::AddFOp::create(b, loc, next[v], weight);
      }
      return next;
    });
    for (int64_t v = 0; v < tiles.rowVectors; ++v)
      storeVector(totalsAfter[v], totals, places[v]);
  });
}

void AttentionEmitter::emitSums() {
  int64_t width = tiles.valueVectors * tiles.lanes, whole = a.valueSize / width * width, rest = a.valueSize - whole;
  loop(m.constant(0), rowsLeft, tiles.sumRows, [&](Value row) {
    loop(m.constant(0), m.constant(whole), width, [&](Value at) { emitSumsOf(row, at, tiles.valueVectors, tiles.lanes); });
    if (int64_t vectors = llvm::divideCeil(rest, tiles.lanes))
      emitSumsOf(row, m.constant(whole), vectors, rest - (vectors - 1) * tiles.lanes);
  });
}

/// Some rows times some vectors of values from `firstLane`, of whose last one `lastCount` lanes are read.
void AttentionEmitter::emitSumsOf(Value row, Value firstLane, int64_t vectors, int64_t lastCount) {
  int64_t padded = llvm::alignTo(a.valueSize, tiles.lanes);
  Values initial, places;
  for (int64_t i = 0; i < tiles.sumRows; ++i) {
    Value at = m.add(row, m.constant(i)), factor = splat(load(factors, at));
    for (int64_t v = 0; v < vectors; ++v) {
      places.push_back(m.add(m.add(m.mul(at, m.constant(padded)), firstLane), lane(v)));
      initial.push_back(arith::MulFOp::create(b, loc, loadVector(sums, places.back()), factor));
    }
  }
  Values after = carry(m.constant(0), tileKeys, 1, initial, [&](Value t, ValueRange carried) {
    Values next(carried), values;
    Value from = m.add(valueAt(m.add(tileKey, t)), firstLane);
    if (tiles.prefetch)
      prefetchNextKey(t);
    for (int64_t v = 0; v < vectors; ++v)
      values.push_back(loadVector(a.value, m.add(from, lane(v)), v + 1 == vectors ? lastCount : tiles.lanes));
    for (int64_t i = 0; i < tiles.sumRows; ++i) {
      Value weight = splat(load(scores, scoreAt(t, m.add(row, m.constant(i)))));
      for (int64_t v = 0; v < vectors; ++v) {
        Value &sum = next[i * vectors + v];
        sum = vector::FMAOp::create(b, loc, weight, values[v], sum);
      }
    }
    return next;
  });
  for (auto [sum, place] : llvm::zip_equal(after, places))
    storeVector(sum, sums, place);
}
} // namespace tensel
