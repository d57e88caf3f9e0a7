// Checked graph ops; see Writer.h.
#include "frontend/llm/builder/Writer.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::llm;

void Writer::fail(const Twine &message) {
  if (error.empty())
    error = message.str();
}

llvm::SmallVector<Value> Writer::finish(OperationState &state, LogicalResult inferred, ArrayRef<Type> types, unsigned results) {
  if (mlir::failed(inferred) || types.size() != results) {
    std::string shapes;
    llvm::raw_string_ostream stream(shapes);
    llvm::interleaveComma(state.operands, stream, [&](Value operand) { stream << operand.getType(); });
    std::string place;
    llvm::raw_string_ostream(place) << loc;
    fail("no result shape of " + state.name.getStringRef() + " fits the operands (" + shapes + ") in " + place);
    return SmallVector<Value>(results, poison());
  }
  state.types.assign(types.begin(), types.end());
  return SmallVector<Value>(b.create(state)->getResults());
}

int64_t Writer::dim(Value x, int64_t i) {
  return i < 0 || i >= rank(x) || type(x).isDynamicDim(i) ? ShapedType::kDynamic : type(x).getDimSize(i);
}

Value Writer::floats(ArrayRef<double> values) {
  SmallVector<float> narrow(values.begin(), values.end());
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, b.getF32Type());
  return graph::ConstantOp::create(b, loc, DenseElementsAttr::get(type, ArrayRef<float>(narrow)));
}

Value Writer::slice(Value x, int64_t axis, int64_t start, int64_t end, int64_t step) {
  return make<graph::SliceOp>(x, shape({start}), shape({end}), shape({step}), ArrayRef<int64_t>{axis});
}

Value Writer::dimOf(Value x, int64_t i) {
  int64_t known = dim(x, i);
  return known >= 0 ? shape({known}) : slice(shapeOf(x), 0, i, i + 1);
}
