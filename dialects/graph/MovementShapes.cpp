// Result dims of ops that move elements.
#include "dialects/graph/Graph.h"

#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace tensel::graph;

/// How many elements a 1-D shape-like operand has; it decides a rank, so it must be known.
static FailureOr<int64_t> lengthOf(ShapeContext &s, Value shape) {
  auto type = cast<RankedTensorType>(shape.getType());
  if (type.isDynamicDim(0))
    return s.fail("the number of elements of a shape operand must be known");
  return type.getDimSize(0);
}

/// A shape operand that has one element per dim of `input`.
static LogicalResult expectLength(ShapeContext &s, Value shape, int64_t expected, StringRef what) {
  auto length = lengthOf(s, shape);
  if (failed(length))
    return failure();
  if (*length != expected)
    return s.fail("expected " + Twine(expected) + " " + what + ", found " + Twine(*length));
  return success();
}

LogicalResult ReshapeOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  auto length = lengthOf(s, adaptor.getShape());
  if (failed(length))
    return failure();
  DimList input = s.dims(adaptor.getInput()), asked, dims;
  Dim known = 1;
  for (int64_t i = 0; i < *length; ++i) {
    Dim dim = s.element(adaptor.getShape(), i);
    if (!adaptor.getAllowZero() && i < static_cast<int64_t>(input.size()))
      dim = s.selectEqual(dim, 0, input[i], dim);
    asked.push_back(dim);
    known = s.mul(known, s.selectEqual(dim, -1, 1, dim));
  }
  Dim total = s.product(input);
  for (Dim dim : asked)
    dims.push_back(s.selectEqual(dim, -1, known.is(0) ? Dim(0) : s.floorDiv(total, known), dim));
  Dim made = s.product(dims);
  if (made.constant && total.constant && *made.constant != *total.constant)
    return s.fail("expected a shape of " + Twine(*total.constant) + " elements, found " + Twine(*made.constant));
  results.push_back(dims);
  return success();
}

LogicalResult SqueezeOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList dims;
  for (auto [i, dim] : llvm::enumerate(s.dims(adaptor.getInput()))) {
    if (!llvm::is_contained(adaptor.getAxes(), static_cast<int64_t>(i)))
      dims.push_back(dim);
    else if (dim.constant && !dim.is(1))
      return s.fail("expected dim " + Twine(i) + " to be 1, found " + Twine(*dim.constant));
  }
  results.push_back(dims);
  return success();
}

LogicalResult UnsqueezeOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList dims = s.dims(adaptor.getInput());
  for (int64_t axis : adaptor.getAxes()) {
    if (axis < 0 || axis > static_cast<int64_t>(dims.size()))
      return s.fail("axis " + Twine(axis) + " is outside of the result");
    dims.insert(dims.begin() + axis, Dim(1));
  }
  results.push_back(dims);
  return success();
}

LogicalResult FlattenOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList dims = s.dims(adaptor.getInput());
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis > static_cast<int64_t>(dims.size()))
    return s.fail("axis " + Twine(axis) + " is outside of a tensor of rank " + Twine(dims.size()));
  ArrayRef<Dim> all = dims;
  results.push_back({s.product(all.take_front(axis)), s.product(all.drop_front(axis))});
  return success();
}

LogicalResult TransposeOp::verify() {
  SmallVector<int64_t> sorted(getPermutation());
  llvm::sort(sorted);
  for (auto [i, axis] : llvm::enumerate(sorted))
    if (axis != static_cast<int64_t>(i))
      return emitOpError("expected a permutation of 0 to ") << sorted.size() - 1;
  return success();
}

LogicalResult TransposeOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList input = s.dims(adaptor.getInput()), dims;
  if (adaptor.getPermutation().size() != input.size())
    return s.fail("expected a permutation of " + Twine(input.size()) + " dims, found " + Twine(adaptor.getPermutation().size()));
  for (int64_t axis : adaptor.getPermutation()) {
    if (axis < 0 || axis >= static_cast<int64_t>(input.size()))
      return s.fail("axis " + Twine(axis) + " is outside of a tensor of rank " + Twine(input.size()));
    dims.push_back(input[axis]);
  }
  results.push_back(dims);
  return success();
}

/// How many elements start, start + step, ... stay before `end` in a dim; ONNX's rules for negatives and clamping.
static Dim sliceLength(ShapeContext &s, Dim dim, Dim start, Dim end, Dim step) {
  // A dim is never negative: what starts at 0 need not be clamped.
  auto clamp = [&](Dim value, Dim low, Dim high) {
    if (value.is(0) && low.is(0))
      return value;
    return s.max(s.min(value, high), low);
  };
  Dim from = s.selectLess(start, 0, s.add(start, dim), start);
  Dim to = s.selectLess(end, 0, s.add(end, dim), end);
  auto upward = [&] { return s.max(s.ceilDiv(s.sub(clamp(to, 0, dim), clamp(from, 0, dim)), step), 0); };
  // In this order, so that of a dim of 0 it is -1, where nothing is left.
  auto first = [&](Dim last) { return s.min(s.max(from, 0), last); };
  auto downward = [&] {
    Dim last = s.sub(dim, 1);
    // An end before the first element stays there instead of counting from the end twice.
    Dim stop = end.constant && *end.constant < -INT32_MAX ? Dim(-1) : clamp(to, -1, last);
    return s.max(s.ceilDiv(s.sub(first(last), stop), s.sub(0, step)), 0);
  };
  if (step.constant)
    return *step.constant > 0 ? upward() : downward();
  // Both divide by a positive number only on the side that is chosen.
  Dim up = s.max(s.ceilDiv(s.sub(clamp(to, 0, dim), clamp(from, 0, dim)), s.max(step, 1)), 0);
  Dim last = s.sub(dim, 1);
  Dim down = s.max(s.ceilDiv(s.sub(first(last), clamp(to, -1, last)), s.max(s.sub(0, step), 1)), 0);
  return s.selectLess(step, 0, down, up);
}

LogicalResult SliceOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList dims = s.dims(adaptor.getInput());
  int64_t count = adaptor.getAxes().size();
  if (failed(expectLength(s, adaptor.getStarts(), count, "starts")) ||
      failed(expectLength(s, adaptor.getEnds(), count, "ends")) || failed(expectLength(s, adaptor.getSteps(), count, "steps")))
    return failure();
  for (auto [i, axis] : llvm::enumerate(adaptor.getAxes())) {
    if (axis < 0 || axis >= static_cast<int64_t>(dims.size()))
      return s.fail("axis " + Twine(axis) + " is outside of a tensor of rank " + Twine(dims.size()));
    Dim step = s.element(adaptor.getSteps(), i);
    if (step.is(0))
      return s.fail("a step is 0");
    dims[axis] = sliceLength(s, dims[axis], s.element(adaptor.getStarts(), i), s.element(adaptor.getEnds(), i), step);
  }
  results.push_back(dims);
  return success();
}

LogicalResult ConcatOp::verify() {
  if (getInputs().empty())
    return emitOpError("expected at least one input");
  return verifySameElementTypes(*this);
}

LogicalResult ConcatOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList dims;
  int64_t axis = adaptor.getAxis();
  for (Value input : adaptor.getInputs()) {
    DimList next = s.dims(input);
    if (axis < 0 || axis >= static_cast<int64_t>(next.size()) || (!dims.empty() && next.size() != dims.size()))
      return s.fail("expected inputs of one rank over axis " + Twine(axis) + ", found rank " + Twine(next.size()));
    if (dims.empty()) {
      dims = next;
      continue;
    }
    for (auto [i, dim] : llvm::enumerate(next)) {
      if (static_cast<int64_t>(i) == axis) {
        dims[i] = s.add(dims[i], dim);
        continue;
      }
      if (dim.constant && dims[i].constant && *dim.constant != *dims[i].constant)
        return s.fail("expected equal dims outside of the axis, found " + Twine(*dims[i].constant) + " and " +
                      Twine(*dim.constant));
      if (dim.constant)
        dims[i] = dim;
    }
  }
  results.push_back(dims);
  return success();
}

LogicalResult PadOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList dims = s.dims(adaptor.getInput());
  int64_t rank = dims.size();
  if (failed(expectLength(s, adaptor.getPads(), 2 * rank, "pads")))
    return failure();
  for (int64_t i = 0; i < rank; ++i)
    dims[i] = s.add(s.add(dims[i], s.element(adaptor.getPads(), i)), s.element(adaptor.getPads(), rank + i));
  results.push_back(dims);
  return success();
}

LogicalResult DilateOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList dims = s.dims(adaptor.getInput());
  if (adaptor.getFactors().size() != dims.size())
    return s.fail("expected " + Twine(dims.size()) + " factors, found " + Twine(adaptor.getFactors().size()));
  for (auto [dim, factor] : llvm::zip_equal(dims, adaptor.getFactors()))
    if (factor != 1)
      dim = s.selectEqual(dim, 0, 0, s.add(s.mul(s.sub(dim, 1), factor), 1));
  results.push_back(dims);
  return success();
}

LogicalResult ExpandOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  auto length = lengthOf(s, adaptor.getShape());
  if (failed(length))
    return failure();
  DimList asked;
  for (int64_t i = 0; i < *length; ++i)
    asked.push_back(s.element(adaptor.getShape(), i));
  results.push_back(s.broadcastDims(s.dims(adaptor.getInput()), asked));
  return success(s.error.empty());
}

LogicalResult TileOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList dims = s.dims(adaptor.getInput());
  if (failed(expectLength(s, adaptor.getRepeats(), dims.size(), "repeats")))
    return failure();
  for (auto [i, dim] : llvm::enumerate(dims))
    dim = s.mul(dim, s.element(adaptor.getRepeats(), i));
  results.push_back(dims);
  return success();
}

LogicalResult ShapeOfOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  results.push_back({Dim(rankOf(adaptor.getInput()))});
  return success();
}

/// The number in a constant 0-D float tensor.
static std::optional<double> constantFloat(Value value, int64_t index = 0) {
  DenseFPElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)) || index >= attr.getNumElements())
    return std::nullopt;
  return FloatAttr::getValueAsDouble(attr.getValues<APFloat>()[index]);
}

LogicalResult RangeOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  if (isa<FloatType>(elementTypeOf(adaptor.getStart()))) {
    auto start = constantFloat(adaptor.getStart()), limit = constantFloat(adaptor.getLimit()),
         delta = constantFloat(adaptor.getDelta());
    if (!start || !limit || !delta) {
      results.push_back({s.dataDependent(adaptor.getStart(), "range")});
      return success();
    }
    double count = std::ceil((*limit - *start) / *delta);
    if (!(count < 1e15))
      return s.fail("a range of this many elements cannot be held");
    results.push_back({Dim(count > 0 ? static_cast<int64_t>(count) : 0)});
    return success();
  }
  Dim start = s.element(adaptor.getStart(), 0), limit = s.element(adaptor.getLimit(), 0),
      delta = s.element(adaptor.getDelta(), 0);
  if (delta.is(0))
    return s.fail("the delta of a range is 0");
  Dim up = s.ceilDiv(s.sub(limit, start), s.max(delta, 1));
  Dim down = s.ceilDiv(s.sub(start, limit), s.max(s.sub(0, delta), 1));
  results.push_back({s.max(s.selectLess(delta, 0, down, up), 0)});
  return success();
}

LogicalResult IotaOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  auto length = lengthOf(s, adaptor.getShape());
  if (failed(length))
    return failure();
  DimList dims;
  for (int64_t i = 0; i < *length; ++i)
    dims.push_back(s.element(adaptor.getShape(), i));
  results.push_back(dims);
  return success();
}

LogicalResult ResizeOp::shapesOf(Adaptor adaptor, ShapeContext &s, DimLists &results) {
  DimList dims = s.dims(adaptor.getInput());
  Value sizes = adaptor.getSizes(), scales = adaptor.getScales();
  if (!sizes && !scales)
    return s.fail("expected sizes or scales");
  if (failed(expectLength(s, sizes ? sizes : scales, dims.size(), sizes ? "sizes" : "scales")))
    return failure();
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (sizes) {
      dim = s.element(sizes, i);
      continue;
    }
    auto scale = constantFloat(scales, i);
    if (scale && *scale == std::floor(*scale) && *scale >= 1 && *scale < 1e9)
      dim = s.mul(dim, static_cast<int64_t>(*scale));
    else if (scale && dim.constant)
      dim = static_cast<int64_t>(std::floor(static_cast<double>(*dim.constant) * *scale));
    else if (scale && *scale > 0 && 1 / *scale == std::floor(1 / *scale))
      dim = s.floorDiv(dim, static_cast<int64_t>(1 / *scale));
    else
      dim = s.scaled(dim, scales, i);
  }
  results.push_back(dims);
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  auto type = getResult().getType();
  if (getInput().getType() == type && cast<RankedTensorType>(type).hasStaticShape())
    return getInput();
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (llvm::equal(getPermutation(), llvm::seq<int64_t>(0, getPermutation().size())) &&
      getInput().getType() == getResult().getType())
    return getInput();
  return {};
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getInputs().size() == 1 && getInputs()[0].getType() == getResult().getType())
    return getInputs()[0];
  return {};
}

OpFoldResult ShapeOfOp::fold(FoldAdaptor) {
  auto type = cast<RankedTensorType>(getInput().getType());
  if (!type.hasStaticShape())
    return {};
  return DenseElementsAttr::get(cast<RankedTensorType>(getResult().getType()), type.getShape());
}
