// Feed-forward blocks. Their width is read off the weights.
#include "frontend/llm/builder/Model.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::llm;

Value Model::gatedMlp(Value x, Activation act, StringRef prefix, int64_t width) {
  Part part(*this, prefix, "gated");
  Ints dims = dimsOf((prefix + "_up.weight").str());
  if (!width)
    width = dims.empty() ? 0 : dims[0];
  Value gate = act(*this, linear(x, (prefix + "_gate").str(), width));
  Value up = linear(x, (prefix + "_up").str(), width);
  return linear(mul(gate, up), (prefix + "_down").str(), dim(x, rank(x) - 1));
}

Value Model::mlp(Value x, Activation act, StringRef prefix) {
  Part part(*this, prefix, "feed_forward");
  Ints dims = dimsOf((prefix + "_up.weight").str());
  Value up = linear(x, (prefix + "_up").str(), dims.empty() ? 0 : dims[0]);
  return linear(act(*this, up), (prefix + "_down").str(), dim(x, rank(x) - 1));
}

Value Model::mixture(Value x, Activation act, int64_t experts, int64_t used, bool normalized) {
  Part part(*this, ".ffn_experts", "mixture");
  if (used > experts)
    fail(Twine(used) + " experts used, expected at most the " + Twine(experts) + " that there are");
  if (failed())
    return poison();
  Value scores = softmax(linear(x, ".ffn_gate_inp", experts), 2);
  SmallVector<Value> best = makeAll<graph::TopKOp>(2, scores, shape({used}), 2, true);
  Value chosen = best[0];
  if (normalized)
    chosen = div(chosen, reduce(graph::ReduceKind::sum, chosen, 2));
  // [B, S, experts]: the weight of each, 0 where it was not chosen.
  Value isChosen = compare(graph::ComparePredicate::eq, unsqueeze(best[1], {3}), count(shape({experts})));
  Value weights = reduce(graph::ReduceKind::sum, select(isChosen, unsqueeze(chosen, {3}), number(0)), 2, false);
  Ints stacked = dimsOf(".ffn_gate_exps.weight");
  Value sum;
  if (stacked.empty()) {
    for (int64_t expert = 0; expert < experts && !failed(); ++expert) {
      Value y = gatedMlp(x, act, (".expert." + Twine(expert) + ".ffn").str());
      y = mul(y, slice(weights, 2, expert, expert + 1));
      sum = sum ? add(sum, y) : y;
    }
    return sum;
  }
  int64_t width = stacked.size() == 3 ? stacked[1] : 0, hidden = dim(x, 2);
  Value wide = unsqueeze(x, {1}); // [B, 1, S, H] meets [experts, width, H]
  Value gate = act(*this, matmul(wide, weight(".ffn_gate_exps.weight", {experts, width, hidden}), true));
  Value up = matmul(wide, weight(".ffn_up_exps.weight", {experts, width, hidden}), true);
  Value down = matmul(mul(gate, up), weight(".ffn_down_exps.weight", {experts, hidden, width}), true);
  return reduce(graph::ReduceKind::sum, mul(down, unsqueeze(transpose(weights, {0, 2, 1}), {3})), 1, false);
}
