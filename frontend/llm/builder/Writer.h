// Graph ops with checked shapes: a step that fits no shape records the first error and hands out a placeholder, so that
// whoever builds a model reads straight through and needs no checks in between.
#ifndef TENSEL_FRONTEND_LLM_BUILDER_WRITER_H
#define TENSEL_FRONTEND_LLM_BUILDER_WRITER_H

#include "dialects/graph/Graph.h"

#include "mlir/IR/Builders.h"

namespace tensel::llm {

using mlir::Value;
using Ints = llvm::SmallVector<int64_t>;

class Writer {
public:
  Writer(mlir::MLIRContext *context) : b(context), loc(mlir::UnknownLoc::get(context)) {}

  void fail(const llvm::Twine &message);
  bool failed() const { return !error.empty(); }
  Value poison() { return graph::makeScalar(b, loc, b.getF32Type(), 0); }

  template <typename Op, typename... Args>
  Value make(Args &&...args) {
    return makeAll<Op>(1, std::forward<Args>(args)...)[0];
  }
  template <typename Op, typename... Args>
  llvm::SmallVector<Value> makeAll(unsigned results, Args &&...args) {
    if (failed())
      return llvm::SmallVector<Value>(results, poison());
    mlir::OperationState state(loc, Op::getOperationName());
    llvm::SmallVector<mlir::Type> types(results, b.getNoneType());
    Op::build(b, state, mlir::TypeRange(types), std::forward<Args>(args)...);
    types.clear();
    auto inferred = Op::inferReturnTypes(b.getContext(), loc, state.operands, state.attributes.getDictionary(b.getContext()),
                                         state.getRawProperties(), {}, types);
    return finish(state, inferred, types, results);
  }

  // Types. Safe on placeholders.
  static mlir::RankedTensorType type(Value x) { return llvm::cast<mlir::RankedTensorType>(x.getType()); }
  static int64_t rank(Value x) { return type(x).getRank(); }
  static int64_t dim(Value x, int64_t i);
  mlir::Type f32() { return b.getF32Type(); }
  mlir::Type i64() { return b.getI64Type(); }

  // Constants.
  Value number(double value) { return graph::makeScalar(b, loc, f32(), value); }
  Value integer(int64_t value) { return graph::makeScalar(b, loc, i64(), static_cast<double>(value)); }
  Value floats(llvm::ArrayRef<double> values);
  Value shape(llvm::ArrayRef<int64_t> values) { return graph::makeShape(b, loc, values); }

  // Ops.
  Value add(Value x, Value y) { return make<graph::AddOp>(x, y); }
  Value sub(Value x, Value y) { return make<graph::SubOp>(x, y); }
  Value mul(Value x, Value y) { return make<graph::MulOp>(x, y); }
  Value div(Value x, Value y) { return make<graph::DivOp>(x, y); }
  Value cast(Value x, mlir::Type to) { return graph::elementTypeOf(x) == to ? x : make<graph::CastOp>(x, to); }
  Value compare(graph::ComparePredicate predicate, Value x, Value y) { return make<graph::CompareOp>(predicate, x, y); }
  Value select(Value condition, Value x, Value y) { return make<graph::SelectOp>(condition, x, y); }
  Value matmul(Value x, Value y, bool transposeRight = false) { return make<graph::MatmulOp>(x, y, false, transposeRight); }
  Value reduce(graph::ReduceKind kind, Value x, int64_t axis, bool keep = true) {
    return make<graph::ReduceOp>(kind, x, llvm::ArrayRef<int64_t>{axis}, keep);
  }
  Value softmax(Value x, int64_t axis) { return make<graph::SoftmaxOp>(x, axis); }
  Value gather(Value data, Value indices, int64_t axis = 0) { return make<graph::GatherOp>(data, indices, axis); }
  /// 0 copies the dim of x, one -1 is computed.
  Value reshape(Value x, llvm::ArrayRef<int64_t> to) { return make<graph::ReshapeOp>(x, shape(to), false); }
  Value transpose(Value x, llvm::ArrayRef<int64_t> permutation) { return make<graph::TransposeOp>(x, permutation); }
  Value unsqueeze(Value x, llvm::ArrayRef<int64_t> axes) { return make<graph::UnsqueezeOp>(x, axes); }
  Value squeeze(Value x, llvm::ArrayRef<int64_t> axes) { return make<graph::SqueezeOp>(x, axes); }
  Value concat(llvm::ArrayRef<Value> values, int64_t axis) { return make<graph::ConcatOp>(mlir::ValueRange(values), axis); }
  /// Elements start, start + step, ... before end along one axis.
  Value slice(Value x, int64_t axis, int64_t start, int64_t end, int64_t step = 1);
  Value expand(Value x, Value shape) { return make<graph::ExpandOp>(x, shape); }
  Value shapeOf(Value x) { return make<graph::ShapeOfOp>(x); }
  /// Dim i as a 1-D tensor of one element.
  Value dimOf(Value x, int64_t i);
  /// 0, 1, ... up to a length given as a 1-D tensor of one element.
  Value count(Value length) { return make<graph::IotaOp>(length, 0, i64()); }

  mlir::OpBuilder b;
  mlir::Location loc;
  std::string error;

private:
  llvm::SmallVector<Value> finish(mlir::OperationState &state, llvm::LogicalResult inferred, llvm::ArrayRef<mlir::Type> types,
                                  unsigned results);
};

} // namespace tensel::llm

#endif // TENSEL_FRONTEND_LLM_BUILDER_WRITER_H
