// Einsum as reductions, transposes and batched matrix products.
#include "frontend/onnx/import/Node.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::ReduceKind;

namespace {
/// A tensor whose dims have labels: letters, and digits for those of an ellipsis.
struct Labelled {
  Value value;
  std::string labels;
};

class Einsum {
public:
  explicit Einsum(Node &n) : n(n) {}
  LogicalResult run();

private:
  LogicalResult parse(StringRef equation);
  Labelled label(Value value, StringRef term);
  void diagonal(Labelled &x);
  /// Sums over the labels of `x` that nobody else needs.
  void sumAway(Labelled &x, StringRef needed);
  void permute(Labelled &x, StringRef order);
  Labelled product(Labelled x, Labelled y, StringRef needed);
  Value dims(const Labelled &x, StringRef labels);

  Node &n;
  SmallVector<Labelled> operands;
  std::string output;
};
} // namespace

Labelled Einsum::label(Value value, StringRef term) {
  Labelled result{value, ""};
  size_t dots = term.find("...");
  auto named = static_cast<int64_t>(dots == StringRef::npos ? term.size() : term.size() - 3);
  int64_t hidden = Node::rank(value) - named;
  if (hidden < 0 || (hidden > 0 && dots == StringRef::npos) || hidden > 10) {
    (void)n.fail("term '" + term + "' does not fit an operand of rank " + Twine(Node::rank(value)));
    return result;
  }
  for (size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      // The last ellipsis dim is always '9', so that operands align on the right.
      for (int64_t k = 10 - hidden; k < 10; ++k)
        result.labels += static_cast<char>('0' + k);
      i += 2;
    } else {
      result.labels += term[i];
    }
  }
  return result;
}

LogicalResult Einsum::parse(StringRef equation) {
  std::string text;
  for (char c : equation)
    if (c != ' ')
      text += c;
  auto [left, right] = StringRef(text).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != n.numInputs())
    return n.fail("the equation has " + Twine(terms.size()) + " terms for " + Twine(n.numInputs()) + " operands");
  for (char c : text)
    if (!llvm::isAlpha(c) && c != '.' && c != ',' && c != '-' && c != '>')
      return n.fail("the equation holds '" + Twine(c) + "'");
  std::string hidden, once;
  for (auto [i, term] : llvm::enumerate(terms)) {
    operands.push_back(label(n.in(static_cast<unsigned>(i)), term));
    for (char c : operands.back().labels)
      if (llvm::isDigit(c) && hidden.find(c) == std::string::npos)
        hidden += c;
  }
  std::sort(hidden.begin(), hidden.end());
  if (text.find("->") == std::string::npos) {
    // Implicit: labels that occur once, in order.
    std::string all;
    for (Labelled &x : operands)
      all += x.labels;
    for (char c = 'A'; c <= 'z'; ++c)
      if (llvm::count(all, c) == 1)
        once += c;
    output = hidden + once;
  } else {
    size_t dots = right.find("...");
    output = dots == StringRef::npos ? right.str() : (right.take_front(dots) + hidden + right.drop_front(dots + 3)).str();
  }
  for (char c : output) {
    bool known = llvm::any_of(operands, [&](Labelled &x) { return StringRef(x.labels).contains(c); });
    if (!known || llvm::count(output, c) != 1)
      return n.fail("output label '" + Twine(c) + "' is unknown or repeated");
  }
  return n.failed() ? failure() : success();
}

void Einsum::diagonal(Labelled &x) {
  for (size_t i = 0; i < x.labels.size(); ++i) {
    size_t j = x.labels.find(x.labels[i], i + 1);
    if (j == std::string::npos)
      continue;
    // Keep what lies on the diagonal of dims i and j, then sum over j.
    Value shape = n.shapeOf(x.value);
    Value on = n.compare(graph::ComparePredicate::eq, n.iota(shape, static_cast<int64_t>(i), n.i64()),
                         n.iota(shape, static_cast<int64_t>(j), n.i64()));
    x.value = n.reduce(ReduceKind::sum, n.select(on, x.value, 0), {static_cast<int64_t>(j)}, false);
    x.labels.erase(j, 1);
    --i;
  }
}

void Einsum::sumAway(Labelled &x, StringRef needed) {
  Ints axes;
  std::string rest;
  for (auto [i, c] : llvm::enumerate(x.labels)) {
    if (needed.contains(c))
      rest += c;
    else
      axes.push_back(static_cast<int64_t>(i));
  }
  if (!axes.empty())
    x = {n.reduce(ReduceKind::sum, x.value, axes, false), rest};
}

void Einsum::permute(Labelled &x, StringRef order) {
  Ints permutation;
  for (char c : order)
    permutation.push_back(static_cast<int64_t>(x.labels.find(c)));
  x = {n.transpose(x.value, permutation), order.str()};
}

/// The product of the dims that `labels` name, as a 1-D tensor of one element.
Value Einsum::dims(const Labelled &x, StringRef labels) {
  Value result = n.shape({1});
  for (char c : labels)
    result = n.mul(result, n.dimOf(x.value, static_cast<int64_t>(x.labels.find(c))));
  return result;
}

Labelled Einsum::product(Labelled x, Labelled y, StringRef needed) {
  std::string batch, inner, left, right;
  sumAway(x, needed.str() + y.labels);
  sumAway(y, needed.str() + x.labels);
  for (char c : x.labels) {
    bool both = StringRef(y.labels).contains(c);
    (both ? needed.contains(c) ? batch : inner : left) += c;
  }
  for (char c : y.labels)
    if (!StringRef(x.labels).contains(c))
      right += c;
  permute(x, batch + left + inner);
  permute(y, batch + inner + right);
  SmallVector<Value> shape;
  for (char c : batch)
    shape.push_back(dims(x, StringRef(&c, 1)));
  auto with = [&](Value a, Value b) {
    SmallVector<Value> all(shape);
    all.append({a, b});
    return n.shapeFrom(all);
  };
  Value a = n.reshapeTo(x.value, with(dims(x, left), dims(x, inner)), true);
  Value b = n.reshapeTo(y.value, with(dims(y, inner), dims(y, right)), true);
  Value flat = n.matmul(a, b);
  for (char c : left)
    shape.push_back(dims(x, StringRef(&c, 1)));
  for (char c : right)
    shape.push_back(dims(y, StringRef(&c, 1)));
  if (shape.empty())
    return {n.reshape(flat, {}), ""};
  return {n.reshapeTo(flat, n.shapeFrom(shape), true), batch + left + right};
}

LogicalResult Einsum::run() {
  if (mlir::failed(parse(n.stringAttr("equation", ""))))
    return failure();
  for (Labelled &x : operands)
    diagonal(x);
  Labelled result = operands[0];
  for (size_t i = 1; i < operands.size(); ++i) {
    std::string needed = output;
    for (size_t k = i + 1; k < operands.size(); ++k)
      needed += operands[k].labels;
    result = product(result, operands[i], needed);
  }
  sumAway(result, output);
  permute(result, output);
  n.set(0, result.value);
  return success();
}

static LogicalResult einsum(Node &n) { return Einsum(n).run(); }

void tensel::onnx::addEinsum(HandlerTable &t) { t["Einsum"] = einsum; }
