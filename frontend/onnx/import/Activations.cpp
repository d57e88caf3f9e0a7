// Activation functions that have no graph op of their own: each is its
// definition in the ONNX standard, written with elementwise ops.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ComparePredicate;

template <auto build>
static LogicalResult activation(Node &n) {
  n.set(0, build(n, n.in(0)));
  return success();
}

static Value softplus(Node &n, Value x) {
  // log(1 + e^x) without overflow: max(x, 0) + log1p(e^-|x|).
  return n.add(n.max(x, 0), n.make<graph::Log1pOp>(n.exp(n.neg(n.abs(x)))));
}
static Value softsign(Node &n, Value x) { return n.div(x, n.add(n.abs(x), 1)); }
static Value hardSigmoid(Node &n, Value x) {
  return n.clamp(n.add(n.mul(x, n.floatAttr("alpha", 0.2)), n.floatAttr("beta", 0.5)), 0, 1);
}
static Value hardSwish(Node &n, Value x) { return n.mul(x, n.clamp(n.add(n.mul(x, 1.0 / 6), 0.5), 0, 1)); }
static Value negativeExp(Node &n, Value x, double alpha) { return n.mul(n.make<graph::Expm1Op>(n.min(x, 0)), alpha); }
static Value elu(Node &n, Value x) {
  return n.select(n.compare(ComparePredicate::lt, x, 0), negativeExp(n, x, n.floatAttr("alpha", 1)), x);
}
static Value selu(Node &n, Value x) {
  double alpha = n.floatAttr("alpha", 1.67326319217681884765625);
  double gamma = n.floatAttr("gamma", 1.05070102214813232421875);
  return n.mul(n.select(n.compare(ComparePredicate::gt, x, 0), x, negativeExp(n, x, alpha)), gamma);
}
static Value celu(Node &n, Value x) {
  double alpha = n.floatAttr("alpha", 1);
  return n.add(n.max(x, 0), n.min(n.mul(n.make<graph::Expm1Op>(n.div(x, alpha)), alpha), 0));
}
static Value leakyRelu(Node &n, Value x) {
  return n.select(n.compare(ComparePredicate::lt, x, 0), n.mul(x, n.floatAttr("alpha", 0.01)), x);
}
static Value thresholdedRelu(Node &n, Value x) {
  return n.select(n.compare(ComparePredicate::gt, x, n.floatAttr("alpha", 1)), x, 0);
}
static Value swish(Node &n, Value x) { return n.mul(x, n.sigmoid(n.mul(x, n.floatAttr("alpha", 1)))); }
static Value mish(Node &n, Value x) { return n.mul(x, n.tanh(softplus(n, x))); }
static Value gelu(Node &n, Value x) {
  if (n.stringAttr("approximate", "none") == "tanh") {
    Value cubic = n.add(x, n.mul(n.mul(x, n.mul(x, x)), 0.044715));
    return n.mul(n.mul(x, 0.5), n.add(n.tanh(n.mul(cubic, 0.7978845608028654)), 1));
  }
  return n.mul(n.mul(x, 0.5), n.add(n.make<graph::ErfOp>(n.mul(x, 0.7071067811865476)), 1));
}
static Value shrink(Node &n, Value x) {
  double lambda = n.floatAttr("lambd", 0.5), bias = n.floatAttr("bias", 0);
  Value high = n.select(n.compare(ComparePredicate::gt, x, lambda), n.sub(x, bias), 0);
  return n.select(n.compare(ComparePredicate::lt, x, -lambda), n.add(x, bias), high);
}
static Value prelu(Node &n, Value x) { return n.select(n.compare(ComparePredicate::lt, x, 0), n.mul(x, n.in(1)), x); }

void tensel::onnx::addActivations(HandlerTable &t) {
  t["Softplus"] = activation<softplus>;
  t["Softsign"] = activation<softsign>;
  t["HardSigmoid"] = activation<hardSigmoid>;
  t["HardSwish"] = activation<hardSwish>;
  t["Elu"] = activation<elu>;
  t["Selu"] = activation<selu>;
  t["Celu"] = activation<celu>;
  t["LeakyRelu"] = activation<leakyRelu>;
  t["ThresholdedRelu"] = activation<thresholdedRelu>;
  t["Swish"] = activation<swish>;
  t["Mish"] = activation<mish>;
  t["Gelu"] = activation<gelu>;
  t["Shrink"] = activation<shrink>;
  t["PRelu"] = activation<prelu>;
}
