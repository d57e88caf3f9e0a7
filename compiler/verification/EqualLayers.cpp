// Whether two versions of a function have the same layers; see Layers.h.
#include "compiler/verification/Layers.h"

#include "compiler/Diagnostics.h"
#include "compiler/verification/Compare.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
/// Layers [begin, end) of the version before are those from begin + shift on of the version after.
struct Match {
  const Layers *before = nullptr, *after = nullptr;
  int shift = 0;
  unsigned begin = 0, end = 0;
  unsigned count() const { return end - begin; }
};

class Matcher {
public:
  Matcher(const LayeredFunction &before, const LayeredFunction &after, WeightResolver &resolver)
      : before(before), after(after), resolver(resolver), weightsBefore(weightsOf(before)), weightsAfter(weightsOf(after)) {}

  EqualLayers match() {
    EqualLayers equal;
    for (const std::vector<Layers> &cuts : before.runs)
      for (const std::vector<Layers> &others : after.runs)
        if (Match best = longest(cuts, others); best.count() >= leastLayers && haveFoldedWeights(best)) {
          represent(*best.before, best.begin, best.end, equal.before);
          represent(*best.after, best.begin + best.shift, best.end + best.shift, equal.after);
          equal.count += best.count();
        }
    return equal;
  }

private:
  using Weights = DenseMap<StringAttr, graph::WeightOp>;
  static Weights weightsOf(const LayeredFunction &layered) {
    Weights weights;
    for (auto weight : func::FuncOp(layered.function)->getParentOfType<ModuleOp>().getOps<graph::WeightOp>())
      weights[weight.getSymNameAttr()] = weight;
    return weights;
  }

  Match longest(ArrayRef<Layers> cuts, ArrayRef<Layers> others) const {
    Match best;
    for (const Layers &one : cuts)
      for (const Layers &other : others)
        if (Match match = matchOf(one, other); match.count() > best.count())
          best = match;
    return best;
  }

  Match matchOf(const Layers &one, const Layers &other) const {
    Match match{&one, &other};
    std::optional<int> shift = shiftOf(one.given, other.given);
    if (!shift)
      shift = shiftOf(one.results, other.results);
    if (!shift)
      return {};
    match.shift = *shift;
    int begin = std::max(0, -*shift), end = std::min<int>(one.count, static_cast<int>(other.count) - *shift);
    if (end - begin < static_cast<int>(leastLayers))
      return {};
    match.begin = begin;
    match.end = end;
    // An argument that only the version after uses must not matter, but the layers that are evaluated may not show it.
    auto isNew = [&](Given what) { return what.first && !before.uses.contains(what); };
    auto isGone = [&](Given what) { return !after.uses.contains(what); };
    auto never = [](unsigned) { return false; };
    bool isSame = agree(one.given, other.given, match, isGone, isNew) && agree(one.results, other.results, match, never, never) &&
                  haveSameWeights(match);
    return isSame ? match : Match{};
  }

  template <typename Map>
  static std::optional<int> shiftOf(const Map &one, const Map &other) {
    for (auto [what, place] : one)
      if (auto found = other.find(what); found != other.end())
        return static_cast<int>(found->second.layer) - static_cast<int>(place.layer);
    return std::nullopt;
  }

  /// Whether what both know is in corresponding layers, in one role for each role.
  template <typename Map, typename IsGone, typename IsNew>
  static bool agree(const Map &one, const Map &other, const Match &match, IsGone isGone, IsNew isNew) {
    DenseMap<unsigned, unsigned> forth, back;
    for (auto [what, place] : one) {
      if (place.layer < match.begin || place.layer >= match.end)
        continue;
      auto found = other.find(what);
      if (found == other.end() && isGone(what))
        continue;
      if (found == other.end() || found->second.layer != place.layer + match.shift ||
          forth.try_emplace(place.what, found->second.what).first->second != found->second.what ||
          back.try_emplace(found->second.what, place.what).first->second != place.what)
        return false;
    }
    for (auto [what, place] : other) {
      int layer = static_cast<int>(place.layer) - match.shift;
      if (layer < static_cast<int>(match.begin) || layer >= static_cast<int>(match.end))
        continue;
      auto found = one.find(what);
      if (found == one.end() ? !isNew(what) : static_cast<int>(found->second.layer) != layer)
        return false;
    }
    return true;
  }

  bool haveSameWeights(const Match &match) const {
    return llvm::all_of(match.before->given, [&](auto &entry) {
      graph::WeightOp one = weightsBefore.lookup(entry.first.first), other = weightsAfter.lookup(entry.first.first);
      return !one || !other || one->getAttrDictionary() == other->getAttrDictionary();
    });
  }

  /// Weights that only the version after has: one role of them at a time, by layer.
  bool haveFoldedWeights(const Match &match) {
    std::map<unsigned, SmallVector<std::pair<unsigned, StringAttr>>> roles;
    for (auto [what, place] : match.after->given) {
      int layer = static_cast<int>(place.layer) - match.shift;
      if (what.first && !before.uses.contains(what) && layer >= static_cast<int>(match.begin) &&
          layer < static_cast<int>(match.end))
        roles[place.what].push_back({layer, what.first});
    }
    return llvm::all_of(roles, [&](auto &role) { return isFolded(match, role.second); });
  }

  /// Whether an op in each of the layers before gives these weights.
  bool isFolded(const Match &match, ArrayRef<std::pair<unsigned, StringAttr>> weights) {
    SmallVector<Tensor> contents;
    for (auto [layer, name] : weights) {
      graph::WeightOp weight = weightsAfter.lookup(name);
      auto type = weight ? dyn_cast<RankedTensorType>(weight.getType()) : RankedTensorType();
      auto kind = type ? reference::kindOf(type.getElementType()) : std::nullopt;
      DiagnosticCollector quiet(func::FuncOp(before.function).getContext());
      auto bytes = kind ? resolver.resolve(weight) : FailureOr<ArrayRef<char>>();
      if (failed(bytes))
        return false;
      contents.push_back(Tensor::borrow(*kind, type.getShape(), *bytes));
    }
    Type type = weightsAfter.lookup(weights.front().second).getType();
    return llvm::any_of(llvm::seq(match.before->size), [&](unsigned place) {
      Operation *first = match.before->layer(match.begin)[place];
      return first->getNumResults() == 1 && first->getResult(0).getType() == type && isConstant(first->getResult(0)) &&
             llvm::all_of(llvm::zip_equal(weights, contents), [&](auto pair) {
               auto [weight, content] = pair;
               std::optional<Tensor> value = valueOf(match.before->layer(weight.first)[place]->getResult(0));
               return value && areSame(*value, content);
             });
    });
  }

  bool isConstant(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || op->getNumRegions() > 0 || isa<CallOpInterface>(op))
      return false;
    auto [known, isNews] = constants.try_emplace(op, false);
    if (isNews) {
      bool all = llvm::all_of(op->getOperands(), [&](Value operand) { return isConstant(operand); });
      constants[op] = all;
      return all;
    }
    return known->second;
  }

  /// Of a value that hangs on weights and constants alone. One layer's ops at a time is what is kept.
  std::optional<Tensor> valueOf(Value value) {
    DiagnosticCollector quiet(value.getContext());
    reference::Interpreter interpreter(resolver);
    DenseMap<Value, Tensor> known;
    auto visit = [&](auto &self, Value one) -> std::optional<Tensor> {
      if (auto found = known.find(one); found != known.end())
        return found->second;
      SmallVector<Tensor> operands;
      for (Value operand : one.getDefiningOp()->getOperands()) {
        std::optional<Tensor> tensor = self(self, operand);
        if (!tensor)
          return std::nullopt;
        operands.push_back(*tensor);
      }
      auto results = interpreter.evaluate(one.getDefiningOp(), operands);
      if (failed(results))
        return std::nullopt;
      for (auto [result, tensor] : llvm::zip_equal(one.getDefiningOp()->getResults(), *results))
        known[result] = tensor;
      return known.at(one);
    };
    return visit(visit, value);
  }

  /// The second of the layers stands for those behind it, so that what lies between two layers is evaluated, too.
  static void represent(const Layers &layers, unsigned begin, unsigned end, Representatives &to) {
    ArrayRef<Operation *> standsIn = layers.layer(begin + 1);
    for (unsigned layer = begin + 1; layer < end; ++layer)
      for (auto [op, representative] : llvm::zip_equal(layers.layer(layer), standsIn))
        to[op] = representative;
    // What only these layers load need not be there, either.
    auto isRepresented = [&](Operation *user) {
      Operation *representative = to.lookup(user);
      return representative && representative != user;
    };
    for (unsigned layer = begin + 2; layer < end; ++layer)
      for (auto [op, representative] : llvm::zip_equal(layers.layer(layer), standsIn))
        for (auto [operand, other] : llvm::zip_equal(op->getOperands(), representative->getOperands()))
          if (auto load = operand.getDefiningOp<graph::LoadWeightOp>(); load && llvm::all_of(load->getUsers(), isRepresented)) {
            to[other.getDefiningOp()] = other.getDefiningOp();
            to[load] = other.getDefiningOp();
          }
  }

  const LayeredFunction &before, &after;
  WeightResolver &resolver;
  Weights weightsBefore, weightsAfter;
  DenseMap<Operation *, bool> constants;
};
} // namespace

EqualLayers equalLayers(const LayeredFunction &before, const LayeredFunction &after, WeightResolver &weights) {
  return Matcher(before, after, weights).match();
}
} // namespace tensel::verification
