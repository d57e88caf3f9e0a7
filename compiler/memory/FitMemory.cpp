// See FitMemory.h.
#include "compiler/memory/FitMemory.h"

#include "compiler/memory/PlannedValues.h"
#include "dialects/graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/task/SplitBatch.h"
#include "passes/task/States.h"
#include "runtime/include/tensel/runtime.h"
#include "runtime/package/SessionMemory.h"
#include <limits>

using namespace mlir;

namespace tensel {
namespace {

constexpr size_t mostNamed = 8; // values in the message

/// What the function that needs most needs.
struct Need {
  int64_t total = 0, arena = 0;
  std::string function, alive;
};

/// An argument's dims as the package has them, and behind them the bytes of an element.
std::vector<rt::DimData> dimsOf(func::FuncOp func, unsigned argument, const rt::PackageData &package) {
  auto type = cast<RankedTensorType>(func.getArgumentTypes()[argument]);
  auto names = func.getArgAttrOfType<ArrayAttr>(argument, "graph.dims");
  std::vector<rt::DimData> dims;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    rt::DimData &dim = dims.emplace_back(rt::DimData{type.isDynamicDim(d) ? -1 : type.getDimSize(d), -1});
    if (auto name = names ? dyn_cast<StringAttr>(names[d]) : StringAttr(); name && dim.value < 0)
      for (auto [s, symbol] : llvm::enumerate(package.symbols))
        if (symbol.name == name.getValue())
          dim.symbol = static_cast<int32_t>(s);
  }
  dims.push_back({static_cast<int64_t>(llvm::divideCeil(type.getElementTypeBitWidth(), 8)), -1});
  return dims;
}

/// A planned entry as the package would describe it.
rt::FunctionData describe(func::FuncOp func, const rt::PackageData &package) {
  rt::FunctionData data;
  data.name = func.getSymName().str();
  data.inputs.resize(func.getNumArguments());
  data.outputs.resize(func.getNumResults());
  if (auto states = findStates(func); succeeded(states))
    for (const StatePair &state : *states) {
      rt::TensorData &input = data.inputs[state.argument];
      input.elemType = TENSEL_U8;
      input.dims = dimsOf(func, state.argument, package);
      input.state = static_cast<int32_t>(state.result);
    }
  data.plannedValues = readPlannedValues(func->getAttrOfType<ArrayAttr>("tensel.planned_values"));
  return data;
}

/// Empty where a size is not bounded.
std::optional<Need> needOf(ModuleOp planned) {
  rt::PackageData package;
  for (auto symbol : planned.getOps<graph::SymbolOp>())
    package.symbols.push_back({symbol.getSymName().str(), static_cast<int64_t>(symbol.getMin()),
                               static_cast<int64_t>(symbol.getMax()), static_cast<int64_t>(symbol.getStep())});
  std::vector<int64_t> maxima = rt::declaredMaxima(package);
  Need most;
  for (auto func : planned.getOps<func::FuncOp>()) {
    if (!func->hasAttr("tensel.entry"))
      continue;
    rt::FunctionData function = describe(func, package);
    std::optional<rt::FunctionPlan> plan = rt::planFunction(function, maxima, rt::compilerEffort);
    if (!plan)
      return std::nullopt;
    function.placingOrder = plan->order;
    function.peakBytes = plan->arenaBytes;
    std::optional<rt::SessionMemory> memory = rt::stateMemory(package, function, maxima, 1);
    if (!memory)
      return std::nullopt;
    if (memory->total() < most.total)
      continue;
    most = {memory->total(), memory->arena, function.name, ""};
    std::vector<uint32_t> alive = plan->aliveAtPeak();
    for (uint32_t i : llvm::ArrayRef<uint32_t>(alive).take_front(mostNamed)) {
      const std::string &name = function.plannedValues[i].name;
      most.alive +=
          (most.alive.empty() ? "'" : ", '") + (name.empty() ? "?" : name) + "' " + std::to_string(plan->values[i].bytes);
    }
    if (alive.size() > mostNamed)
      most.alive += ", and " + std::to_string(alive.size() - mostNamed) + " more";
  }
  return most;
}

/// "symbol 'N' has no largest value", where one has none.
llvm::Error notBounded(ModuleOp module) {
  for (auto symbol : module.getOps<graph::SymbolOp>())
    if (static_cast<int64_t>(symbol.getMax()) < 0)
      return llvm::createStringError("--max-memory: the symbol '" + symbol.getSymName() +
                                     "' has no largest value; expected --shape " + symbol.getSymName() + "=MIN..MAX");
  return llvm::createStringError("--max-memory: a size has no bound");
}

class Fitter {
public:
  Fitter(ModuleOp module, int64_t limit, StringRef formDispatches, RunPasses run)
      : module(module), limit(limit), formDispatches(formDispatches), run(run) {}

  llvm::Expected<MemoryMeans> fit() {
    llvm::Expected<bool> found = tryDispatches("", "as it is");
    SplitChoices slices = found && !*found ? splitChoices(module) : SplitChoices();
    int64_t last = std::numeric_limits<int64_t>::max();
    std::string split;
    for (int64_t rows : slices.rows) {
      if (!found || *found)
        break;
      if (rows != 1 && rows > last / 2)
        continue; // about half of what did not fit
      last = rows;
      split = "tensel-split-batch{rows=" + std::to_string(rows) + "}" + cleanUp.str();
      found = tryDispatches(split, "batches of " + std::to_string(rows));
    }
    if (found && !*found)
      found = tryTiles("", "");
    if (found && !*found && !split.empty())
      found = tryTiles(split + ",", "batches of " + std::to_string(last) + ", ");
    if (!found)
      return found.takeError();
    if (*found)
      return means;
    return llvm::createStringError("--max-memory: found a need of at least " + std::to_string(least.total) + " bytes by '" +
                                   least.function + "', expected at most " + std::to_string(limit) +
                                   "\nalive at its peak: " + (least.alive.empty() ? "nothing" : least.alive) +
                                   "\ntried: " + tried + "; others of " + std::to_string(ways) + " ways are no better" +
                                   (slices.refusal.empty() ? "" : "; the batch stays whole: " + slices.refusal));
  }

private:
  static constexpr llvm::StringLiteral cleanUp = ",tensel-infer-shapes,tensel-canonicalize,tensel-cse";

  /// The same for stretches of the program that `onGraph` makes, in ever smaller tiles.
  llvm::Expected<bool> tryTiles(const std::string &onGraph, const std::string &name) {
    for (int64_t tiles : {2, 4, 8, 16})
      for (int64_t target : targets()) {
        std::string count = std::to_string(tiles);
        llvm::Expected<bool> found =
            tryDispatches(onGraph + "tensel-tile-rows{tiles=" + count + " limit=" + std::to_string(target) + "}" + cleanUp.str(),
                          name + count + " tiles" + (target ? "" : " everywhere"));
        if (!found || *found)
          return found;
      }
    return false;
  }

  /// How few bytes in the arena are few enough: just what there is room for; then as few as can be.
  SmallVector<int64_t> targets() const {
    int64_t room = std::max<int64_t>(limit - beside, 0);
    return room ? SmallVector<int64_t>{room, 0} : SmallVector<int64_t>{0};
  }

  /// Whether the program fits, made by `onGraph` and by what can be done to its dispatches; sets `means` then.
  llvm::Expected<bool> tryDispatches(const std::string &onGraph, const std::string &name) {
    OwningOpRef<ModuleOp> formed = module.clone();
    if (!onGraph.empty())
      if (llvm::Error error = run(*formed, onGraph))
        return std::move(error);
    if (llvm::Error error = run(*formed, formDispatches))
      return std::move(error);
    llvm::Expected<int64_t> room = tryPasses(*formed, onGraph, "", name);
    const std::string reorder = "tensel-reorder-dispatches", again = ",tensel-rematerialize{limit=";
    if (room && *room < 0)
      room = tryPasses(*formed, onGraph, reorder, name + ", reordered");
    for (int64_t target : targets())
      if (room && *room < 0)
        room = tryPasses(*formed, onGraph, reorder + again + std::to_string(target) + "}",
                         name + (target ? ", computed again" : ", computed again at will"));
    if (!room)
      return room.takeError();
    return *room >= 0;
  }

  /// The bytes that are left below the limit.
  llvm::Expected<int64_t> tryPasses(ModuleOp formed, const std::string &onGraph, const std::string &passes,
                                    const std::string &name) {
    OwningOpRef<ModuleOp> copy = formed.clone();
    if (!passes.empty())
      if (llvm::Error error = run(*copy, passes))
        return std::move(error);
    if (llvm::Error error = run(*copy, "tensel-plan-memory"))
      return std::move(error);
    std::optional<Need> need = needOf(*copy);
    if (!need)
      return notBounded(module);
    beside = need->total - need->arena;
    ++ways;
    if (least.function.empty() || need->total < least.total) {
      tried += (tried.empty() ? "" : "; ") + name + " " + std::to_string(need->total);
      least = *need;
    }
    means = {onGraph, passes};
    return limit - need->total;
  }

  ModuleOp module;
  int64_t limit, beside = 0;
  StringRef formDispatches;
  RunPasses run;
  MemoryMeans means;
  Need least;
  std::string tried; // what needed less than all before it
  int ways = 0;
};
} // namespace

llvm::Expected<MemoryMeans> fitMemory(ModuleOp module, int64_t limit, llvm::StringRef formDispatches, RunPasses run) {
  return Fitter(module, limit, formDispatches, run).fit();
}
} // namespace tensel
