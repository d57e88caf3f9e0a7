// Grows a graph op by op: what inference or the reference refuses is taken back, so that a generator may ask for anything.
#ifndef TENSEL_TESTS_FUZZ_GRAPHS_BUILDER_H
#define TENSEL_TESTS_FUZZ_GRAPHS_BUILDER_H

#include "tests/fuzz/graphs/Graph.h"
#include <random>

namespace tensel::fuzz {

using reference::Kind;
using reference::Tensor;
using Dims = llvm::SmallVector<int64_t>;

/// A value of the graph and what it is for the graph's inputs.
struct Known {
  mlir::Value value;
  Tensor tensor;
};

class GraphBuilder {
public:
  GraphBuilder(mlir::MLIRContext &context, uint64_t seed);

  // Random choices.
  int64_t below(int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(std::max<int64_t>(n, 1))); }
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  bool chance(double probability) { return static_cast<double>(random() >> 11) * 0x1p-53 < probability; }
  template <typename T>
  T pick(llvm::ArrayRef<T> choices) {
    return choices[below(choices.size())];
  }
  Kind anyKind();
  Kind anyFloat();
  int64_t anyDim();
  Dims anyDims(int64_t least, int64_t most);

  /// Appends an op, infers its result types and evaluates it. Nothing where it is refused or too large.
  std::optional<llvm::SmallVector<Known>> add(llvm::StringRef name, llvm::ArrayRef<Known> operands,
                                              llvm::ArrayRef<mlir::NamedAttribute> attributes = {}, unsigned results = 1);
  /// An input, a constant or a weight with random elements.
  Known leaf(Kind kind, llvm::ArrayRef<int64_t> dims);
  Known finiteLeaf(Kind kind, llvm::ArrayRef<int64_t> dims);
  /// The same with given elements.
  Known leafOf(Tensor tensor);
  Known constant(const Tensor &tensor);
  Known weight(const Tensor &tensor);
  Known input(const Tensor &tensor);
  Known shape(llvm::ArrayRef<int64_t> elements) {
    return constant(Tensor::of(Kind::I64, {static_cast<int64_t>(elements.size())}, elements));
  }
  /// A value of the pool that fits, or nothing.
  std::optional<Known> find(llvm::function_ref<bool(const Tensor &)> fits);
  /// A value of the pool, or a leaf.
  Known some(llvm::function_ref<bool(const Tensor &)> fits, llvm::function_ref<Known()> otherwise);

  mlir::NamedAttribute attr(llvm::StringRef name, mlir::Attribute value) { return b.getNamedAttr(name, value); }
  mlir::NamedAttribute i64(llvm::StringRef name, int64_t value) { return attr(name, b.getI64IntegerAttr(value)); }
  mlir::NamedAttribute flag(llvm::StringRef name, bool value) { return attr(name, b.getBoolAttr(value)); }
  mlir::NamedAttribute f64(llvm::StringRef name, double value) { return attr(name, b.getF64FloatAttr(value)); }
  mlir::NamedAttribute list(llvm::StringRef name, llvm::ArrayRef<int64_t> values) {
    return attr(name, b.getDenseI64ArrayAttr(values));
  }
  mlir::Type type(Kind kind) { return reference::typeOf(kind, b.getContext()); }

  /// Returns values of the pool from the function.
  Graph finish();

  mlir::OpBuilder b;
  llvm::SmallVector<Known> pool;

private:
  Tensor randomTensor(Kind kind, llvm::ArrayRef<int64_t> dims, int64_t profile);
  double randomFloat(Kind kind, int64_t profile);

  std::mt19937_64 random;
  Graph graph;
  mlir::func::FuncOp function;
  std::optional<int64_t> symbolSize; // of the dim "N"
  WeightResolver weights;
  int64_t weightCount = 0;
};

/// One random op on values of the pool; may add none.
void addRandomOp(GraphBuilder &g);
/// Of the families that Generator.cpp has no room for: products, windows, normalizations, attention, control flow.
void addStructuredOp(GraphBuilder &g);

} // namespace tensel::fuzz
#endif // TENSEL_TESTS_FUZZ_GRAPHS_BUILDER_H
