// Pools and the window attributes that they share with convolutions.
#include "frontend/onnx/import/Windows.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ReduceKind;

WindowAttributes tensel::onnx::readWindow(Node &n, Value x, Ints kernel) {
  WindowAttributes w;
  w.kernel = kernel.empty() ? n.intsAttr("kernel_shape") : kernel;
  size_t rank = static_cast<size_t>(std::max<int64_t>(Node::rank(x) - 2, 0));
  w.strides = n.intsAttr("strides", Ints(rank, 1));
  w.dilations = n.intsAttr("dilations", Ints(rank, 1));
  Ints pads = n.intsAttr("pads", Ints(2 * rank, 0));
  if (rank == 0 || w.kernel.size() != rank || w.strides.size() != rank || w.dilations.size() != rank || pads.size() != 2 * rank) {
    (void)n.fail("expected " + Twine(rank) + " values, one per spatial dim, in kernel, strides, dilations and twice in pads");
    return w;
  }
  w.low.assign(pads.begin(), pads.begin() + static_cast<long>(rank));
  w.high.assign(pads.begin() + static_cast<long>(rank), pads.end());
  StringRef mode = n.stringAttr("auto_pad", "NOTSET");
  if (mode == "VALID") {
    w.low.assign(rank, 0);
    w.high.assign(rank, 0);
  } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    for (size_t i = 0; i < rank; ++i) {
      int64_t in = Node::dim(x, static_cast<int64_t>(i) + 2), stride = w.strides[i];
      if (w.kernel[i] < 0 || stride < 1 || (in < 0 && stride != 1)) {
        (void)n.fail("auto_pad " + mode + " with strides needs static spatial dims");
        return w;
      }
      int64_t reach = (w.kernel[i] - 1) * w.dilations[i] + 1;
      // Stride 1 keeps the size whatever it is.
      int64_t total = stride == 1 ? reach - 1 : ((in + stride - 1) / stride - 1) * stride + reach - in;
      total = std::max<int64_t>(total, 0);
      w.low[i] = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.high[i] = total - w.low[i];
    }
  } else if (mode != "NOTSET" && !mode.empty()) {
    (void)n.fail("auto_pad is '" + mode + "', expected NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  }
  return w;
}

static Value pool(Node &n, ReduceKind kind, Value x, const WindowAttributes &w, bool countPad) {
  return n.make<graph::PoolOp>(kind, x, ArrayRef<int64_t>(w.kernel), ArrayRef<int64_t>(w.strides), ArrayRef<int64_t>(w.dilations),
                               ArrayRef<int64_t>(w.low), ArrayRef<int64_t>(w.high), n.intAttr("ceil_mode", 0) != 0, countPad);
}

static LogicalResult maxPool(Node &n) {
  Value x = n.in(0);
  WindowAttributes w = readWindow(n, x, {});
  if (n.failed())
    return failure();
  n.set(0, pool(n, ReduceKind::max, x, w, false));
  if (n.wants(1))
    n.set(1, n.make<graph::MaxPoolIndicesOp>(x, ArrayRef<int64_t>(w.kernel), ArrayRef<int64_t>(w.strides),
                                             ArrayRef<int64_t>(w.dilations), ArrayRef<int64_t>(w.low), ArrayRef<int64_t>(w.high),
                                             n.intAttr("ceil_mode", 0) != 0, n.intAttr("storage_order", 0) != 0));
  return success();
}

static LogicalResult averagePool(Node &n) {
  Value x = n.in(0);
  WindowAttributes w = readWindow(n, x, {});
  if (n.failed())
    return failure();
  n.set(0, pool(n, ReduceKind::mean, x, w, n.intAttr("count_include_pad", 0) != 0));
  return success();
}

/// (sum |x|^p)^(1/p) over each window.
static LogicalResult lpPool(Node &n) {
  Value x = n.in(0);
  WindowAttributes w = readWindow(n, x, {});
  if (n.failed())
    return failure();
  auto p = static_cast<double>(n.intAttr("p", 2));
  Value sum = pool(n, ReduceKind::sum, p == 2 ? n.mul(x, x) : n.pow(n.abs(x), p), w, false);
  n.set(0, p == 2 ? n.sqrt(sum) : n.pow(sum, 1 / p));
  return success();
}

static Ints spatialAxes(Value x) { return range(2, std::max<int64_t>(2, Node::rank(x))); }

template <ReduceKind kind>
static LogicalResult globalPool(Node &n) {
  n.set(0, n.reduce(kind, n.in(0), spatialAxes(n.in(0)), true));
  return success();
}

static LogicalResult globalLpPool(Node &n) {
  Value x = n.in(0);
  auto p = static_cast<double>(n.intAttr("p", 2));
  Value sum = n.reduce(ReduceKind::sum, n.pow(n.abs(x), p), spatialAxes(x), true);
  n.set(0, n.pow(sum, 1 / p));
  return success();
}

/// Scatters the values to the flat places that MaxPool gave.
static LogicalResult maxUnpool(Node &n) {
  Value x = n.in(0), indices = n.in(1);
  Value shape;
  WindowAttributes w = readWindow(n, x, {});
  if (n.failed())
    return failure();
  Ints dims = {Node::dim(x, 0), Node::dim(x, 1)};
  for (auto [i, kernel] : llvm::enumerate(w.kernel))
    dims.push_back((Node::dim(x, static_cast<int64_t>(i) + 2) - 1) * w.strides[i] + kernel - w.low[i] - w.high[i]);
  if (!Node::type(x).hasStaticShape())
    return n.fail("expected static dims");
  int64_t total = 1;
  for (int64_t dim : dims)
    total *= dim;
  Value flat = n.zeros(n.shape({total}), Node::elem(x));
  Value result =
      n.make<graph::ScatterElementsOp>(graph::ScatterKind::none, flat, n.reshape(indices, {-1}), n.reshape(x, {-1}), 0);
  shape = n.shape(dims);
  if (!n.has(2)) {
    n.set(0, n.reshapeTo(result, shape));
    return success();
  }
  // A larger output_shape leaves room behind the pool's own.
  Ints wanted = n.constantInts(2, "output_shape");
  if (n.failed() || wanted.size() != dims.size())
    return n.fail("expected an output_shape of the pool's rank");
  Ints high;
  for (auto [want, dim] : llvm::zip(wanted, dims))
    high.push_back(want - dim);
  n.set(0, n.pad(n.reshapeTo(result, shape), Ints(dims.size(), 0), high, n.like(x, 0)));
  return success();
}

void tensel::onnx::addWindows(HandlerTable &t) {
  t["MaxPool"] = maxPool;
  t["AveragePool"] = averagePool;
  t["LpPool"] = lpPool;
  t["GlobalMaxPool"] = globalPool<ReduceKind::max>;
  t["GlobalAveragePool"] = globalPool<ReduceKind::mean>;
  t["GlobalLpPool"] = globalLpPool;
  t["MaxUnpool"] = maxUnpool;
}
