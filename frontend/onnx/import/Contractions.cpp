// Matrix products and convolutions.
#include "frontend/onnx/import/Windows.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;

/// numpy.matmul: a 1-D operand gets a dim of 1 that the result loses again.
static Value numpyMatmul(Node &n, Value x, Value y) {
  int64_t rx = Node::rank(x), ry = Node::rank(y);
  if (rx == 0 || ry == 0) {
    (void)n.fail("expected operands of rank 1 or more");
    return n.poison();
  }
  Value result = n.matmul(rx == 1 ? n.unsqueeze(x, {0}) : x, ry == 1 ? n.unsqueeze(y, {1}) : y);
  int64_t rank = Node::rank(result);
  Ints drop;
  if (rx == 1)
    drop.push_back(rank - 2);
  if (ry == 1)
    drop.push_back(rank - 1);
  return n.squeeze(result, drop);
}

static LogicalResult matmul(Node &n) {
  n.set(0, numpyMatmul(n, n.in(0), n.in(1)));
  return success();
}

static LogicalResult gemm(Node &n) {
  double alpha = n.floatAttr("alpha", 1), beta = n.floatAttr("beta", 1);
  Value y = n.matmul(n.in(0), n.in(1), n.intAttr("transA", 0) != 0, n.intAttr("transB", 0) != 0);
  if (alpha != 1)
    y = n.mul(y, alpha);
  if (n.has(2) && beta != 0)
    y = n.add(y, beta == 1 ? n.in(2) : n.mul(n.in(2), beta));
  n.set(0, y);
  return success();
}

Value tensel::onnx::perChannel(Node &n, Value bias, int64_t rank) {
  if (Node::rank(bias) != 1) {
    (void)n.fail("expected a bias of rank 1, found " + Twine(Node::rank(bias)));
    return bias;
  }
  Ints axes;
  for (int64_t i = 1; i < rank - 1; ++i)
    axes.push_back(i);
  return n.unsqueeze(bias, axes);
}

Value tensel::onnx::convolve(Node &n, Value x, Value w) {
  Ints kernel;
  for (int64_t i = 2; i < Node::rank(w); ++i)
    kernel.push_back(Node::dim(w, i));
  WindowAttributes window = readWindow(n, x, kernel);
  if (n.failed())
    return n.poison();
  Ints low = {0, 0}, high = {0, 0};
  low.append(window.low);
  high.append(window.high);
  Value padded = n.pad(x, low, high, n.like(x, 0));
  return n.make<graph::ConvOp>(padded, w, ArrayRef<int64_t>(window.strides), ArrayRef<int64_t>(window.dilations),
                               n.intAttr("group", 1));
}

static LogicalResult conv(Node &n) {
  Value y = convolve(n, n.in(0), n.in(1));
  if (n.has(2))
    y = n.add(y, perChannel(n, n.in(2), Node::rank(y)));
  n.set(0, y);
  return success();
}

static LogicalResult convTranspose(Node &n) {
  Value x = n.in(0), w = n.in(1);
  Ints kernel;
  for (int64_t i = 2; i < Node::rank(w); ++i)
    kernel.push_back(Node::dim(w, i));
  size_t rank = kernel.size();
  Ints strides = n.intsAttr("strides", Ints(rank, 1)), low(rank, 0), high(rank, 0);
  Ints dilations = n.intsAttr("dilations", Ints(rank, 1));
  Ints extra = n.intsAttr("output_padding", Ints(rank, 0)), wanted = n.intsAttr("output_shape");
  Ints pads = n.intsAttr("pads", Ints(2 * rank, 0));
  StringRef mode = n.stringAttr("auto_pad", "NOTSET");
  if (wanted.size() == rank + 2)
    wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (strides.size() != rank || dilations.size() != rank || extra.size() != rank || pads.size() != 2 * rank ||
      (!wanted.empty() && wanted.size() != rank))
    return n.fail("expected one value per spatial dim in strides, dilations, pads");
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  for (size_t i = 0; i < rank; ++i) {
    low[i] = pads[i];
    high[i] = pads[rank + i];
    if (wanted.empty() && !same)
      continue;
    int64_t in = Node::dim(x, static_cast<int64_t>(i) + 2), total;
    int64_t reach = (kernel[i] - 1) * dilations[i] + 1;
    if (!wanted.empty()) {
      if (in < 0)
        return n.fail("output_shape needs static spatial dims");
      total = strides[i] * (in - 1) + extra[i] + reach - wanted[i];
    } else {
      // out = in * stride, so the size of the input cancels.
      total = reach + extra[i] - strides[i];
    }
    // ONNX gives the odd element to the end for SAME_UPPER, to the start otherwise.
    int64_t half = total >> 1; // rounds down: a negative total crops nothing at the start
    low[i] = mode == "SAME_UPPER" ? half : total - half;
    high[i] = total - low[i];
  }
  Value y = n.make<graph::ConvTransposeOp>(x, w, ArrayRef<int64_t>(strides), ArrayRef<int64_t>(dilations), ArrayRef<int64_t>(low),
                                           ArrayRef<int64_t>(high), ArrayRef<int64_t>(extra), n.intAttr("group", 1));
  if (n.has(2))
    y = n.add(y, perChannel(n, n.in(2), Node::rank(y)));
  n.set(0, y);
  return success();
}

void tensel::onnx::addContractions(HandlerTable &t) {
  t["MatMul"] = matmul;
  t["Gemm"] = gemm;
  t["Conv"] = conv;
  t["ConvTranspose"] = convTranspose;
}
