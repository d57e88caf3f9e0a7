// The loop nest of attention with an online softmax (Milakov and Gimelshein 2018, Dao et al. 2022). Rows are lanes of vectors while scores are
// made, so keys are read in place, and the softmax needs no sum over lanes:
//
//   for item in [begin, end)                      parallel: batch x key head x block of rows (see Attention.h)
//     first and last visible key of each row      masks of every kind are intervals of keys
//     queries -> [size][rows]                     scaled
//     for tile of keys, first to last visible     what no row of the block sees is not read
//       for some keys, some vectors of rows       scores = sum over size: a key's element times a vector of rows, in registers
//       new maxima, weights = 2^(scores - maxima) masks only in tiles at the edge of some row's interval
//       for some rows, some vectors of values     sums = sums * 2^(old - new maxima) + sum over keys: a weight times a vector of values
//     out = sums / total of weights
//
// Where rows are few (a decoded token), most lanes would be empty: then lanes are keys while scores are made (EmitAttentionKeys.cpp).
// The rows past the last one repeat it and are not stored. A row is computed by one item, so results do not depend on how work is split.
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/kernel/Attention.h"
#include "passes/kernel/EmitLoops.h"
#include "passes/kernel/Passes.h"
#include "passes/kernel/VectorMath.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_EMITATTENTIONPASS
#include "passes/kernel/Passes.h.inc"

AttentionKernel::AttentionKernel(graph::AttentionOp op, func::FuncOp func, IndexMath &m) {
  auto memref = [](Value tensor) { return tensor.getDefiningOp<bufferization::ToTensorOp>().getBuffer(); };
  auto flat = [&](Value tensor) { return tensor ? flatView(m, memref(tensor)) : Value(); };
  query = flat(op.getQuery());
  key = flat(op.getKey());
  value = flat(op.getValue());
  positions = flat(op.getPositions());
  lengths = flat(op.getLengths());
  prefix = flat(op.getPrefix());
  slopes = flat(op.getSlopes());
  bias = flat(op.getBias());
  out = flatView(m, func.getArguments().back());
  batches = dimOf(m, memref(op.getQuery()), 0);
  queries = dimOf(m, memref(op.getQuery()), 1);
  keys = dimOf(m, memref(op.getKey()), 1);
  auto queryType = cast<RankedTensorType>(op.getQuery().getType()), valueType = cast<RankedTensorType>(op.getValue().getType());
  keyHeads = valueType.getDimSize(2);
  shared = queryType.getDimSize(2) / keyHeads;
  size = queryType.getDimSize(3);
  valueSize = valueType.getDimSize(3);
  compute = queryType.getElementType().isF64() ? Type(m.b.getF64Type()) : m.b.getF32Type();
  causal = op.getMask() == graph::AttentionMask::causal;
  window = static_cast<int64_t>(op.getWindow());
  scale = op.getScale().convertToDouble();
  softcap = op.getSoftcap().convertToDouble();
  if (!bias)
    return;
  // A bias is broadcast along dims of size 1, which may turn out only when the kernel runs.
  Value stride = m.constant(1), one = stride;
  biasStrides.resize(4);
  auto type = cast<RankedTensorType>(op.getBias().getType());
  for (int64_t d = 4; d-- > 0;) {
    Value extent = dimOf(m, memref(op.getBias()), d);
    if (type.isDynamicDim(d)) {
      Value repeats = arith::CmpIOp::create(m.b, m.loc, arith::CmpIPredicate::eq, extent, one);
      biasStrides[d] = arith::SelectOp::create(m.b, m.loc, repeats, m.constant(0), stride);
    } else if (type.getDimSize(d) != 1) {
      biasStrides[d] = stride;
    }
    stride = m.stride(stride, extent);
  }
}

AttentionTiles chooseTiles(const AttentionKernel &a, int64_t vectorBits, bool anyLanes) {
  AttentionTiles tiles;
  tiles.lanes = vectorBits / a.compute.getIntOrFloatBitWidth();
  // Accumulators; the other registers hold a vector of each operand.
  int64_t registers = vectorBits == 512 ? 24 : 12;
  int64_t rows = 48, known = 48;
  if (std::optional<int64_t> queries = getConstantIntValue(a.queries))
    known = std::max<int64_t>(*queries * a.shared, 1);
  tiles.rowVectors = std::min<int64_t>(3, llvm::divideCeil(known, tiles.lanes));
  tiles.rows = known <= tiles.lanes * tiles.rowVectors ? tiles.lanes * tiles.rowVectors : rows;
  tiles.prefetch = tiles.rowVectors == 1;
  tiles.keys = registers / 3;
  tiles.keyTile = 64;
  int64_t vectors = llvm::divideCeil(a.valueSize, tiles.lanes), most = vectorBits == 512 ? 4 : 2;
  tiles.valueVectors = llvm::divideCeil(vectors, llvm::divideCeil(vectors, most));
  tiles.sumRows = std::min({int64_t{12}, registers / tiles.valueVectors, known});
  // Instructions for a key: one for each element, or for each vector of a row's elements two, and six to sum lanes.
  const int64_t sizeVectors = llvm::divideCeil(a.size, tiles.lanes);
  tiles.keyLanes = anyLanes && known * (2 * sizeVectors + 6) <= a.size;
  if (tiles.keyLanes) {
    tiles.sumRows = llvm::divideCeil(known, llvm::divideCeil(known, tiles.sumRows));
    tiles.rows = llvm::alignTo(known, tiles.sumRows);
  }
  return tiles;
}

Value AttentionEmitter::number(double value) {
  auto type = vectorOf(a.compute);
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, b.getFloatAttr(a.compute, value)));
}

Value AttentionEmitter::lowestNumber() {
  return number(a.compute.isF64() ? std::numeric_limits<double>::lowest() : std::numeric_limits<float>::lowest());
}

Value AttentionEmitter::splat(Value scalar) { return vector::BroadcastOp::create(b, loc, vectorOf(scalar.getType()), scalar); }

/// x as another floating-point type of the same shape.
static Value convert(OpBuilder &b, Location loc, Value x, Type element) {
  unsigned from = getElementTypeOrSelf(x.getType()).getIntOrFloatBitWidth(), to = element.getIntOrFloatBitWidth();
  if (getElementTypeOrSelf(x.getType()) == element)
    return x;
  Type type = element;
  if (auto vector = dyn_cast<VectorType>(x.getType()))
    type = vector.clone(element);
  return from < to ? Value(arith::ExtFOp::create(b, loc, type, x)) : Value(arith::TruncFOp::create(b, loc, type, x));
}

Value AttentionEmitter::toCompute(Value x) { return convert(b, loc, x, a.compute); }

Value AttentionEmitter::loadVector(Value flat, Value at, int64_t count) {
  auto type = vectorOf(cast<MemRefType>(flat.getType()).getElementType());
  if (count == tiles.lanes)
    return toCompute(vector::LoadOp::create(b, loc, type, flat, at));
  Value mask = vector::CreateMaskOp::create(b, loc, vectorOf(b.getI1Type()), m.constant(count));
  Value zero = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
  return toCompute(vector::MaskedLoadOp::create(b, loc, type, flat, at, mask, zero));
}

void AttentionEmitter::storeVector(Value x, Value flat, Value at, int64_t count) {
  x = convert(b, loc, x, cast<MemRefType>(flat.getType()).getElementType());
  if (count == tiles.lanes) {
    vector::StoreOp::create(b, loc, x, flat, at);
    return;
  }
  Value mask = vector::CreateMaskOp::create(b, loc, vectorOf(b.getI1Type()), m.constant(count));
  vector::MaskedStoreOp::create(b, loc, flat, at, mask, x);
}

void AttentionEmitter::overVectors(int64_t size, function_ref<void(Value, int64_t)> body) {
  int64_t whole = size / tiles.lanes * tiles.lanes;
  loop(m.constant(0), m.constant(whole), tiles.lanes, [&](Value at) { body(at, tiles.lanes); });
  if (whole < size)
    body(m.constant(whole), size - whole);
}

void AttentionEmitter::emit() {
  // Rows are summed in groups, of which the last may reach past the block's end.
  int64_t lanes = tiles.lanes, rows = llvm::alignTo(llvm::alignTo(tiles.rows, tiles.sumRows), lanes);
  packedQueries = stackBuffer(a.compute, (tiles.keyLanes ? llvm::alignTo(a.size, lanes) : a.size) * tiles.rows);
  scores = stackBuffer(a.compute, llvm::alignTo(tiles.keyTile, tiles.keys) * tiles.rows + tiles.sumRows);
  sums = stackBuffer(a.compute, rows * llvm::alignTo(a.valueSize, lanes));
  maxima = stackBuffer(a.compute, rows);
  totals = stackBuffer(a.compute, rows);
  factors = stackBuffer(a.compute, rows);
  rowHeads = stackBuffer(b.getIndexType(), rows);
  if (!a.seesAll()) {
    firstSeen = stackBuffer(b.getI32Type(), rows);
    endSeen = stackBuffer(b.getI32Type(), rows);
  }
  if (a.slopes) {
    rowPositions = stackBuffer(b.getI32Type(), rows);
    rowSlopes = stackBuffer(a.compute, rows);
  }
  if (a.bias)
    rowBiases = stackBuffer(b.getIndexType(), rows);

  Value rowsOfHead = m.mul(a.queries, m.constant(a.shared));
  Value blocks = m.ceilDiv(rowsOfHead, m.constant(tiles.rows)), perBatch = m.mul(m.constant(a.keyHeads), blocks);
  auto parallel = scf::ForOp::create(b, loc, m.constant(0), m.mul(a.batches, perBatch), m.constant(1));
  parallel->setAttr("tensel.parallel", b.getUnitAttr());
  m.anchor = parallel;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(parallel.getBody());
  Value item = parallel.getInductionVar();
  batch = m.div(item, perBatch);
  Value inBatch = m.rem(item, perBatch);
  keyHead = m.div(inBatch, blocks);
  firstRow = m.mul(m.rem(inBatch, blocks), m.constant(tiles.rows));
  rowsLeft = m.min(m.constant(tiles.rows), m.sub(rowsOfHead, firstRow));
  rowChunks = m.ceilDiv(rowsLeft, m.constant(tiles.rowVectors * lanes));
  Value ofBatch = m.add(m.mul(m.mul(batch, a.keys), m.constant(a.keyHeads)), keyHead);
  keyBase = m.mul(ofBatch, m.constant(a.size));
  valueBase = m.mul(ofBatch, m.constant(a.valueSize));

  noteRows();
  if (tiles.prefetch)
    loop(firstKey, m.min(endKey, m.add(firstKey, m.constant(tiles.keyTile))), 1,
         [&](Value t) { prefetch(a.key, keyAt(t), a.size); });
  tiles.keyLanes ? copyQueries() : packQueries();
  loop(m.constant(0), m.constant(rows), lanes, [&](Value row) {
    storeVector(lowestNumber(), maxima, row);
    storeVector(number(0), totals, row);
  });
  loop(m.constant(0), m.constant(rows * llvm::alignTo(a.valueSize, lanes)), lanes,
       [&](Value at) { storeVector(number(0), sums, at); });
  loop(firstKey, endKey, tiles.keyTile, [&](Value from) {
    tileKey = from;
    tileKeys = m.min(m.constant(tiles.keyTile), m.sub(endKey, from));
    tiles.keyLanes ? emitScoresOfKeys() : emitScores();
    auto emitWeightsOf = [&](bool masked) { tiles.keyLanes ? emitWeightsOfKeys(masked) : emitWeights(masked); };
    if (Value plain = isPlainTile())
      branch(plain, [&] { emitWeightsOf(false); }, [&] { emitWeightsOf(true); });
    else
      emitWeightsOf(false);
    emitSums();
  });
  emitResult();
}

/// Whether all lanes of the tile's scores count; null: they always do.
Value AttentionEmitter::isPlainTile() {
  Value plain;
  auto require = [&](arith::CmpIPredicate predicate, Value x, Value y) {
    Value holds = arith::CmpIOp::create(b, loc, predicate, x, y);
    plain = plain ? Value(arith::AndIOp::create(b, loc, plain, holds)) : holds;
  };
  if (!a.seesAll()) {
    require(arith::CmpIPredicate::sge, tileKey, fullFrom);
    require(arith::CmpIPredicate::sle, m.add(tileKey, tileKeys), fullTo);
  }
  if (tiles.keyLanes)
    require(arith::CmpIPredicate::eq, tileKeys, m.constant(tiles.keyTile));
  return plain;
}

std::pair<Value, Value> AttentionEmitter::visibleKeys(Value position) {
  Value zero = m.constant(0), first = zero, end = a.keys;
  auto loadIndex = [&](Value flat) { return arith::IndexCastOp::create(b, loc, b.getIndexType(), load(flat, batch)); };
  // The window counts from the position as it is; one past it may overflow, so it is clamped first.
  if (a.window)
    first = m.sub(position, m.constant(a.window - 1));
  if (a.causal) {
    end = m.add(arith::MinSIOp::create(b, loc, position, m.sub(a.keys, m.constant(1))), m.constant(1));
    if (a.prefix)
      end = arith::MaxSIOp::create(b, loc, end, loadIndex(a.prefix));
  }
  if (a.lengths)
    end = arith::MinSIOp::create(b, loc, end, loadIndex(a.lengths));
  auto clamp = [&](Value x) -> Value {
    if (x == zero || x == a.keys)
      return x;
    return arith::MaxSIOp::create(b, loc, arith::MinSIOp::create(b, loc, x, a.keys), zero);
  };
  return {clamp(first), clamp(end)};
}

/// What each row of the block is and sees; the keys that some or all of them see.
void AttentionEmitter::noteRows() {
  Value zero = m.constant(0), lastRow = m.sub(m.add(firstRow, rowsLeft), m.constant(1));
  auto toI32 = [&](Value index) -> Value { return arith::IndexCastOp::create(b, loc, b.getI32Type(), index); };
  Values seen = carry(zero, m.constant(tiles.rows), 1, {a.keys, zero, zero, a.keys}, [&](Value i, ValueRange carried) -> Values {
    Value row = m.min(m.add(firstRow, i), lastRow), shared = m.constant(a.shared);
    Value query = m.div(row, shared), head = m.add(m.mul(keyHead, shared), m.rem(row, shared));
    Value token = m.add(m.mul(batch, a.queries), query);
    store(m.add(m.mul(token, m.constant(a.keyHeads * a.shared)), head), rowHeads, i);
    Value position = query;
    if (a.positions)
      position = arith::IndexCastOp::create(b, loc, b.getIndexType(), load(a.positions, token));
    if (a.slopes) {
      store(loadScalar(a.slopes, head), rowSlopes, i);
      // Exact for every position that a key can have.
      Value limit = m.constant(std::numeric_limits<int32_t>::max() / 2),
            low = m.constant(std::numeric_limits<int32_t>::min() / 2);
      store(toI32(arith::MaxSIOp::create(b, loc, arith::MinSIOp::create(b, loc, position, limit), low)), rowPositions, i);
    }
    if (a.bias) {
      Value at = m.add(m.mul(batch, a.biasStrides[0]), m.mul(head, a.biasStrides[1]));
      at = m.add(at, m.mul(query, a.biasStrides[2]));
      store(at ? at : zero, rowBiases, i);
    }
    if (a.seesAll())
      return Values(carried);
    auto [first, end] = visibleKeys(position);
    store(toI32(first), firstSeen, i);
    store(toI32(end), endSeen, i);
    return {m.min(carried[0], first), m.max(carried[1], end), m.max(carried[2], first), m.min(carried[3], end)};
  });
  firstKey = a.seesAll() ? zero : seen[0];
  endKey = a.seesAll() ? a.keys : seen[1];
  fullFrom = seen[2];
  fullTo = seen[3];
}

/// What queries are scaled by, so that the scores are exponents of 2 (or what scores are changed from).
double AttentionEmitter::queryFactor() const {
  if (!a.changesScores())
    return a.scale * M_LOG2E;
  return a.softcap != 0 ? a.scale / a.softcap : a.scale;
}

/// The block's queries with rows as lanes, square by square.
void AttentionEmitter::packQueries() {
  double factor = queryFactor();
  int64_t lanes = tiles.lanes;
  loop(m.constant(0), m.constant(tiles.rows), lanes, [&](Value row) {
    overVectors(a.size, [&](Value from, int64_t count) {
      Values vectors;
      for (int64_t i = 0; i < lanes; ++i) {
        Value head = load(rowHeads, m.add(row, m.constant(i)));
        Value x = loadVector(a.query, m.add(m.mul(head, m.constant(a.size)), from), count);
        vectors.push_back(arith::MulFOp::create(b, loc, x, number(factor)));
      }
      transposeSquare(b, loc, vectors);
      for (int64_t i = 0; i < count; ++i)
        storeVector(vectors[i], packedQueries, m.add(m.mul(m.add(from, m.constant(i)), m.constant(tiles.rows)), row));
    });
  });
}

void AttentionEmitter::emitResult() {
  int64_t padded = llvm::alignTo(a.valueSize, tiles.lanes);
  loop(m.constant(0), rowsLeft, 1, [&](Value row) {
    Value total = load(totals, row), zero = arith::ConstantOp::create(b, loc, b.getFloatAttr(a.compute, 0));
    Value one = arith::ConstantOp::create(b, loc, b.getFloatAttr(a.compute, 1));
    // A total of 0 of keys that are seen is a softmax of nothing but -inf: NaN, as 0 / 0 is.
    Value first = a.seesAll() ? m.constant(0) : load(firstSeen, row), end = a.seesAll() ? a.keys : load(endSeen, row);
    Value nothing = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, first, end);
    Value factor = arith::SelectOp::create(b, loc, nothing, zero, arith::DivFOp::create(b, loc, one, total));
    Value from = m.mul(row, m.constant(padded)), to = m.mul(load(rowHeads, row), m.constant(a.valueSize));
    overVectors(a.valueSize, [&](Value at, int64_t count) {
      Value x = arith::MulFOp::create(b, loc, loadVector(sums, m.add(from, at)), splat(factor));
      storeVector(x, a.out, m.add(to, at), count);
    });
  });
}

namespace {
struct EmitAttentionPass : WithCleanUp<impl::EmitAttentionPassBase<EmitAttentionPass>> {
  using WithCleanUp::WithCleanUp;

  void runOnOperation() final {
    func::FuncOp func = getOperation();
    if (!isKernel(func))
      return;
    auto ops = func.getOps<graph::AttentionOp>();
    if (ops.empty())
      return;
    graph::AttentionOp op = *ops.begin();
    auto *ret = func.getBody().front().getTerminator();
    if (ret->getNumOperands() != 1 || ret->getOperand(0) != op.getResult() ||
        !llvm::all_of(op->getOperands(), [](Value operand) { return isa<BlockArgument>(operand); })) {
      op.emitOpError("expected to be alone in its kernel");
      return signalPassFailure();
    }
    SmallVector<Value> destinations;
    convertArguments(func, destinations);
    OpBuilder b(ret);
    IndexMath math(b, op.getLoc());
    AttentionKernel kernel(op, func, math);
    AttentionEmitter(kernel, chooseTiles(kernel, vectorBits, anyLanes), math).emit();
    b.setInsertionPoint(ret);
    func::ReturnOp::create(b, ret->getLoc());
    ret->erase();
    op->erase();
    func.setType(b.getFunctionType(func.getArgumentTypes(), {}));
    cleanUp(func);
  }
};
} // namespace
} // namespace tensel
