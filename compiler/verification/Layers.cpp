// Finds runs of equal layers in a function's list of ops; see Layers.h.
#include "compiler/verification/Layers.h"

#include "dialects/task/Task.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "llvm/ADT/Hashing.h"
#include <map>

using namespace mlir;

namespace tensel::verification {
namespace {
/// What an op computes does not hang on what dims are called, nor on where a plan puts results and what was noted for it: PlanWatch
/// looks at every op.
bool isMeant(Operation *op, StringAttr name) {
  if (name == "graph.dims" || name.getValue().starts_with("task."))
    return false;
  return !isa<task::TaskDialect>(op->getDialect()) || (name != "ids" && name != "sizes");
}

llvm::hash_code hashOf(Operation *op) {
  llvm::hash_code hash = llvm::hash_combine(op->getName().getAsOpaquePointer(), op->getNumOperands());
  for (NamedAttribute attribute : op->getAttrs())
    if (isMeant(op, attribute.getName()))
      hash = llvm::hash_combine(hash, attribute.getName().getAsOpaquePointer(), attribute.getValue().getAsOpaquePointer());
  for (Type type : op->getResultTypes())
    hash = llvm::hash_combine(hash, type.getAsOpaquePointer());
  return hash;
}

/// Finds the runs of one function.
class Finder {
public:
  explicit Finder(LayeredFunction &to) : to(to), terminator(to.function.front().getTerminator()) {}

  void find() {
    list();
    std::vector<bool> taken(ops.size());
    while (std::optional<Stretch> best = longest(taken)) {
      std::fill_n(taken.begin() + best->begin, best->end - best->begin, true);
      if (std::vector<Layers> cuts = cutsOf(*best); !cuts.empty())
        to.runs.push_back(std::move(cuts));
    }
  }

private:
  struct Operand {
    enum Kind { Constant, Weight, Argument, Made } kind = Made;
    const void *type = nullptr;
    size_t what = 0;       ///< the constant's hash; the op's index
    unsigned result = 0;   ///< which of that op
    Given given = {{}, 0}; ///< of a weight or an argument
  };
  struct Item {
    Operation *op;
    size_t hash;
    SmallVector<Operand, 4> operands;
  };
  /// Op i in [begin, end - period) equals op i + period.
  struct Stretch {
    size_t begin, end, period;
    size_t count() const { return (end - begin) / period; }
    /// Ops that need no evaluation: all but those of two layers.
    size_t gain() const { return count() < leastLayers ? 0 : (count() - 2) * period; }
  };

  Operand describe(Value value) {
    Operand operand;
    operand.type = value.getType().getAsOpaquePointer();
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      operand.kind = Operand::Argument;
      operand.given = {{}, argument.getArgNumber()};
      return operand;
    }
    Operation *op = value.getDefiningOp();
    operand.result = cast<OpResult>(value).getResultNumber();
    if (auto load = dyn_cast<graph::LoadWeightOp>(op)) {
      operand.kind = Operand::Weight;
      operand.given = {load.getWeightAttr().getAttr(), 0};
    } else if (auto index = indices.find(op); index != indices.end()) {
      operand.what = index->second;
    } else {
      operand.kind = Operand::Constant;
      operand.what = hashOf(op);
    }
    return operand;
  }

  void list() {
    for (Operation &op : to.function.front().without_terminator()) {
      if (op.getNumOperands() == 0 && op.getNumRegions() == 0)
        continue;
      Item item{&op, hashOf(&op), {}};
      // What has parts of its own is like no other.
      if (op.getNumRegions() > 0 || isa<CallOpInterface>(op))
        item.hash = llvm::hash_combine(item.hash, &op);
      for (Value operand : op.getOperands())
        item.operands.push_back(describe(operand));
      for (Value result : op.getResults()) // how often it is returned
        item.hash = llvm::hash_combine(item.hash, llvm::count(terminator->getOperands(), result));
      indices[&op] = ops.size();
      ops.push_back(std::move(item));
    }
    to.function.walk([&](graph::LoadWeightOp load) { to.uses.insert({load.getWeightAttr().getAttr(), 0}); });
    for (BlockArgument argument : to.function.getArguments())
      if (!argument.use_empty())
        to.uses.insert({{}, argument.getArgNumber()});
  }

  bool areEqual(size_t i, size_t period) const {
    const Item &a = ops[i], &b = ops[i + period];
    return a.hash == b.hash && llvm::all_of(llvm::zip_equal(a.operands, b.operands), [&](auto pair) {
             const Operand &x = std::get<0>(pair), &y = std::get<1>(pair);
             if (x.kind != y.kind || x.type != y.type || x.result != y.result)
               return false;
             return x.what == y.what || (x.kind == Operand::Made && x.what + period == y.what);
           });
  }

  /// Distances at which ops come again, the most frequent ones first.
  SmallVector<size_t> periods() const {
    DenseMap<size_t, size_t> last;
    std::map<size_t, size_t> counts;
    for (size_t i = 0; i < ops.size(); ++i) {
      auto [place, isNew] = last.try_emplace(ops[i].hash, i);
      if (!isNew)
        ++counts[i - std::exchange(place->second, i)];
    }
    SmallVector<std::pair<size_t, size_t>> order;
    for (auto [period, count] : counts)
      order.push_back({count, period});
    llvm::sort(order, std::greater<>());
    SmallVector<size_t> list;
    for (auto [count, period] : ArrayRef(order).take_front(mostPeriods))
      list.push_back(period);
    return list;
  }

  std::optional<Stretch> longest(const std::vector<bool> &taken) const {
    std::optional<Stretch> best;
    for (size_t period : periods())
      for (size_t begin = 0; begin + period < ops.size();) {
        size_t i = begin;
        while (i + period < ops.size() && !taken[i] && !taken[i + period] && areEqual(i, period))
          ++i;
        Stretch stretch{begin, i > begin ? i + period : begin, period};
        if (stretch.gain() > (best ? best->gain() : 0))
          best = stretch;
        begin = i + 1;
      }
    return best;
  }

  /// The layers that begin at each of the first ops of a stretch, but for those that come to the same.
  std::vector<Layers> cutsOf(const Stretch &stretch) const {
    std::vector<Layers> cuts;
    for (size_t begin = stretch.begin; begin < stretch.begin + stretch.period; ++begin)
      if (std::optional<Layers> layers = cutAt(begin, stretch);
          layers && (cuts.empty() || cuts.back().count != layers->count || cuts.back().results != layers->results ||
                     cuts.back().given != layers->given))
        cuts.push_back(std::move(*layers));
    return cuts;
  }

  std::optional<Layers> cutAt(size_t begin, const Stretch &stretch) const {
    Layers layers;
    layers.count = (stretch.end - begin) / stretch.period;
    layers.size = stretch.period;
    if (layers.count < leastLayers)
      return std::nullopt;
    for (size_t i = begin; i < begin + size_t(layers.count) * layers.size; ++i)
      layers.ops.push_back(ops[i].op);
    DenseSet<Given> shared;
    unsigned whats = 0;
    for (size_t place = 0; place < layers.size; ++place) {
      if (!hasLayeredUses(layers, begin, place, whats))
        return std::nullopt;
      for (size_t k = 0; k < ops[begin + place].operands.size(); ++k)
        if (!isLayeredOperand(layers, begin + place, begin, k, shared, whats))
          return std::nullopt;
    }
    for (Given one : shared)
      if (layers.given.contains(one))
        return std::nullopt;
    return layers;
  }

  /// Operand k of an op of the first layer, with its like in the others.
  bool isLayeredOperand(Layers &layers, size_t first, size_t begin, size_t k, DenseSet<Given> &shared, unsigned &whats) const {
    auto at = [&](unsigned layer) -> const Operand & { return ops[first + size_t(layer) * layers.size].operands[k]; };
    const Operand &one = at(0);
    if (one.kind == Operand::Constant)
      return true;
    if (one.kind == Operand::Made) {
      bool isSame = at(1).what == one.what;
      for (unsigned layer = 1; layer < layers.count; ++layer)
        if (at(layer).what != one.what + (isSame ? 0 : size_t(layer) * layers.size))
          return false;
      // Not from further back than the layer before. The same value for all is not one of a layer that is not evaluated.
      return isSame ? one.what < begin + size_t(2) * layers.size : one.what + layers.size >= begin;
    }
    if (at(1).given == one.given) {
      shared.insert(one.given);
      return llvm::all_of(llvm::seq(layers.count), [&](unsigned layer) { return at(layer).given == one.given; });
    }
    // In the first layer, a weight that is used again has its number already; it must be the same number in all.
    auto known = layers.given.find(one.given);
    unsigned what = known == layers.given.end() ? whats++ : known->second.what;
    return llvm::all_of(llvm::seq(layers.count), [&](unsigned layer) {
      Layers::Place place{layer, what};
      return layers.given.try_emplace(at(layer).given, place).first->second == place;
    });
  }

  /// Whether nothing behind the run uses what the op gives in any layer but the last.
  bool hasLayeredUses(Layers &layers, size_t begin, size_t place, unsigned &whats) const {
    const size_t end = begin + size_t(layers.count) * layers.size;
    const unsigned what = whats;
    for (unsigned layer = 0; layer < layers.count; ++layer) {
      unsigned returned = 0;
      for (OpOperand &use : ops[begin + place + size_t(layer) * layers.size].op->getUses()) {
        if (use.getOwner() == terminator) {
          returned += 1;
          continue;
        }
        auto user = indices.find(to.function.front().findAncestorOpInBlock(*use.getOwner()));
        if (layer + 1 < layers.count && (user == indices.end() || user->second >= end))
          return false;
      }
      unsigned number = 0;
      for (Value result : layers.layer(layer)[place]->getResults())
        for (OpOperand &operand : terminator->getOpOperands())
          if (operand.get() == result)
            layers.results[operand.getOperandNumber()] = {layer, what + number++};
      whats = what + returned;
    }
    return true;
  }

  static constexpr size_t mostPeriods = 32;
  LayeredFunction &to;
  Operation *terminator;
  std::vector<Item> ops;
  DenseMap<Operation *, size_t> indices;
};
} // namespace

LayeredFunction::LayeredFunction(func::FuncOp function) : function(function) { Finder(*this).find(); }
} // namespace tensel::verification
