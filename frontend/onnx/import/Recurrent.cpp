// LSTM, GRU and RNN. The input projection of all steps is one matrix product
// outside of the loop; the loop holds the recurrent product and the gates.
#include "frontend/onnx/import/Control.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ComparePredicate;

namespace {
/// One direction of a recurrent node: its weights and what a step does.
class Recurrent {
public:
  Recurrent(Node &n, int64_t gates) : n(n), gates(gates) {}
  LogicalResult run();

private:
  LogicalResult direction(int64_t d, bool reverse);
  Value part(unsigned input, int64_t d);
  Value gate(Value x, int64_t i) { return n.slice(x, -1 + Node::rank(x), i * hidden, (i + 1) * hidden); }
  Value activate(Value x, size_t which);
  /// The next state (and cell) from the projected input of one step.
  SmallVector<Value> step(Value x, ArrayRef<Value> state);
  SmallVector<Value> stepLstm(Value x, ArrayRef<Value> state);
  Value stepGru(Value x, Value h);

  Node &n;
  int64_t gates, hidden = 0, current = 0;
  bool isLstm() const { return gates == 4; }
  Value input, r, rBias, peephole; // time-major input; weights of this direction
  SmallVector<Value> ys, hs, cs;
  SmallVector<std::string> activations;
  SmallVector<double> alphas, betas;
};
} // namespace

/// Entry `d` of the first dim.
Value Recurrent::part(unsigned i, int64_t d) { return n.squeeze(n.slice(n.in(i), 0, d, d + 1), {0}); }

Value Recurrent::activate(Value x, size_t which) {
  size_t count = isLstm() ? 3 : gates == 3 ? 2 : 1;
  size_t at = static_cast<size_t>(current) * count + which;
  if (n.hasAttr("clip"))
    x = n.clamp(x, -n.floatAttr("clip", 0), n.floatAttr("clip", 0));
  std::string name;
  if (at < activations.size())
    name = StringRef(activations[at]).lower();
  else
    name = which == 0 && gates != 1 ? "sigmoid" : "tanh"; // f; then g and h
  auto alpha = [&](double fallback) { return at < alphas.size() ? alphas[at] : fallback; };
  auto beta = [&](double fallback) { return at < betas.size() ? betas[at] : fallback; };
  if (name == "sigmoid")
    return n.sigmoid(x);
  if (name == "tanh")
    return n.tanh(x);
  if (name == "relu")
    return n.make<graph::ReluOp>(x);
  if (name == "affine")
    return n.add(n.mul(x, alpha(1)), beta(0));
  if (name == "leakyrelu")
    return n.select(n.compare(ComparePredicate::lt, x, 0), n.mul(x, alpha(0.01)), x);
  if (name == "thresholdedrelu")
    return n.select(n.compare(ComparePredicate::gt, x, alpha(1)), x, 0);
  if (name == "scaledtanh")
    return n.mul(n.tanh(n.mul(x, beta(1))), alpha(1));
  if (name == "hardsigmoid")
    return n.clamp(n.add(n.mul(x, alpha(0.2)), beta(0.5)), 0, 1);
  if (name == "elu")
    return n.select(n.compare(ComparePredicate::lt, x, 0), n.mul(n.make<graph::Expm1Op>(n.min(x, 0)), alpha(1)), x);
  if (name == "softsign")
    return n.div(x, n.add(n.abs(x), 1));
  if (name == "softplus")
    return n.add(n.max(x, 0), n.make<graph::Log1pOp>(n.exp(n.neg(n.abs(x)))));
  (void)n.fail("activation '" + name + "' is not supported");
  return x;
}

SmallVector<Value> Recurrent::stepLstm(Value x, ArrayRef<Value> state) {
  Value h = state[0], c = state[1];
  Value all = n.add(x, n.matmul(h, r, false, true)); // gates in the order i o f c
  Value i = gate(all, 0), o = gate(all, 1), f = gate(all, 2), g = gate(all, 3);
  if (peephole) {
    i = n.add(i, n.mul(gate(peephole, 0), c));
    f = n.add(f, n.mul(gate(peephole, 2), c));
  }
  i = activate(i, 0);
  f = n.intAttr("input_forget", 0) ? n.sub(1, i) : activate(f, 0);
  Value next = n.add(n.mul(f, c), n.mul(i, activate(g, 1)));
  if (peephole)
    o = n.add(o, n.mul(gate(peephole, 1), next));
  return {n.mul(activate(o, 0), activate(next, 2)), next};
}

Value Recurrent::stepGru(Value x, Value h) {
  bool after = n.intAttr("linear_before_reset", 0) != 0;
  auto rows = [&](Value v, int64_t from, int64_t to) { return n.slice(v, 0, from * hidden, to * hidden); };
  Value zr = n.add(n.slice(x, 1, 0, 2 * hidden), n.matmul(h, rows(r, 0, 2), false, true));
  if (rBias)
    zr = n.add(zr, rows(rBias, 0, 2));
  Value z = activate(gate(zr, 0), 0), reset = activate(gate(zr, 1), 0);
  Value inner;
  if (after) {
    inner = n.matmul(h, rows(r, 2, 3), false, true);
    if (rBias)
      inner = n.add(inner, rows(rBias, 2, 3));
    inner = n.mul(reset, inner);
  } else {
    inner = n.matmul(n.mul(reset, h), rows(r, 2, 3), false, true);
    if (rBias)
      inner = n.add(inner, rows(rBias, 2, 3));
  }
  Value candidate = activate(n.add(gate(x, 2), inner), 1);
  return n.add(n.mul(n.sub(1, z), candidate), n.mul(z, h));
}

SmallVector<Value> Recurrent::step(Value x, ArrayRef<Value> state) {
  if (isLstm())
    return stepLstm(x, state);
  if (gates == 3)
    return {stepGru(x, state[0])};
  return {activate(n.add(x, n.matmul(state[0], r, false, true)), 0)};
}

LogicalResult Recurrent::direction(int64_t d, bool reverse) {
  current = d;
  Value w = part(1, d);
  r = part(2, d);
  rBias = Value();
  Value projected = n.matmul(input, w, false, true); // [steps, batch, gates * hidden]
  if (n.has(3)) {
    Value bias = part(3, d);
    Value wBias = n.slice(bias, 0, 0, gates * hidden);
    rBias = n.slice(bias, 0, gates * hidden, 2 * gates * hidden);
    projected = n.add(projected, gates == 3 ? wBias : n.add(wBias, rBias));
  }
  peephole = isLstm() && n.has(7) ? part(7, d) : Value();
  SmallVector<Value> state;
  bool batchFirst = n.intAttr("layout", 0) != 0;
  for (unsigned i = 0; i < (isLstm() ? 2u : 1u); ++i) {
    if (n.has(5 + i)) {
      Value init = n.in(5 + i);
      if (Node::rank(init) != 3)
        return n.fail("expected initial states of rank 3");
      int64_t axis = batchFirst ? 1 : 0;
      state.push_back(n.squeeze(n.slice(init, axis, d, d + 1), {axis}));
    } else {
      state.push_back(n.zeros(n.shapeFrom({n.dimOf(input, 1), n.shape({hidden})}), Node::elem(input)));
    }
  }
  Value lengths = n.has(4) ? n.unsqueeze(n.cast(n.in(4), n.i64()), {1}) : Value();
  int64_t steps = Node::dim(input, 0);
  Value trips = n.toScalar(n.dimOf(input, 0));
  auto body = [&](Value iteration, ArrayRef<Value> carried, SmallVectorImpl<Value> &yielded) -> LogicalResult {
    Value place = reverse ? n.sub(n.sub(trips, 1), iteration) : iteration;
    Value x = n.make<graph::GatherOp>(projected, place, 0);
    SmallVector<Value> next = step(x, carried);
    Value y = next[0];
    if (lengths) {
      // Beyond its length an entry keeps its state and gives zeros.
      Value inside = n.compare(ComparePredicate::lt, place, lengths);
      for (auto [now, old] : llvm::zip(next, carried))
        now = n.select(inside, now, old);
      y = n.select(inside, y, 0);
    }
    yielded.push_back(n.scalar(n.b.getI1Type(), 1));
    yielded.append(next);
    yielded.push_back(y);
    return success();
  };
  SmallVector<Value> results;
  if (steps == 1) {
    // One step needs no loop; streaming models run like that.
    SmallVector<Value> yielded;
    if (mlir::failed(body(n.scalar(n.i64(), 0), state, yielded)))
      return failure();
    results.assign(yielded.begin() + 1, yielded.end());
    results.back() = n.unsqueeze(results.back(), {0});
  } else {
    results = buildLoop(n, trips, n.scalar(n.b.getI1Type(), 1), state, steps, body);
  }
  if (n.failed() || results.empty())
    return failure();
  Value y = results.back();
  ys.push_back(reverse && steps != 1 ? n.slice(y, 0, -1, INT64_MIN, -1) : y);
  hs.push_back(results[0]);
  if (isLstm())
    cs.push_back(results[1]);
  return success();
}

LogicalResult Recurrent::run() {
  bool batchFirst = n.intAttr("layout", 0) != 0;
  input = n.in(0);
  if (Node::rank(input) != 3 || Node::rank(n.in(1)) != 3 || Node::rank(n.in(2)) != 3)
    return n.fail("expected X, W and R of rank 3");
  if (batchFirst)
    input = n.transpose(input, {1, 0, 2});
  hidden = n.intAttr("hidden_size", Node::dim(n.in(2), 2));
  if (hidden < 1)
    return n.fail("expected a static hidden size");
  if (const AttributeProto *names = n.attr("activations"))
    for (std::string_view name : names->strings)
      activations.emplace_back(name);
  alphas = n.floatsAttr("activation_alpha");
  betas = n.floatsAttr("activation_beta");
  StringRef which = n.stringAttr("direction", "forward");
  if (which != "forward" && which != "reverse" && which != "bidirectional")
    return n.fail("direction is '" + which + "', expected forward, reverse or bidirectional");
  if (mlir::failed(direction(0, which == "reverse")))
    return failure();
  if (which == "bidirectional" && mlir::failed(direction(1, true)))
    return failure();

  auto stack = [&](ArrayRef<Value> parts, int64_t axis) {
    SmallVector<Value> wide;
    for (Value v : parts)
      wide.push_back(n.unsqueeze(v, {axis}));
    return n.concat(wide, axis);
  };
  Value y = stack(ys, 1); // [steps, directions, batch, hidden]
  n.set(0, batchFirst ? n.transpose(y, {2, 0, 1, 3}) : y);
  n.set(1, stack(hs, batchFirst ? 1 : 0));
  if (isLstm())
    n.set(2, stack(cs, batchFirst ? 1 : 0));
  return success();
}

template <int64_t gates>
static LogicalResult recurrent(Node &n) {
  return Recurrent(n, gates).run();
}

void tensel::onnx::addRecurrent(HandlerTable &t) {
  t["LSTM"] = recurrent<4>;
  t["GRU"] = recurrent<3>;
  t["RNN"] = recurrent<1>;
}
