// Losses over class scores.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ReduceKind;

/// -score[n, target[n, ...], ...], weighted by class, reduced as the node says.
static LogicalResult negativeLogLikelihood(Node &n, Value score, Value target, Value weights) {
  if (Node::rank(score) < 2)
    return n.fail("expected scores of rank 2 or more");
  target = n.cast(target, n.i64());
  bool ignores = n.hasAttr("ignore_index");
  auto ignored = static_cast<double>(n.intAttr("ignore_index", 0));
  Value counted, place = target;
  if (ignores) {
    counted = n.compare(graph::ComparePredicate::ne, target, ignored);
    place = n.select(counted, target, 0);
  }
  Value picked = n.make<graph::GatherElementsOp>(score, n.unsqueeze(place, {1}), 1);
  Value loss = n.neg(n.squeeze(picked, {1})), weight;
  if (weights)
    weight = n.make<graph::GatherOp>(weights, place, 0);
  if (ignores)
    weight = n.select(counted, weight ? Operand(weight) : Operand(n.like(loss, 1)), n.like(loss, 0));
  if (weight)
    loss = n.mul(loss, weight);
  StringRef reduction = n.stringAttr("reduction", "mean");
  Ints all = range(0, Node::rank(loss));
  if (reduction == "sum")
    loss = n.reduce(ReduceKind::sum, loss, all, false);
  else if (reduction == "mean" && weight)
    loss = n.div(n.reduce(ReduceKind::sum, loss, all, false),
                 n.reduce(ReduceKind::sum, n.expand(weight, n.shapeOf(loss)), all, false));
  else if (reduction == "mean")
    loss = n.reduce(ReduceKind::mean, loss, all, false);
  else if (reduction != "none")
    return n.fail("reduction is '" + reduction + "', expected none, sum or mean");
  n.set(0, loss);
  return success();
}

static LogicalResult nll(Node &n) { return negativeLogLikelihood(n, n.in(0), n.in(1), n.has(2) ? n.in(2) : Value()); }

static LogicalResult softmaxCrossEntropy(Node &n) {
  if (Node::rank(n.in(0)) < 2)
    return n.fail("expected scores of rank 2 or more");
  Value logs = n.make<graph::SoftmaxOp>(n.in(0), 1, true);
  n.set(1, logs);
  return negativeLogLikelihood(n, logs, n.in(1), n.has(2) ? n.in(2) : Value());
}

void tensel::onnx::addLosses(HandlerTable &t) {
  t["NegativeLogLikelihoodLoss"] = nll;
  t["SoftmaxCrossEntropyLoss"] = softmaxCrossEntropy;
}
