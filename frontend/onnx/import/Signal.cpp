// Fourier transforms as matrix products with sine and cosine tables, and the
// windows that go with them.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ReduceKind;

static constexpr double tau = 6.283185307179586;

/// The angle table 2 pi (i * j mod period) / period of [rows, columns], in f64: the sine of pi must vanish.
static Value angles(Node &n, int64_t rows, int64_t columns, int64_t period) {
  Value i = n.unsqueeze(n.iota(n.shape({rows}), 0, n.i64()), {1});
  Value turn =
      n.make<graph::ModOp>(n.mul(i, n.iota(n.shape({columns}), 0, n.i64())), n.scalar(n.i64(), static_cast<double>(period)));
  return n.mul(n.cast(turn, n.b.getF64Type()), tau / static_cast<double>(period));
}

/// Cuts or pads the last dim with zeros to `size`.
static Value fit(Node &n, Value x, int64_t size) {
  int64_t rank = Node::rank(x), have = Node::dim(x, rank - 1);
  if (have > size)
    return n.slice(x, rank - 1, 0, size);
  Ints low(static_cast<size_t>(rank), 0), high = low;
  high.back() = size - have;
  return n.pad(x, low, high, n.like(x, 0));
}

/// Transforms the last dim of real and imaginary (may be null) parts; returns [..., bins, 2].
static Value transform(Node &n, Value real, Value imaginary, int64_t size, int64_t bins, bool inverse) {
  Type type = Node::elem(real);
  Value table = angles(n, size, bins, size);
  Value cosines = n.cast(n.make<graph::CosOp>(table), type), sines = n.cast(n.make<graph::SinOp>(table), type);
  if (!inverse)
    sines = n.neg(sines);
  Value re = n.matmul(real, cosines), im = n.matmul(real, sines);
  if (imaginary) {
    re = n.sub(re, n.matmul(imaginary, sines));
    im = n.add(im, n.matmul(imaginary, cosines));
  }
  int64_t rank = Node::rank(re);
  Value both = n.concat({n.unsqueeze(re, {rank}), n.unsqueeze(im, {rank})}, rank);
  return inverse ? n.div(both, static_cast<double>(size)) : both;
}

static LogicalResult dft(Node &n) {
  Value x = n.in(0);
  int64_t rank = Node::rank(x), axis = n.opset() >= 20 ? -2 : n.intAttr("axis", 1);
  if (n.opset() >= 20 && n.has(2)) {
    Ints given = n.constantInts(2, "axis");
    axis = given.size() == 1 ? given[0] : -2;
  }
  if (rank < 2)
    return n.fail("expected an input of rank 2 or more");
  axis = n.axis(axis, rank);
  bool inverse = n.intAttr("inverse", 0) != 0, oneSided = n.intAttr("onesided", 0) != 0;
  int64_t parts = Node::dim(x, rank - 1), have = Node::dim(x, axis), size = have;
  bool toReal = inverse && oneSided;
  if (toReal)
    size = 2 * (have - 1);
  if (n.has(1)) {
    Ints given = n.constantInts(1, "dft_length");
    size = given.size() == 1 ? given[0] : -1;
  }
  if (n.failed() || have < 0 || size < 1 || (parts != 1 && parts != 2) || axis == rank - 1)
    return n.fail("expected a static length and one or two parts in the last dim");
  // The axis goes last: [..., size].
  Ints order = range(0, rank - 1);
  order.erase(order.begin() + axis);
  order.push_back(axis);
  auto part = [&](int64_t i) {
    Value one = n.squeeze(n.slice(x, rank - 1, i, i + 1), {rank - 1});
    Value moved = n.transpose(one, order);
    return Node::rank(moved) == 1 ? n.unsqueeze(moved, {0}) : moved;
  };
  Value real = part(0), imaginary = parts == 2 ? part(1) : Value(), y;
  int64_t bins = size / 2 + 1;
  if (toReal) {
    // The half that is not there is the conjugate of bins 1 to (size - 1) / 2.
    real = fit(n, real, bins);
    imaginary = imaginary ? fit(n, imaginary, bins) : n.sub(real, real);
    Value twice = n.iota(n.shape({bins}), 0, n.i64());
    Value edge = n.compare(graph::ComparePredicate::eq, twice, 0);
    if (size % 2 == 0)
      edge = n.make<graph::OrOp>(edge, n.compare(graph::ComparePredicate::eq, twice, static_cast<double>(size / 2)));
    Value weight = n.select(edge, n.like(real, 1), n.like(real, 2));
    Value table = angles(n, bins, size, size);
    Type type = Node::elem(real);
    Value sum = n.sub(n.matmul(n.mul(real, weight), n.cast(n.make<graph::CosOp>(table), type)),
                      n.matmul(n.mul(imaginary, weight), n.cast(n.make<graph::SinOp>(table), type)));
    y = n.div(n.unsqueeze(sum, {Node::rank(sum)}), static_cast<double>(size));
  } else {
    real = fit(n, real, size);
    if (imaginary)
      imaginary = fit(n, imaginary, size);
    y = transform(n, real, imaginary, size, oneSided ? bins : size, inverse);
  }
  if (rank == 2)
    y = n.squeeze(y, {0});
  // Back: the transformed dim stands before the last one.
  Ints back = range(0, rank - 2);
  back.insert(back.begin() + axis, rank - 2);
  back.push_back(rank - 1);
  n.set(0, n.transpose(y, back));
  return success();
}

static LogicalResult stft(Node &n) {
  Value signal = n.in(0);
  Ints step = n.constantInts(1, "frame_step");
  int64_t length = Node::dim(signal, 1), size = n.has(2) ? Node::dim(n.in(2), 0) : -1;
  if (n.has(3)) {
    Ints given = n.constantInts(3, "frame_length");
    size = given.size() == 1 ? given[0] : -1;
  }
  int64_t parts = Node::rank(signal) == 3 ? Node::dim(signal, 2) : 1;
  if (n.failed() || length < 1 || size < 1 || size > length || step.size() != 1 || step[0] < 1 || (parts != 1 && parts != 2))
    return n.fail("expected a static signal, frame_step and frame_length");
  int64_t frames = (length - size) / step[0] + 1;
  Value place = n.add(n.unsqueeze(n.mul(n.iota(n.shape({frames}), 0, n.i64()), static_cast<double>(step[0])), {1}),
                      n.iota(n.shape({size}), 0, n.i64()));
  auto part = [&](int64_t i) {
    Value one = Node::rank(signal) == 3 ? n.squeeze(n.slice(signal, 2, i, i + 1), {2}) : signal;
    Value framed = n.make<graph::GatherOp>(one, place, 1); // [batch, frames, size]
    return n.has(2) ? n.mul(framed, n.in(2)) : framed;
  };
  bool oneSided = n.intAttr("onesided", 1) != 0;
  n.set(0, transform(n, part(0), parts == 2 ? part(1) : Value(), size, oneSided ? size / 2 + 1 : size, false));
  return success();
}

/// a - b cos(2 pi i / N) + c cos(4 pi i / N).
static LogicalResult window(Node &n, double a, double b, double c) {
  Value size = n.in(0), shape = n.checkShape(size);
  Type type = n.typeAttr("output_datatype", n.f32());
  Type wide = type.isF64() ? type : n.f32();
  Value period = n.cast(n.toScalar(shape), wide);
  if (!n.intAttr("periodic", 1))
    period = n.sub(period, 1);
  Value angle = n.div(n.mul(n.iota(shape, 0, wide), tau), period);
  Value y = n.sub(a, n.mul(n.make<graph::CosOp>(angle), b));
  if (c != 0)
    y = n.add(y, n.mul(n.make<graph::CosOp>(n.mul(angle, 2)), c));
  n.set(0, n.cast(y, type));
  return success();
}

static LogicalResult hann(Node &n) { return window(n, 0.5, 0.5, 0); }
static LogicalResult hamming(Node &n) { return window(n, 25.0 / 46, 21.0 / 46, 0); }
static LogicalResult blackman(Node &n) { return window(n, 0.42, 0.5, 0.08); }

void tensel::onnx::addSignal(HandlerTable &t) {
  t["DFT"] = dft;
  t["STFT"] = stft;
  t["HannWindow"] = hann;
  t["HammingWindow"] = hamming;
  t["BlackmanWindow"] = blackman;
}
