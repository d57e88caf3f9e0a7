// See States.h.
#include "passes/task/States.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace tensel {
namespace {
constexpr llvm::StringLiteral stateName = "graph.state";

/// The dims as the signature gives them: numbers, names, or -1. A name of which only one value is declared is a number in the type.
ArrayAttr dimsOf(Type type, Attribute named) {
  Builder b(type.getContext());
  auto names = dyn_cast_or_null<ArrayAttr>(named);
  SmallVector<Attribute> dims;
  for (auto [d, size] : llvm::enumerate(cast<RankedTensorType>(type).getShape()))
    dims.push_back(!ShapedType::isDynamic(size) ? b.getI64IntegerAttr(size)
                   : names                      ? names[d]
                                                : Attribute(b.getI64IntegerAttr(-1)));
  return b.getArrayAttr(dims);
}
} // namespace

FailureOr<SmallVector<StatePair>> findStates(func::FuncOp entry) {
  llvm::StringMap<unsigned> arguments;
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    if (auto name = entry.getArgAttrOfType<StringAttr>(i, stateName); name && !arguments.try_emplace(name.getValue(), i).second)
      return entry.emitError() << "found the state '" << name.getValue() << "' in two arguments, expected one";
  SmallVector<StatePair> states;
  for (unsigned i = 0; i < entry.getNumResults(); ++i) {
    auto name = entry.getResultAttrOfType<StringAttr>(i, stateName);
    auto argument = name ? arguments.find(name.getValue()) : arguments.end();
    if (argument == arguments.end())
      continue;
    unsigned a = argument->second;
    if (llvm::any_of(states, [&](const StatePair &state) { return state.argument == a; }))
      return entry.emitError() << "found the state '" << name.getValue() << "' in two results, expected one";
    Type before = entry.getArgumentTypes()[a], after = entry.getResultTypes()[i];
    ArrayAttr dimsBefore = dimsOf(before, entry.getArgAttr(a, "graph.dims"));
    ArrayAttr dimsAfter = dimsOf(after, entry.getResultAttr(i, "graph.dims"));
    if (before != after || dimsBefore != dimsAfter)
      return entry.emitError() << "state '" << name.getValue() << "': found a next value of type " << after << " with dims "
                               << dimsAfter << ", expected those of the state, " << before << " with dims " << dimsBefore;
    states.push_back({a, i});
  }
  return states;
}

} // namespace tensel
