// WindowOpInterface: which rows of its input an op needs for some rows of its result, and the op on these alone.
#include "dialects/graph/Graph.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tensel::graph;

static bool isSpatial(Value input, int64_t dim) { return dim >= 2 && dim < cast<RankedTensorType>(input.getType()).getRank(); }

std::optional<Window> ConvOp::windowAlong(int64_t dim) {
  auto filter = cast<RankedTensorType>(getFilter().getType());
  if (!isSpatial(getInput(), dim) || filter.isDynamicDim(dim))
    return std::nullopt;
  int64_t reach = getDilations()[dim - 2] * (filter.getDimSize(dim) - 1) + 1;
  return reach < 1 ? std::nullopt : std::optional(Window{getStrides()[dim - 2], reach});
}

/// The input is padded already, so there is nothing outside of it.
Value ConvOp::buildOnRows(OpBuilder &b, Value rows, int64_t, int64_t, int64_t) {
  return ConvOp::create(b, getLoc(), rows, getFilter(), getStrides(), getDilations(), getGroups());
}

std::optional<Window> PoolOp::windowAlong(int64_t dim) {
  // Rounded up, the last window says by where it stands how much of it counts.
  if (!isSpatial(getInput(), dim) || getCeilMode())
    return std::nullopt;
  int64_t i = dim - 2;
  return Window{getStrides()[i], getDilations()[i] * (getKernel()[i] - 1) + 1, getPadsLow()[i], getPadsHigh()[i]};
}

Value PoolOp::buildOnRows(OpBuilder &b, Value rows, int64_t dim, int64_t low, int64_t high) {
  SmallVector<int64_t> lows(getPadsLow()), highs(getPadsHigh());
  lows[dim - 2] = low;
  highs[dim - 2] = high;
  return PoolOp::create(b, getLoc(), getKind(), rows, getKernel(), getStrides(), getDilations(), lows, highs, getCeilMode(),
                        getCountIncludePad());
}

std::optional<Window> PadOp::windowAlong(int64_t dim) {
  auto pads = getConstantInts(getPads());
  if (getMode() != PadMode::constant || !pads)
    return std::nullopt;
  return Window{.low = (*pads)[dim], .high = (*pads)[pads->size() / 2 + dim]};
}

Value PadOp::buildOnRows(OpBuilder &b, Value rows, int64_t dim, int64_t low, int64_t high) {
  SmallVector<int64_t> pads = *getConstantInts(getPads());
  pads[dim] = low;
  pads[pads.size() / 2 + dim] = high;
  return PadOp::create(b, getLoc(), getMode(), rows, makeShape(b, getLoc(), pads), getValue());
}

/// Where every pixel is repeated: the nearest one at a whole multiple of the size.
std::optional<Window> ResizeOp::windowAlong(int64_t dim) {
  auto from = cast<RankedTensorType>(getInput().getType()), to = cast<RankedTensorType>(getType());
  bool isFloor = getCoordinates() == "asymmetric" && getNearest() == "floor";
  // The middle of a repeated pixel is less than half a pixel away from the pixel's.
  bool isRound = getCoordinates() == "half_pixel" && getNearest().starts_with("round_prefer");
  if (getMode() != ResizeMode::nearest || !(isFloor || isRound) || from.isDynamicDim(dim) || to.isDynamicDim(dim) ||
      from.getDimSize(dim) == 0 || to.getDimSize(dim) % from.getDimSize(dim) != 0 || (getSizes() && !getConstantInts(getSizes())))
    return std::nullopt;
  int64_t repeat = to.getDimSize(dim) / from.getDimSize(dim);
  if (DenseFPElementsAttr scales;
      getScales() && (!matchPattern(getScales(), m_Constant(&scales)) ||
                      scales.getValues<APFloat>()[dim].convertToFloat() != static_cast<float>(repeat)))
    return std::nullopt;
  return Window{.repeat = repeat};
}

Value ResizeOp::buildOnRows(OpBuilder &b, Value rows, int64_t dim, int64_t, int64_t) {
  IRMapping map;
  map.map(getInput(), rows);
  if (getSizes()) {
    SmallVector<int64_t> sizes = *getConstantInts(getSizes());
    sizes[dim] = cast<RankedTensorType>(rows.getType()).getDimSize(dim) * windowAlong(dim)->repeat;
    map.map(getSizes(), makeShape(b, getLoc(), sizes));
  }
  SmallVector<int64_t> dims(cast<RankedTensorType>(getType()).getShape());
  dims[dim] = cast<RankedTensorType>(rows.getType()).getDimSize(dim) * windowAlong(dim)->repeat;
  auto copy = cast<ResizeOp>(b.clone(*getOperation(), map));
  copy.getResult().setType(cast<RankedTensorType>(getType()).clone(dims));
  return copy;
}
