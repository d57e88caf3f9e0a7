// The vocabulary of handlers; see Node.h.
#include "frontend/onnx/import/GraphImporter.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;

Node::Node(GraphImporter &importer, const NodeProto &proto, Scope &scope)
    : importer(importer), proto(proto), scope(scope), b(importer.b), loc(importer.locationOf(proto, scope)),
      version(importer.opsetOf(proto.domain, scope)) {
  for (std::string_view name : proto.inputs) {
    Value value = name.empty() ? Value() : scope.find(toRef(name));
    if (!name.empty() && !value)
      (void)fail("input '" + toRef(name) + "' is not defined before it is used");
    inputs.push_back(value);
  }
}

LogicalResult Node::fail(const Twine &message) {
  if (!hasFailed)
    (void)importer.fail(
        "node '" + toRef(proto.name) + "' (" + toRef(proto.opType) +
        (proto.name.empty() && !proto.outputs.empty() ? ", output '" + toRef(proto.outputs[0]) + "'" : std::string()) +
        "): " + message);
  hasFailed = true;
  return failure();
}

Value Node::poison() {
  return graph::ConstantOp::create(b, loc, DenseElementsAttr::get(RankedTensorType::get({}, b.getF32Type()), 0.0f));
}

Value Node::in(unsigned i) {
  if (has(i))
    return inputs[i];
  (void)fail("input " + Twine(i) + " is missing");
  return poison();
}

void Node::set(unsigned i, Value value) {
  if (!wants(i) || failed())
    return;
  // What is known now is a constant from here on, so that later shapes are static.
  auto tensor = type(value);
  if (!value.getDefiningOp<graph::ConstantOp>() && tensor.getRank() <= 1 && isa<IntegerType>(tensor.getElementType()))
    if (std::optional<Ints> ints = known(value); ints && ints->size() <= 64) {
      auto element = llvm::cast<IntegerType>(tensor.getElementType());
      SmallVector<APInt> words;
      for (int64_t word : *ints)
        words.push_back(APInt(element.getWidth(), static_cast<uint64_t>(word), false, true));
      value = constant(DenseElementsAttr::get(
          RankedTensorType::get(tensor.getRank() ? ArrayRef<int64_t>{int64_t(words.size())} : ArrayRef<int64_t>{}, element),
          words));
    }
  scope.values[toRef(proto.outputs[i])] = value;
}

const AttributeProto *Node::attr(StringRef name) const {
  for (const AttributeProto &attribute : proto.attributes)
    if (toRef(attribute.name) == name)
      return importer.resolve(attribute, scope);
  return nullptr;
}

int64_t Node::intAttr(StringRef name, int64_t fallback) const {
  const AttributeProto *found = attr(name);
  return found ? found->i : fallback;
}

double Node::floatAttr(StringRef name, double fallback) const {
  const AttributeProto *found = attr(name);
  return found ? static_cast<double>(found->f) : static_cast<double>(static_cast<float>(fallback));
}

StringRef Node::stringAttr(StringRef name, StringRef fallback) const {
  const AttributeProto *found = attr(name);
  return found ? toRef(found->s) : fallback;
}

Ints Node::intsAttr(StringRef name, ArrayRef<int64_t> fallback) const {
  const AttributeProto *found = attr(name);
  return found ? Ints(found->ints.begin(), found->ints.end()) : Ints(fallback);
}

SmallVector<double> Node::floatsAttr(StringRef name) const {
  const AttributeProto *found = attr(name);
  return found ? SmallVector<double>(found->floats.begin(), found->floats.end()) : SmallVector<double>();
}

Type Node::typeAttr(StringRef name, Type fallback) {
  const AttributeProto *found = attr(name);
  if (!found)
    return fallback;
  Type result = importer.elementType(static_cast<DataType>(found->i));
  if (!result) {
    (void)fail(Twine("element type ") + dataTypeName(static_cast<DataType>(found->i)) + " is not supported");
    return f32();
  }
  return result;
}

const GraphProto *Node::graphAttr(StringRef name) {
  const AttributeProto *found = attr(name);
  if (found && !found->graphs.empty())
    return &found->graphs[0];
  (void)fail("attribute '" + name + "' is missing, expected a graph");
  return nullptr;
}

RankedTensorType Node::type(Value v) { return llvm::cast<RankedTensorType>(v.getType()); }

int64_t Node::dim(Value v, int64_t i) {
  auto tensor = type(v);
  return i < 0 || i >= tensor.getRank() || tensor.isDynamicDim(static_cast<unsigned>(i))
             ? ShapedType::kDynamic
             : tensor.getDimSize(static_cast<unsigned>(i));
}

int64_t Node::axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    (void)fail("axis " + Twine(axis) + " is outside of rank " + Twine(rank));
    return 0;
  }
  return axis < 0 ? axis + rank : axis;
}

Ints Node::axes(ArrayRef<int64_t> values, int64_t rank) {
  Ints result;
  for (int64_t value : values)
    result.push_back(axis(value, rank));
  llvm::sort(result);
  if (std::adjacent_find(result.begin(), result.end()) != result.end())
    (void)fail("axes repeat one");
  return result;
}

Value Node::constant(DenseElementsAttr value) { return graph::ConstantOp::create(b, loc, value); }

static DenseElementsAttr splat(RankedTensorType type, double number) {
  Type element = type.getElementType();
  if (auto floating = dyn_cast<FloatType>(element))
    return DenseElementsAttr::get(type, FloatAttr::get(floating, number));
  auto integer = cast<IntegerType>(element);
  // 2^64 - 1 and the like do not fit a double's way to int64_t.
  uint64_t word = number < 0 ? static_cast<uint64_t>(static_cast<int64_t>(number)) : static_cast<uint64_t>(number);
  return DenseElementsAttr::get(type, APInt(integer.getWidth(), word, false, true));
}

Value Node::scalar(Type element, double number) { return constant(splat(RankedTensorType::get({}, element), number)); }

Value Node::shape(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, b.getI64Type());
  return constant(DenseElementsAttr::get(type, values));
}

Value Node::floats(ArrayRef<double> values, Type element) {
  SmallVector<Attribute> attributes;
  for (double value : values)
    attributes.push_back(FloatAttr::get(element, value));
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, element);
  return constant(DenseElementsAttr::get(type, attributes));
}

Value Node::tensor(const TensorProto &tensor) {
  Value value = importer.importTensor(tensor, loc);
  if (value)
    return value;
  hasFailed = true;
  return poison();
}

std::optional<Ints> Node::known(Value v) {
  auto partial = evaluateInts(v, importer.intCache);
  if (!partial)
    return std::nullopt;
  Ints result;
  for (std::optional<int64_t> value : *partial) {
    if (!value)
      return std::nullopt;
    result.push_back(*value);
  }
  return result;
}

std::optional<Ints> Node::knownOrGiven(Value v) {
  if (std::optional<Ints> ints = known(v))
    return ints;
  return importer.givenInts(v);
}

Ints Node::constantInts(unsigned i, StringRef what) {
  if (std::optional<Ints> ints = knownOrGiven(in(i)))
    return *ints;
  (void)fail("input " + Twine(i) + " (" + what + ") is computed at run time, expected a constant");
  return {};
}

std::optional<SmallVector<double>> Node::knownFloats(Value v) {
  auto op = v.getDefiningOp<graph::ConstantOp>();
  auto dense = op ? dyn_cast<DenseFPElementsAttr>(op.getValue()) : DenseFPElementsAttr();
  if (!dense || dense.getNumElements() > 4096)
    return std::nullopt;
  SmallVector<double> result;
  for (const APFloat &value : dense.getValues<APFloat>())
    result.push_back(FloatAttr::getValueAsDouble(value));
  return result;
}

SmallVector<Value> Node::finish(OperationState &state, LogicalResult inferred, ArrayRef<Type> types, unsigned count) {
  if (mlir::failed(inferred) || types.size() != count) {
    std::string shapes;
    llvm::raw_string_ostream stream(shapes);
    llvm::interleaveComma(state.operands, stream, [&](Value v) { stream << v.getType(); });
    (void)fail("no result shape of " + state.name.getStringRef() + " fits the operands (" + shapes + ")");
    return SmallVector<Value>(count, poison());
  }
  state.types.assign(types.begin(), types.end());
  Operation *op = b.create(state);
  return SmallVector<Value>(op->getResults());
}

Value Node::compare(graph::ComparePredicate predicate, Operand x, Operand y) {
  Value some = x.value ? x.value : y.value;
  return make<graph::CompareOp>(predicate, x.value ? x.value : like(some, x.number), y.value ? y.value : like(some, y.number));
}

Value Node::select(Value condition, Operand x, Operand y) {
  Value some = x.value ? x.value : y.value;
  return make<graph::SelectOp>(condition, x.value ? x.value : like(some, x.number), y.value ? y.value : like(some, y.number));
}

Value Node::cast(Value x, Type element) { return elem(x) == element ? x : make<graph::CastOp>(x, element); }

Value Node::reduce(graph::ReduceKind kind, Value x, ArrayRef<int64_t> axes, bool keepDims) {
  return make<graph::ReduceOp>(kind, x, axes, keepDims);
}

Value Node::matmul(Value x, Value y, bool tx, bool ty) { return make<graph::MatmulOp>(x, y, tx, ty); }

Value Node::transpose(Value x, ArrayRef<int64_t> permutation) {
  bool identity = true;
  for (size_t i = 0; i < permutation.size(); ++i)
    identity &= permutation[i] == static_cast<int64_t>(i);
  return identity ? x : make<graph::TransposeOp>(x, permutation);
}

Value Node::reshape(Value x, ArrayRef<int64_t> to) { return reshapeTo(x, shape(to)); }

Value Node::checkShape(Value shape) {
  if (rank(shape) <= 1)
    if (std::optional<Ints> given = importer.givenInts(shape))
      return this->shape(*given);
  if (!isa<IntegerType>(elem(shape)) || rank(shape) > 1)
    (void)fail("expected a 1-D integer tensor for a shape");
  else if (rank(shape) == 1 && !isStatic(shape, 0))
    (void)fail("the rank of the result is computed at run time, expected a shape of known length");
  if (failed())
    return poison();
  return cast(rank(shape) == 0 ? unsqueeze(shape, {0}) : shape, i64());
}

Value Node::reshapeTo(Value x, Value shape, bool allowZero) {
  shape = checkShape(shape);
  return make<graph::ReshapeOp>(x, shape, allowZero);
}

Value Node::unsqueeze(Value x, ArrayRef<int64_t> axes) { return axes.empty() ? x : make<graph::UnsqueezeOp>(x, axes); }

Value Node::squeeze(Value x, ArrayRef<int64_t> axes) { return axes.empty() ? x : make<graph::SqueezeOp>(x, axes); }

Value Node::concat(ArrayRef<Value> values, int64_t axis) {
  return values.size() == 1 ? values[0] : make<graph::ConcatOp>(ValueRange(values), axis);
}

Value Node::expand(Value x, Value shape) {
  shape = checkShape(shape);
  return make<graph::ExpandOp>(x, shape);
}

Value Node::shapeOf(Value x) {
  if (type(x).hasStaticShape())
    return shape(type(x).getShape());
  return make<graph::ShapeOfOp>(x);
}

Value Node::dimOf(Value x, int64_t i) {
  if (isStatic(x, i))
    return shape({dim(x, i)});
  return slice(shapeOf(x), 0, i, i + 1);
}

Value Node::slice(Value x, int64_t axis, int64_t start, int64_t end, int64_t step) {
  return make<graph::SliceOp>(x, shape({start}), shape({end}), shape({step}), ArrayRef<int64_t>{axis});
}

Value Node::pad(Value x, ArrayRef<int64_t> low, ArrayRef<int64_t> high, Value value) {
  Ints pads(low);
  pads.append(high.begin(), high.end());
  if (llvm::all_of(pads, [](int64_t p) { return p == 0; }))
    return x;
  return make<graph::PadOp>(graph::PadMode::constant, x, shape(pads), value);
}

Value Node::iota(Value shape, int64_t axis, Type element) { return make<graph::IotaOp>(shape, axis, element); }

Value Node::shapeFrom(ArrayRef<Value> pieces) {
  Value joined = concat(pieces, 0);
  if (std::optional<Ints> ints = known(joined))
    return shape(*ints);
  return joined;
}
