// See SessionMemory.h.
#include "runtime/package/SessionMemory.h"
#include "runtime/include/tensel/runtime.h"
#include "runtime/package/SessionTables.h"
#include "runtime/package/SizeExpr.h"

#include <algorithm>

using namespace tensel::rt;

std::vector<int64_t> tensel::rt::declaredMaxima(const PackageData &package) {
  std::vector<int64_t> maxima;
  for (const SymbolData &symbol : package.symbols)
    maxima.push_back(symbol.max < 0 || symbol.step < 1 ? symbol.max : symbol.max / symbol.step * symbol.step);
  return maxima;
}

std::vector<uint32_t> FunctionPlan::aliveAtPeak() const {
  std::vector<uint32_t> alive;
  for (uint32_t i = 0; i < values.size(); ++i)
    if (values[i].first <= live.position && live.position <= values[i].last && values[i].bytes != 0)
      alive.push_back(i);
  std::sort(alive.begin(), alive.end(), [this](uint32_t a, uint32_t b) {
    return values[a].bytes != values[b].bytes ? values[a].bytes > values[b].bytes : a < b;
  });
  return alive;
}

/// The value of a size, or -1.
static int64_t sizeOf(const PlannedValueData &value, const std::vector<int64_t> &symbols) {
  for (size_t s = 0; s < symbols.size(); ++s)
    if (symbols[s] < 0 && readsSymbol(value.sizeExpr.data(), value.sizeExpr.size(), int64_t(s)))
      return -1;
  int64_t bytes = -1;
  auto result = evalSizeExpr(value.sizeExpr.data(), value.sizeExpr.size(), symbols.data(), symbols.size(), bytes);
  return result == SizeExprResult::Ok ? bytes : -1;
}

std::optional<FunctionPlan> tensel::rt::planFunction(const FunctionData &function, const std::vector<int64_t> &symbols,
                                                     PlannerEffort effort) {
  FunctionPlan plan;
  for (const PlannedValueData &value : function.plannedValues) {
    int64_t bytes = sizeOf(value, symbols);
    if (bytes < 0)
      return std::nullopt;
    plan.values.push_back({bytes, value.first, value.last});
  }
  size_t count = plan.values.size();
  std::vector<int64_t> offsets(count), scratch(MemoryPlanner::scratchWords * count);
  MemoryPlanner planner(plan.values.data(), count, offsets.data(), scratch.data());
  if (!planner.plan(function.placingOrder.size() == count ? function.placingOrder.data() : nullptr, effort))
    return std::nullopt;
  plan.live = planner.livePeak();
  plan.order.assign(planner.order(), planner.order() + count);
  plan.arenaBytes = planner.arenaBytes();
  return plan;
}

/// The bytes of a tensor, or -1.
static int64_t sizeOf(const TensorData &tensor, const std::vector<int64_t> &symbols) {
  auto bytes = int64_t(tensel_elem_type_size(tensel_elem_type(tensor.elemType)));
  for (const DimData &dim : tensor.dims) {
    int64_t size = dim.value >= 0 ? dim.value : dim.symbol >= 0 ? symbols[size_t(dim.symbol)] : -1;
    if (size < 0 || __builtin_mul_overflow(bytes, size, &bytes))
      return -1;
  }
  return bytes;
}

std::optional<SessionMemory> tensel::rt::stateMemory(const PackageData &package, const FunctionData &function,
                                                     const std::vector<int64_t> &symbols, int threads) {
  std::optional<FunctionPlan> plan = planFunction(function, symbols, sessionEffort);
  if (!plan)
    return std::nullopt;
  SessionMemory memory;
  memory.arena = function.peakBytes < 0 ? plan->arenaBytes : std::min(plan->arenaBytes, function.peakBytes);
  for (const TensorData &input : function.inputs) {
    if (input.state < 0)
      continue;
    int64_t bytes = sizeOf(input, symbols);
    if (bytes < 0 || __builtin_add_overflow(memory.states, bytes, &memory.states))
      return std::nullopt;
  }
  memory.tables = sessionTableBytes({int64_t(package.symbols.size()), int64_t(function.inputs.size() + function.outputs.size()),
                                     int64_t(function.inputs.size()), int64_t(function.plannedValues.size()), threads});
  memory.stacks = workerStacksBytes(package.kernelStackBytes, threads);
  return memory;
}
