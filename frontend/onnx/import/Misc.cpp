// Small ops of other kinds: optionals that are known to be there, determinants,
// optimizer steps, a little of ai.onnx.ml.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ComparePredicate;
using graph::ReduceKind;

/// Values here are tensors, so an optional is there exactly when it is given.
static LogicalResult optionalHasElement(Node &n) {
  n.set(0, n.scalar(n.b.getI1Type(), n.has(0)));
  return success();
}

static LogicalResult optionalValue(Node &n) {
  n.set(0, n.in(0));
  return success();
}

/// Laplace's expansion along the first row of [..., size, size].
static Value determinant(Node &n, Value x, int64_t size) {
  int64_t rank = Node::rank(x);
  auto entry = [&](int64_t column) {
    return n.squeeze(n.slice(n.slice(x, rank - 2, 0, 1), rank - 1, column, column + 1), {rank - 2, rank - 1});
  };
  if (size == 1)
    return entry(0);
  Value rows = n.slice(x, rank - 2, 1, size), sum;
  for (int64_t column = 0; column < size; ++column) {
    SmallVector<Value> rest;
    if (column > 0)
      rest.push_back(n.slice(rows, rank - 1, 0, column));
    if (column + 1 < size)
      rest.push_back(n.slice(rows, rank - 1, column + 1, size));
    Value term = n.mul(entry(column), determinant(n, n.concat(rest, rank - 1), size - 1));
    sum = !sum ? term : column % 2 ? n.sub(sum, term) : n.add(sum, term);
  }
  return sum;
}

static LogicalResult det(Node &n) {
  Value x = n.in(0);
  int64_t rank = Node::rank(x), size = rank >= 2 ? Node::dim(x, rank - 1) : -1;
  if (size < 1 || size > 4 || Node::dim(x, rank - 2) != size)
    return n.fail("expected static square matrices of at most 4 rows");
  n.set(0, determinant(n, x, size));
  return success();
}

/// Inputs of the optimizers: R, T, then the groups X..., G..., and states.
static LogicalResult momentum(Node &n) {
  double alpha = n.floatAttr("alpha", 0), beta = n.floatAttr("beta", 0);
  double decay = n.floatAttr("norm_coefficient", 0);
  bool nesterov = n.stringAttr("mode", "standard") == "nesterov";
  unsigned count = (n.numInputs() - 2) / 3;
  Value rate = n.in(0), step = n.in(1);
  Value first = n.compare(ComparePredicate::eq, step, 0);
  for (unsigned i = 0; i < count; ++i) {
    Value x = n.in(2 + i), g = n.in(2 + count + i), v = n.in(2 + 2 * count + i);
    g = n.add(g, n.mul(x, decay));
    Value b = n.select(first, n.like(x, 1), n.like(x, beta));
    Value next = n.add(n.mul(v, alpha), n.mul(b, g));
    n.set(i, n.sub(x, n.mul(rate, nesterov ? n.add(g, n.mul(next, alpha)) : next)));
    n.set(count + i, next);
  }
  return success();
}

static LogicalResult adagrad(Node &n) {
  unsigned count = (n.numInputs() - 2) / 3;
  Value step = n.cast(n.in(1), Node::elem(n.in(0)));
  Value rate = n.div(n.in(0), n.add(n.mul(step, n.floatAttr("decay_factor", 0)), 1));
  for (unsigned i = 0; i < count; ++i) {
    Value x = n.in(2 + i), g = n.in(2 + count + i), h = n.in(2 + 2 * count + i);
    g = n.add(g, n.mul(x, n.floatAttr("norm_coefficient", 0)));
    Value next = n.add(h, n.mul(g, g));
    n.set(i, n.sub(x, n.div(n.mul(rate, g), n.add(n.sqrt(next), n.floatAttr("epsilon", 1e-6)))));
    n.set(count + i, next);
  }
  return success();
}

static LogicalResult adam(Node &n) {
  unsigned count = (n.numInputs() - 2) / 4;
  double alpha = n.floatAttr("alpha", 0.9), beta = n.floatAttr("beta", 0.999);
  Value step = n.cast(n.in(1), Node::elem(n.in(0)));
  auto correction = [&](double base) { return n.sub(1, n.pow(n.like(step, base), step)); };
  Value adjusted = n.div(n.mul(n.in(0), n.sqrt(correction(beta))), correction(alpha));
  Value rate = n.select(n.compare(ComparePredicate::gt, step, 0), adjusted, n.in(0));
  for (unsigned i = 0; i < count; ++i) {
    Value x = n.in(2 + i), g = n.in(2 + count + i);
    Value v = n.in(2 + 2 * count + i), h = n.in(2 + 3 * count + i);
    g = n.add(g, n.mul(x, n.floatAttr("norm_coefficient", 0)));
    Value v2 = n.add(n.mul(v, alpha), n.mul(g, 1 - alpha));
    Value h2 = n.add(n.mul(h, beta), n.mul(n.mul(g, g), 1 - beta));
    Value next = n.sub(x, n.div(n.mul(rate, v2), n.add(n.sqrt(h2), n.floatAttr("epsilon", 1e-6))));
    n.set(i, n.mul(next, 1 - n.floatAttr("norm_coefficient_post", 0)));
    n.set(count + i, v2);
    n.set(2 * count + i, h2);
  }
  return success();
}

static LogicalResult binarizer(Node &n) {
  Value x = n.in(0);
  n.set(0, n.cast(n.compare(ComparePredicate::gt, x, n.floatAttr("threshold", 0)), Node::elem(x)));
  return success();
}

static LogicalResult arrayFeatureExtractor(Node &n) {
  Value x = n.in(0), index = n.reshape(n.cast(n.in(1), n.i64()), {-1});
  Value y = n.make<graph::GatherOp>(x, index, std::max<int64_t>(0, Node::rank(x) - 1));
  n.set(0, Node::rank(x) == 1 ? n.unsqueeze(y, {0}) : y);
  return success();
}

void tensel::onnx::addMisc(HandlerTable &t) {
  t["OptionalHasElement"] = optionalHasElement;
  t["OptionalGetElement"] = optionalValue;
  t["Optional"] = optionalValue;
  t["Det"] = det;
  t["ai.onnx.preview.training::Momentum"] = momentum;
  t["ai.onnx.preview.training::Adagrad"] = adagrad;
  t["ai.onnx.preview.training::Adam"] = adam;
  t["ai.onnx.ml::Binarizer"] = binarizer;
  t["ai.onnx.ml::ArrayFeatureExtractor"] = arrayFeatureExtractor;
}
