// Lowers every entry to an LLVM function and writes down what the package says about the program.
#include "passes/Provenance.h"
#include "passes/task/HostEmitter.h"
#include "passes/task/Passes.h"
#include "passes/task/States.h"

using namespace mlir;

namespace tensel {
#define GEN_PASS_DEF_LOWERTASKPASS
#include "passes/task/Passes.h.inc"

namespace {

struct LowerTaskPass : impl::LowerTaskPassBase<LowerTaskPass> {
  using Base::Base;

  void runOnOperation() final {
    ModuleOp module = getOperation();
    Builder b(&getContext());
    HostGlobals globals(module);
    SmallVector<Attribute> functions;
    for (auto func : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (!func->hasAttr("tensel.entry"))
        continue;
      HostEmitter emitter(globals, func);
      if (failed(emitter.emit()))
        return signalPassFailure();
      functions.push_back(describe(b, func, emitter));
      func.erase();
    }
    module->setAttr("tensel.functions", b.getArrayAttr(functions));
    module->setAttr("tensel.weights", b.getArrayAttr(globals.weightNames));
    SmallVector<Attribute> symbols;
    for (auto symbol : module.getOps<graph::SymbolOp>())
      symbols.push_back(
          b.getDictionaryAttr({b.getNamedAttr("name", symbol.getSymNameAttr()), b.getNamedAttr("min", symbol.getMinAttr()),
                               b.getNamedAttr("max", symbol.getMaxAttr()), b.getNamedAttr("step", symbol.getStepAttr())}));
    module->setAttr("tensel.symbols", b.getArrayAttr(symbols));
  }

  static Attribute signature(Builder &b, Type type, DictionaryAttr attributes, size_t index, StringRef fallback, int64_t state) {
    Attribute name = attributes ? attributes.get("graph.name") : Attribute();
    Attribute dims = attributes ? attributes.get("graph.dims") : Attribute();
    if (!name)
      name = b.getStringAttr(fallback + Twine(index));
    if (!dims) {
      SmallVector<Attribute> list;
      for (int64_t size : cast<RankedTensorType>(type).getShape())
        list.push_back(b.getI64IntegerAttr(ShapedType::isDynamic(size) ? -1 : size));
      dims = b.getArrayAttr(list);
    }
    SmallVector<NamedAttribute> fields = {b.getNamedAttr("name", name), b.getNamedAttr("type", TypeAttr::get(type)),
                                          b.getNamedAttr("dims", dims)};
    if (state >= 0)
      fields.push_back(b.getNamedAttr("state", b.getI64IntegerAttr(state)));
    return b.getDictionaryAttr(fields);
  }

  static Attribute describe(Builder &b, func::FuncOp func, const HostEmitter &emitter) {
    SmallVector<Attribute> inputs, outputs;
    SmallVector<int64_t> next(func.getNumArguments(), -1), before(func.getNumResults(), -1);
    auto states = findStates(func); // the emitter has checked them
    for (const StatePair &state : *states) {
      next[state.argument] = state.result;
      before[state.result] = state.argument;
    }
    for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
      inputs.push_back(signature(b, type, func.getArgAttrDict(i), i, "input", next[i]));
    for (auto [i, type] : llvm::enumerate(func.getResultTypes()))
      outputs.push_back(signature(b, type, func.getResultAttrDict(i), i, "output", before[i]));
    SmallVector<StringRef> places;
    for (const std::string &place : emitter.placeNames())
      places.push_back(place);
    // In the order of their numbers (HostEmitter).
    SmallVector<Attribute> dispatches;
    func.walk([&](task::DispatchOp op) {
      SmallVector<Attribute> nodes;
      for (const std::string &node : nodeNames(op.getLoc()))
        nodes.push_back(b.getStringAttr(node));
      SmallVector<NamedAttribute> fields = {b.getNamedAttr("kernel", op.getKernelAttr().getAttr()),
                                            b.getNamedAttr("nodes", b.getArrayAttr(nodes))};
      if (Attribute cost = op->getAttr("task.cost"))
        fields.push_back(b.getNamedAttr("cost", cost));
      dispatches.push_back(b.getDictionaryAttr(fields));
    });
    return b.getDictionaryAttr(
        {b.getNamedAttr("dispatches", b.getArrayAttr(dispatches)), b.getNamedAttr("name", func.getSymNameAttr()),
         b.getNamedAttr("entry", b.getStringAttr("tensel_entry_" + func.getSymName())),
         b.getNamedAttr("inputs", b.getArrayAttr(inputs)), b.getNamedAttr("outputs", b.getArrayAttr(outputs)),
         b.getNamedAttr("planned_values", func->getAttr("tensel.planned_values")),
         b.getNamedAttr("places", b.getStrArrayAttr(places))});
  }
};

} // namespace
} // namespace tensel
