// Folding of dims and the static algebra: what follows from static dims and constants alone.
#include "dialects/graph/Graph.h"

#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tensel::graph;

Type tensel::graph::elementTypeOf(Value value) { return getElementTypeOrSelf(value.getType()); }

int64_t tensel::graph::rankOf(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }

bool tensel::graph::isHalf(Type elementType) { return elementType.isF16() || elementType.isBF16(); }

/// Whether the integer fits int64_t as its type reads it (unsigned or signed).
static int64_t asInt64(const APInt &value, bool isUnsigned) {
  return isUnsigned ? static_cast<int64_t>(value.getLimitedValue(INT64_MAX)) : value.getSExtValue();
}

std::optional<SmallVector<int64_t>> tensel::graph::getConstantInts(Value value) {
  if (!value)
    return std::nullopt;
  ElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)) || !attr.getElementType().isInteger() || attr.getNumElements() > 1024)
    return std::nullopt;
  auto dense = dyn_cast<DenseIntElementsAttr>(attr);
  if (!dense)
    return std::nullopt;
  bool isUnsigned = attr.getElementType().isUnsignedInteger() || attr.getElementType().isInteger(1);
  SmallVector<int64_t> ints;
  for (APInt element : dense.getValues<APInt>())
    ints.push_back(asInt64(element, isUnsigned));
  return ints;
}

Dim ShapeContext::dim(Value tensor, int64_t index) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(index))
    return type.getDimSize(index);
  return unknownDim(tensor, index);
}

DimList ShapeContext::dims(Value tensor) {
  DimList list;
  for (int64_t i = 0, rank = cast<RankedTensorType>(tensor.getType()).getRank(); i < rank; ++i)
    list.push_back(dim(tensor, i));
  return list;
}

Dim ShapeContext::element(Value tensor, int64_t index) {
  if (auto ints = getConstantInts(tensor))
    return index < static_cast<int64_t>(ints->size()) ? Dim((*ints)[index]) : Dim();
  return unknownElement(tensor, index);
}

Dim ShapeContext::product(ArrayRef<Dim> dims) {
  Dim result = 1;
  for (Dim dim : dims)
    result = mul(result, dim);
  return result;
}

LogicalResult ShapeContext::fail(const Twine &message) {
  error = message.str();
  return failure();
}

/// Both constants: the value, or unknown where it overflows.
static Dim evaluate(DimOp op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
  case DimOp::add:
    return __builtin_add_overflow(a, b, &result) ? Dim() : Dim(result);
  case DimOp::sub:
    return __builtin_sub_overflow(a, b, &result) ? Dim() : Dim(result);
  case DimOp::mul:
    return __builtin_mul_overflow(a, b, &result) ? Dim() : Dim(result);
  case DimOp::floorDiv:
    return b <= 0 ? Dim() : Dim(llvm::divideFloorSigned(a, b));
  case DimOp::ceilDiv:
    return b <= 0 ? Dim() : Dim(llvm::divideCeilSigned(a, b));
  case DimOp::min:
    return std::min(a, b);
  case DimOp::max:
    return std::max(a, b);
  case DimOp::broadcast:
    return b == 1 ? a : b;
  }
  return {};
}

Dim ShapeContext::fold(DimOp op, Dim a, Dim b) {
  if (a.constant && b.constant)
    return evaluate(op, *a.constant, *b.constant);
  switch (op) {
  case DimOp::add:
    if (a.is(0))
      return b;
    [[fallthrough]];
  case DimOp::sub:
    if (b.is(0))
      return a;
    break;
  case DimOp::mul:
    if (a.is(0) || b.is(0))
      return 0;
    if (a.is(1))
      return b;
    [[fallthrough]];
  case DimOp::floorDiv:
  case DimOp::ceilDiv:
    if (b.is(1))
      return a;
    break;
  case DimOp::broadcast:
    if (a.is(1))
      return b;
    if (b.is(1))
      return a;
    // A known dim that is not 1 decides, whatever the other turns out to be.
    if (a.constant)
      return a;
    if (b.constant)
      return b;
    if (a.handle && a.handle == b.handle)
      return a;
    break;
  case DimOp::min:
    // Exporters write `to the end` as a huge number.
    if (a.constant && *a.constant >= INT32_MAX)
      return b;
    if (b.constant && *b.constant >= INT32_MAX)
      return a;
    [[fallthrough]];
  case DimOp::max:
    if (a.handle && a.handle == b.handle)
      return a;
    break;
  }
  return combine(op, a, b);
}

Dim ShapeContext::foldSelect(bool less, Dim a, Dim b, Dim yes, Dim no) {
  if (a.constant && b.constant)
    return (less ? *a.constant < *b.constant : *a.constant == *b.constant) ? yes : no;
  if (yes.constant && no.constant && *yes.constant == *no.constant)
    return yes;
  return combineSelect(less, a, b, yes, no);
}

DimList ShapeContext::broadcastDims(ArrayRef<Dim> a, ArrayRef<Dim> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  DimList result(a.begin(), a.end());
  size_t lead = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    if (a[lead + i].constant && b[i].constant && !a[lead + i].is(1) && !b[i].is(1) && !a[lead + i].is(*b[i].constant))
      error = ("dims " + Twine(*a[lead + i].constant) + " and " + Twine(*b[i].constant) + " do not broadcast").str();
    result[lead + i] = broadcast(a[lead + i], b[i]);
  }
  return result;
}

LogicalResult ShapeContext::broadcast(ValueRange tensors, DimLists &results) {
  DimList all;
  for (Value tensor : tensors)
    all = broadcastDims(all, dims(tensor));
  if (!error.empty())
    return failure();
  results.push_back(all);
  return success();
}

namespace {
/// Everything that is not a constant is unknown.
class StaticShapes : public ShapeContext {};
} // namespace

LogicalResult tensel::graph::inferStaticTypes(std::optional<Location> location,
                                              function_ref<LogicalResult(ShapeContext &, DimLists &)> shapes,
                                              ArrayRef<Type> elementTypes, SmallVectorImpl<Type> &inferred) {
  StaticShapes context;
  SmallVector<DimList> results;
  if (failed(shapes(context, results)))
    return emitOptionalError(location, context.error.empty() ? "operands do not fit together" : context.error);
  assert(results.size() == elementTypes.size() && "one element type per result");
  for (auto [dims, element] : llvm::zip_equal(results, elementTypes)) {
    SmallVector<int64_t> shape;
    for (Dim dim : dims) {
      if (dim.constant && *dim.constant < 0)
        return emitOptionalError(location, "a result dim would be ", *dim.constant, ", expected 0 or more");
      shape.push_back(dim.constant.value_or(ShapedType::kDynamic));
    }
    inferred.push_back(RankedTensorType::get(shape, element));
  }
  return success();
}

bool tensel::graph::areCompatible(TypeRange lhs, TypeRange rhs) {
  return lhs.size() == rhs.size() && llvm::all_of(llvm::zip(lhs, rhs), [](auto pair) {
           auto [a, b] = pair;
           return getElementTypeOrSelf(a) == getElementTypeOrSelf(b) && succeeded(verifyCompatibleShape(a, b));
         });
}
