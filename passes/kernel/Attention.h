// A kernel that is one attention op, as its emitter sees it. A row is a pair of a query and one of the query heads that share a key head, so that
// all heads of a key head read its keys together: row r of key head g is head g * shared + r % shared of query r / shared.
#ifndef TENSEL_PASSES_KERNEL_ATTENTION_H
#define TENSEL_PASSES_KERNEL_ATTENTION_H

#include "dialects/graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/kernel/NestBuilder.h"

namespace tensel {
/// Sizes of tiles and registers.
struct AttentionTiles {
  int64_t lanes;        // elements of a vector register
  int64_t rowVectors;   // vectors of rows that are scored together
  int64_t keys;         // keys that are scored together
  int64_t rows;         // rows of a block: a whole number of rowVectors * lanes
  int64_t keyTile;      // keys of a tile: scores of rows * keyTile exist at a time
  int64_t valueVectors; // vectors of a row of values that are summed together
  int64_t sumRows;      // rows that are summed together
  bool prefetch;        // few rows share a key: reading it takes longer than using it
  bool keyLanes;        // few rows: lanes are keys, not rows, while scores are made
};

/// The op's operands as flat arrays (null: absent), its dims as values of the entry block.
struct AttentionKernel {
  AttentionKernel(graph::AttentionOp op, mlir::func::FuncOp func, IndexMath &m);
  mlir::Value query, key, value, positions, lengths, prefix, slopes, bias, out;
  llvm::SmallVector<mlir::Value> biasStrides; // null where the bias is the same along a dim
  mlir::Value batches, queries, keys;
  int64_t keyHeads, shared, size, valueSize;
  mlir::Type compute; // f32 or f64
  bool causal;
  int64_t window; // 0: none
  double scale, softcap;
  /// Whether each query sees all keys, always.
  bool seesAll() const { return !causal && !window && !lengths; }
  /// Whether scores are changed after the product of query and key.
  bool changesScores() const { return softcap != 0 || slopes || bias; }
};

/// `anyLanes`: sums over the elements of a key may run over lanes, so that their order depends on vectorBits.
AttentionTiles chooseTiles(const AttentionKernel &a, int64_t vectorBits, bool anyLanes);

class AttentionEmitter : NestBuilder {
public:
  AttentionEmitter(const AttentionKernel &a, const AttentionTiles &tiles, IndexMath &m) : NestBuilder(m), a(a), tiles(tiles) {}
  /// Emits the whole nest at the builder's place, which is in the function's entry block.
  void emit();

private:
  mlir::VectorType vectorOf(mlir::Type element) { return mlir::VectorType::get({tiles.lanes}, element); }
  mlir::Value number(double value);
  /// The lowest finite score, so that a row whose scores are all that low is still a mean of values.
  mlir::Value lowestNumber();
  mlir::Value splat(mlir::Value scalar);
  mlir::Value lane(int64_t vector) { return m.constant(vector * tiles.lanes); }
  /// Where key or value t of the key head begins.
  mlir::Value keyAt(mlir::Value t) { return m.add(keyBase, m.mul(t, m.constant(a.keyHeads * a.size))); }
  mlir::Value valueAt(mlir::Value t) { return m.add(valueBase, m.mul(t, m.constant(a.keyHeads * a.valueSize))); }
  /// The vectors of `size` elements: whole ones in a loop, then what is left, `count` elements of one.
  void overVectors(int64_t size, llvm::function_ref<void(mlir::Value at, int64_t count)> body);
  /// Elements as numbers of the computation; a vector of the first `count` lanes, 0 in the others.
  mlir::Value toCompute(mlir::Value x);
  mlir::Value loadScalar(mlir::Value flat, mlir::Value at) { return toCompute(load(flat, at)); }
  mlir::Value loadVector(mlir::Value flat, mlir::Value at, int64_t count);
  mlir::Value loadVector(mlir::Value flat, mlir::Value at) { return loadVector(flat, at, tiles.lanes); }
  void storeVector(mlir::Value x, mlir::Value flat, mlir::Value at, int64_t count);
  void storeVector(mlir::Value x, mlir::Value flat, mlir::Value at) { storeVector(x, flat, at, tiles.lanes); }

  mlir::Value isPlainTile();
  /// First and one past the last key that the query at `position` sees.
  std::pair<mlir::Value, mlir::Value> visibleKeys(mlir::Value position);
  void noteRows();
  double queryFactor() const;
  void packQueries();
  void emitResult();

  // EmitAttentionTile.cpp
  void prefetchNextKey(mlir::Value t);
  Values beginKeys(mlir::Value first, int64_t count);
  void emitScores();
  void emitWeights(bool masked);
  /// What a vector of scores belongs to: keys and rows, of which one is the same in all lanes. Null where the op has no such operand.
  struct ScoreLanes {
    mlir::Value keys, firstSeen, endSeen, positions, slopes; // of i32, the slopes of numbers
    mlir::Value biasAt, biasIndices, biasMask;
  };
  ScoreLanes lanesOfRows(mlir::Value row, mlir::Value t);
  mlir::Value changeScore(mlir::Value score, const ScoreLanes &lanes);
  mlir::Value weightOf(mlir::Value score, mlir::Value largest);
  mlir::Value visible(const ScoreLanes &lanes);
  mlir::Value scoreAt(mlir::Value t, mlir::Value row);
  void emitSums();
  void emitSumsOf(mlir::Value row, mlir::Value firstLane, int64_t vectors, int64_t lastCount);

  // EmitAttentionKeys.cpp
  void copyQueries();
  void emitScoresOfKeys();
  void emitWeightsOfKeys(bool masked);
  ScoreLanes lanesOfKeys(mlir::Value row, mlir::Value t);

  const AttentionKernel &a;
  AttentionTiles tiles;
  // On the stack: [size][rows], [keyTile][rows], [rows][padded valueSize], and a value per row. With keyLanes [rows][padded size] and
  // [rows][keyTile].
  mlir::Value packedQueries, scores, sums, maxima, totals, factors;
  mlir::Value firstSeen, endSeen, rowPositions, rowSlopes, rowBiases, rowHeads;
  // Values of the place that is being emitted.
  mlir::Value batch, keyHead, firstRow, rowsLeft, rowChunks;
  mlir::Value firstKey, endKey, fullFrom, fullTo; // seen by some row; seen by all rows
  mlir::Value tileKey, tileKeys, keyBase, valueBase;
};
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_ATTENTION_H
