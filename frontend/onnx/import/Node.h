// One ONNX node while it is imported: its inputs, attributes and outputs, and
// the vocabulary in which handlers build graph ops. A failing step records the
// node's first error and hands out a placeholder, so handlers read straight
// through and need no checks in between.
#ifndef TENSEL_FRONTEND_ONNX_IMPORT_NODE_H
#define TENSEL_FRONTEND_ONNX_IMPORT_NODE_H

#include "dialects/graph/Graph.h"
#include "frontend/onnx/Model.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/StringMap.h"

namespace tensel::onnx {

class GraphImporter;
struct Scope;

/// An op input: a value, or a number that takes the other operand's element type.
struct Operand {
  mlir::Value value;
  double number = 0;
  Operand(mlir::Value value) : value(value) {}
  template <typename Op, typename = std::enable_if_t<std::is_base_of_v<mlir::OpState, Op>>>
  Operand(Op op) : value(op->getResult(0)) {}
  Operand(double number) : number(number) {}
  Operand(int number) : number(number) {}
};

using Ints = llvm::SmallVector<int64_t>;
/// from, from + 1, ... before to; nothing when to is not after from.
inline Ints range(int64_t from, int64_t to) { return from < to ? llvm::to_vector(llvm::seq<int64_t>(from, to)) : Ints(); }
/// Integers of a small tensor, each known or not.
using PartialInts = llvm::SmallVector<std::optional<int64_t>>;

class Node {
public:
  Node(GraphImporter &importer, const NodeProto &proto, Scope &scope);

  llvm::StringRef opType() const { return {proto.opType.data(), proto.opType.size()}; }
  /// Version of the node's domain that the model (or function) imports.
  int64_t opset() const { return version; }

  // Inputs and outputs. An input that is left out is `has(i) == false`.
  unsigned numInputs() const { return static_cast<unsigned>(inputs.size()); }
  unsigned numOutputs() const { return static_cast<unsigned>(proto.outputs.size()); }
  bool has(unsigned i) const { return i < inputs.size() && inputs[i]; }
  bool wants(unsigned i) const { return i < proto.outputs.size() && !proto.outputs[i].empty(); }
  mlir::Value in(unsigned i);
  mlir::Value inOr(unsigned i, mlir::Value fallback) { return has(i) ? inputs[i] : fallback; }
  void set(unsigned i, mlir::Value value);

  // Attributes, with what ONNX takes when they are absent.
  const AttributeProto *attr(llvm::StringRef name) const;
  bool hasAttr(llvm::StringRef name) const { return attr(name) != nullptr; }
  int64_t intAttr(llvm::StringRef name, int64_t fallback) const;
  double floatAttr(llvm::StringRef name, double fallback) const;
  llvm::StringRef stringAttr(llvm::StringRef name, llvm::StringRef fallback) const;
  Ints intsAttr(llvm::StringRef name, llvm::ArrayRef<int64_t> fallback = {}) const;
  llvm::SmallVector<double> floatsAttr(llvm::StringRef name) const;
  /// The element type that an integer attribute such as Cast's `to` names.
  mlir::Type typeAttr(llvm::StringRef name, mlir::Type fallback = {});
  const GraphProto *graphAttr(llvm::StringRef name);

  /// Records an error that names the node; always failure.
  llvm::LogicalResult fail(const llvm::Twine &message);
  bool failed() const { return hasFailed; }
  mlir::Value poison();

  // Types. Safe on placeholders: a dim that is not there is dynamic.
  static mlir::RankedTensorType type(mlir::Value v);
  static int64_t rank(mlir::Value v) { return type(v).getRank(); }
  static int64_t dim(mlir::Value v, int64_t i);
  static bool isStatic(mlir::Value v, int64_t i) { return dim(v, i) >= 0; }
  static mlir::Type elem(mlir::Value v) { return type(v).getElementType(); }
  static bool isFloat(mlir::Value v) { return llvm::isa<mlir::FloatType>(elem(v)); }
  static bool isBool(mlir::Value v) { return elem(v).isInteger(1); }
  static bool isUnsigned(mlir::Value v) { return elem(v).isUnsignedInteger(); }
  /// `axis` counted from the front; an error when outside of [-rank, rank).
  int64_t axis(int64_t axis, int64_t rank);
  /// All of `axes` from the front, sorted; an error on repeats.
  Ints axes(llvm::ArrayRef<int64_t> axes, int64_t rank);
  mlir::Type f32() { return b.getF32Type(); }
  mlir::Type i64() { return b.getI64Type(); }

  // Constants.
  mlir::Value constant(mlir::DenseElementsAttr value);
  mlir::Value scalar(mlir::Type element, double number);
  mlir::Value like(mlir::Value v, double number) { return scalar(elem(v), number); }
  mlir::Value shape(llvm::ArrayRef<int64_t> values);
  mlir::Value floats(llvm::ArrayRef<double> values, mlir::Type element);
  mlir::Value tensor(const TensorProto &proto);
  /// The integers of `v` when they are all known at import; flat.
  std::optional<Ints> known(mlir::Value v);
  /// The same, and also the value that the program is compiled for when `v` is such an input.
  std::optional<Ints> knownOrGiven(mlir::Value v);
  /// The same for an input that must be constant: an error names it.
  Ints constantInts(unsigned i, llvm::StringRef what);
  std::optional<llvm::SmallVector<double>> knownFloats(mlir::Value v);

  // Graph ops. Result types are inferred; a shape that does not fit is an error.
  template <typename Op, typename... Args>
  llvm::SmallVector<mlir::Value> makeAll(Args &&...args) {
    if (failed())
      return llvm::SmallVector<mlir::Value>(resultsOf<Op>(), poison());
    mlir::OperationState state(loc, Op::getOperationName());
    llvm::SmallVector<mlir::Type> types(resultsOf<Op>(), b.getNoneType());
    Op::build(b, state, mlir::TypeRange(types), std::forward<Args>(args)...);
    types.clear();
    auto inferred = Op::inferReturnTypes(b.getContext(), loc, state.operands, state.attributes.getDictionary(b.getContext()),
                                         state.getRawProperties(), {}, types);
    return finish(state, inferred, types, resultsOf<Op>());
  }
  template <typename Op, typename... Args>
  mlir::Value make(Args &&...args) {
    return makeAll<Op>(std::forward<Args>(args)...)[0];
  }
  template <typename Op>
  mlir::Value binary(Operand lhs, Operand rhs) {
    mlir::Value some = lhs.value ? lhs.value : rhs.value;
    mlir::Value left = lhs.value ? lhs.value : like(some, lhs.number);
    return make<Op>(left, rhs.value ? rhs.value : like(some, rhs.number));
  }
  mlir::Value add(Operand x, Operand y) { return binary<graph::AddOp>(x, y); }
  mlir::Value sub(Operand x, Operand y) { return binary<graph::SubOp>(x, y); }
  mlir::Value mul(Operand x, Operand y) { return binary<graph::MulOp>(x, y); }
  mlir::Value div(Operand x, Operand y) { return binary<graph::DivOp>(x, y); }
  mlir::Value max(Operand x, Operand y) { return binary<graph::MaxOp>(x, y); }
  mlir::Value min(Operand x, Operand y) { return binary<graph::MinOp>(x, y); }
  mlir::Value pow(Operand x, Operand y) { return binary<graph::PowOp>(x, y); }
  mlir::Value exp(mlir::Value x) { return make<graph::ExpOp>(x); }
  mlir::Value log(mlir::Value x) { return make<graph::LogOp>(x); }
  mlir::Value sqrt(mlir::Value x) { return make<graph::SqrtOp>(x); }
  mlir::Value neg(mlir::Value x) { return make<graph::NegOp>(x); }
  mlir::Value abs(mlir::Value x) { return make<graph::AbsOp>(x); }
  mlir::Value tanh(mlir::Value x) { return make<graph::TanhOp>(x); }
  mlir::Value sigmoid(mlir::Value x) { return make<graph::SigmoidOp>(x); }
  mlir::Value compare(graph::ComparePredicate predicate, Operand x, Operand y);
  mlir::Value select(mlir::Value condition, Operand x, Operand y);
  mlir::Value cast(mlir::Value x, mlir::Type element);
  mlir::Value clamp(mlir::Value x, Operand low, Operand high) { return min(max(x, low), high); }
  mlir::Value reduce(graph::ReduceKind kind, mlir::Value x, llvm::ArrayRef<int64_t> axes, bool keepDims);
  mlir::Value matmul(mlir::Value x, mlir::Value y, bool tx = false, bool ty = false);
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation);
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value reshapeTo(mlir::Value x, mlir::Value shape, bool allowZero = false);
  /// `shape` as a 1-D i64 tensor of known length, or an error.
  mlir::Value checkShape(mlir::Value shape);
  mlir::Value unsqueeze(mlir::Value x, llvm::ArrayRef<int64_t> axes);
  mlir::Value squeeze(mlir::Value x, llvm::ArrayRef<int64_t> axes);
  mlir::Value concat(llvm::ArrayRef<mlir::Value> values, int64_t axis);
  mlir::Value expand(mlir::Value x, mlir::Value shape);
  mlir::Value shapeOf(mlir::Value x);
  /// Dim `i` as a 1-D tensor of one element; a constant when it is static.
  mlir::Value dimOf(mlir::Value x, int64_t i);
  /// Elements [start, end) along one axis, by numbers.
  mlir::Value slice(mlir::Value x, int64_t axis, int64_t start, int64_t end, int64_t step = 1);
  mlir::Value pad(mlir::Value x, llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high, mlir::Value value);
  mlir::Value iota(mlir::Value shape, int64_t axis, mlir::Type element);
  /// 1-D tensors joined; pieces of a shape.
  mlir::Value shapeFrom(llvm::ArrayRef<mlir::Value> pieces);
  /// 0-D from a tensor of one element.
  mlir::Value toScalar(mlir::Value x) { return rank(x) == 0 ? x : reshape(x, {}); }
  mlir::Value zeros(mlir::Value shape, mlir::Type element) { return expand(scalar(element, 0), shape); }

  GraphImporter &importer;
  const NodeProto &proto;
  Scope &scope;
  mlir::OpBuilder &b;
  mlir::Location loc;

private:
  template <typename Op>
  static constexpr unsigned resultsOf() {
    if constexpr (std::is_same_v<Op, graph::TopKOp>)
      return 2;
    return 1;
  }
  llvm::SmallVector<mlir::Value> finish(mlir::OperationState &state, llvm::LogicalResult inferred,
                                        llvm::ArrayRef<mlir::Type> types, unsigned count);
  llvm::SmallVector<mlir::Value> inputs;
  int64_t version = 0;
  bool hasFailed = false;
};

using Handler = llvm::LogicalResult (*)(Node &);
/// Keyed by op type, or "domain::op type" outside of the default domain.
using HandlerTable = llvm::StringMap<Handler>;

/// Integers of small tensors as far as import can tell: constants, static dims
/// and the shape arithmetic over them. Nothing when `v` is not small or not integer.
std::optional<PartialInts> evaluateInts(mlir::Value v, llvm::DenseMap<mlir::Value, PartialInts> &cache);

void addElementwise(HandlerTable &table);
void addActivations(HandlerTable &table);
void addReductions(HandlerTable &table);
void addContractions(HandlerTable &table);
void addWindows(HandlerTable &table);
void addNormalizations(HandlerTable &table);
void addMovement(HandlerTable &table);
void addGathers(HandlerTable &table);
void addControl(HandlerTable &table);
void addRecurrent(HandlerTable &table);
void addQuantized(HandlerTable &table);
void addLosses(HandlerTable &table);
void addAttention(HandlerTable &table);
void addSignal(HandlerTable &table);
void addEinsum(HandlerTable &table);
void addResize(HandlerTable &table);
void addGridSample(HandlerTable &table);
void addMisc(HandlerTable &table);

} // namespace tensel::onnx

#endif // TENSEL_FRONTEND_ONNX_IMPORT_NODE_H
