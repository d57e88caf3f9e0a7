// Dims and shape-like elements as expressions over the module's symbols: what infer-shapes refines types from, where
// task forming gets the host's dim arithmetic, and the memory plan its upper bounds.
#ifndef TENSEL_PASSES_GRAPH_SYMBOLICSHAPES_H
#define TENSEL_PASSES_GRAPH_SYMBOLICSHAPES_H

#include "dialects/graph/Graph.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace tensel {

/// Inclusive bounds of an integer; `infinity` stands for none.
struct Range {
  static constexpr int64_t infinity = int64_t(1) << 60;
  int64_t low = -infinity, high = infinity;
};

/// What an AffineSymbolExpr beyond the declared symbols stands for.
struct Unknown {
  enum Kind { Declared, TensorDim, Element, Count, Combined, Select, Scaled } kind = TensorDim;
  mlir::Value tensor;                              // TensorDim, Element: where it is read; Count: the tensor whose data decides
  int64_t index = 0;                               // TensorDim, Element
  graph::DimOp op = {};                            // Combined
  bool less = false;                               // Select
  llvm::SmallVector<mlir::AffineExpr, 4> operands; // Combined: a, b; Select: a, b, yes, no; Scaled: dim; Count: upper bound
  double scale = 1;                                // Scaled
  std::string tag;                                 // Count
  Range range;
};

class SymbolicShapes : public graph::ShapeContext {
public:
  explicit SymbolicShapes(mlir::ModuleOp module);

  /// Computes the dims of every value in the function, in program order. Reports ops that no shape fits.
  llvm::LogicalResult analyze(mlir::FunctionOpInterface func);

  /// The dims of a value (after analyze).
  llvm::ArrayRef<graph::Dim> dimsOf(mlir::Value value);
  mlir::AffineExpr toExpr(graph::Dim dim);
  graph::Dim toDim(mlir::AffineExpr expr);
  /// Elements of a small static integer tensor, if each follows from dims and constants without reading `value` itself.
  std::optional<llvm::SmallVector<graph::Dim>> knownElements(mlir::Value value);
  Range rangeOf(mlir::AffineExpr expr);

  /// An upper bound of the bytes of a value as a size expression; on failure `which` is the dim without a bound.
  llvm::LogicalResult boundBytes(mlir::Value value, llvm::SmallVectorImpl<int64_t> &size, int64_t &which);
  llvm::LogicalResult boundExpr(mlir::AffineExpr expr, llvm::SmallVectorImpl<int64_t> &size);

  unsigned numDeclared() const { return declared; }
  llvm::StringRef symbolName(unsigned i) const { return names[i]; }
  const Unknown &unknown(unsigned position) const { return unknowns[position]; }
  /// Values whose dims or elements are read at run time: they must exist outside of kernels.
  const llvm::DenseSet<mlir::Value> &readValues() const { return read; }

  graph::Dim dataDependent(mlir::Value operand, llvm::StringRef tag) override;
  graph::Dim scaled(graph::Dim dim, mlir::Value scales, int64_t index) override;

protected:
  graph::Dim unknownDim(mlir::Value tensor, int64_t index) override;
  graph::Dim unknownElement(mlir::Value tensor, int64_t index) override;
  graph::Dim combine(graph::DimOp op, graph::Dim a, graph::Dim b) override;
  graph::Dim combineSelect(bool less, graph::Dim a, graph::Dim b, graph::Dim yes, graph::Dim no) override;

private:
  llvm::LogicalResult analyzeBlock(mlir::Block &block);
  llvm::LogicalResult analyzeIf(graph::IfOp op);
  llvm::LogicalResult analyzeLoop(graph::LoopOp op);
  void setDims(mlir::Value value, llvm::ArrayRef<graph::Dim> dims);
  graph::Dim throughOps(mlir::Value tensor, int64_t index);
  graph::Dim elementwiseElement(mlir::Operation *op, int64_t index);
  std::optional<bool> compareElements(graph::CompareOp op, int64_t index);
  graph::Dim fresh(Unknown unknown);
  graph::Dim divide(mlir::AffineExpr a, mlir::AffineExpr b, bool up);

  mlir::MLIRContext *context;
  unsigned declared = 0;
  llvm::SmallVector<std::string> names;
  std::vector<Unknown> unknowns; // by symbol position
  llvm::StringMap<unsigned> positions;
  llvm::DenseMap<mlir::Value, graph::DimList> known;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, graph::Dim> elements;
  llvm::DenseMap<mlir::AffineExpr, Range> ranges;
  llvm::DenseSet<mlir::Value> read;
};

} // namespace tensel
#endif // TENSEL_PASSES_GRAPH_SYMBOLICSHAPES_H
