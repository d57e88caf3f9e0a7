// The emitter of contraction kernels: what its files share. The nest is drawn in EmitContraction.cpp.
#ifndef TENSEL_PASSES_KERNEL_CONTRACTIONEMITTER_H
#define TENSEL_PASSES_KERNEL_CONTRACTIONEMITTER_H

#include "passes/kernel/Contraction.h"

namespace tensel {
/// Where a register tile finds the vectors of the vector operand.
enum class VectorSource {
  Copied, // in panels [KC][NR] on the stack, packed by the kernel
  InPlace,
  Blocks, // packed when compiling (FlatOperand::Blocks)
};

/// Sizes of the register tile and of the panels.
struct TileShape {
  int64_t lanes;   // elements of a vector register
  int64_t rows;    // MR: rows of a register tile
  int64_t vectors; // vectors per row
  int64_t kBlock;  // KC: reduction steps per panel
  int64_t panels;  // panels that are reused together for all rows
  VectorSource source;
  bool fullOnly; // every tile has all its columns
  bool oneBlock; // K fits one block: no partial sums
  int64_t columns() const { return lanes * vectors; }
};

TileShape chooseTileShape(IndexMath &m, const Contraction &c, int64_t vectorBits);

class ContractionEmitter : NestBuilder {
public:
  ContractionEmitter(const Contraction &c, const TileShape &shape, IndexMath &m) : NestBuilder(m), c(c), shape(shape) {}
  /// Emits the whole nest at the builder's place, which is in the function's entry block.
  void emit();

private:
  /// An element or a vector of them as the sums have it.
  mlir::Value widen(mlir::Value x);
  mlir::VectorType vectorOf(mlir::Type element) { return mlir::VectorType::get({shape.lanes}, element); }

  void emitItem(mlir::Value item);
  void emitBlock(mlir::Value k0);
  void emitRows();

  // Pack.cpp
  void fillOffsetTable(mlir::Value table, const FlatOperand &operand, mlir::Value k0, mlir::Value kc);
  void packPanel(mlir::Value t);
  void packVector(mlir::Value at, mlir::Value panel);
  /// Offset of reduction step k of the block; null for 0.
  mlir::Value kOffset(const FlatOperand &operand, mlir::Value table, mlir::Value k);

  // Tile.cpp
  void emitTile(mlir::Value row, int64_t rows, mlir::Value t);
  llvm::SmallVector<mlir::Value> emitSums(llvm::ArrayRef<mlir::Value> initial, llvm::ArrayRef<mlir::Value> rowOffsets,
                                          int64_t rows, mlir::Value t, bool masked);
  void emitStores(mlir::Value row, int64_t rows, llvm::ArrayRef<mlir::Value> sums, bool masked);
  void emitRow(mlir::Value row, llvm::ArrayRef<mlir::Value> sums, bool masked, bool last);
  mlir::Value applyEpilogue(mlir::Value row, int64_t vector, mlir::Value sum, bool masked);
  /// The elements from `at` on for register `vector` of the tile's columns; only those inside the edge when masked.
  mlir::Value loadVector(mlir::Value flat, mlir::Value at, int64_t vector, bool masked);
  /// The first step's vectors of tile t of the group.
  llvm::SmallVector<mlir::Value> vectorStarts(mlir::Value t);
  mlir::Value column(int64_t vector) { return m.constant(vector * shape.lanes); }

  const Contraction &c;
  TileShape shape;

  // Values of the place that is being emitted.
  mlir::Value panelBuffer, columnTable, vectorTable, scalarTable, tileBuffer;
  mlir::Value tilesN, firstTile, panels, rowBegin, rowEnd, blockStart, blockSize, isFirst, isLast;
  mlir::Value vectorBase, scalarBase, outBase, firstColumn, validColumns;
  llvm::SmallVector<mlir::Value> extraBases;
};
} // namespace tensel

#endif // TENSEL_PASSES_KERNEL_CONTRACTIONEMITTER_H
