// The scheduled side of a report: dispatches with their costs, buffers with their places, and the peak.
#include "compiler/report/Recorder.h"

#include "compiler/memory/PlannedValues.h"
#include "dialects/task/Task.h"
#include "passes/Provenance.h"
#include "runtime/package/SessionMemory.h"
#include "runtime/package/SizeExpr.h"

using namespace mlir;

namespace tensel::report {
namespace {
/// The value at the symbols' maxima, or -1 where it has none.
int64_t atMaxima(ArrayRef<int64_t> expr, ArrayRef<Symbol> symbols) {
  std::vector<int64_t> maxima;
  for (auto [i, symbol] : llvm::enumerate(symbols)) {
    if (symbol.max < 0 && rt::readsSymbol(expr.data(), expr.size(), static_cast<int64_t>(i)))
      return -1;
    maxima.push_back(std::max<int64_t>(symbol.max, 0) / symbol.step * symbol.step);
  }
  int64_t value = -1;
  auto result = rt::evalSizeExpr(expr.data(), expr.size(), maxima.data(), maxima.size(), value);
  return result == rt::SizeExprResult::Ok ? value : -1;
}

/// Lays the buffers out and finds where the most is alive.
void place(Function &function) {
  rt::FunctionPlan plan;
  for (const Buffer &buffer : function.buffers)
    plan.values.push_back({buffer.bytes, buffer.first, buffer.last});
  std::vector<int64_t> offsets;
  // A size that is not bounded is negative: then there is no plan before a session is made.
  if (!rt::planMemory(plan.values, offsets, function.peakBytes, &plan.live)) {
    function.peakBytes = -1;
    return;
  }
  for (auto [buffer, offset] : llvm::zip_equal(function.buffers, offsets))
    buffer.offset = offset;
  function.aliveBytes = plan.live.bytes;
  function.peakPosition = plan.live.position;
  for (uint32_t index : plan.aliveAtPeak())
    function.peakAlive.push_back(static_cast<int>(index));
}
} // namespace

void Recorder::addFunction(func::FuncOp source) {
  Function function;
  function.name = source.getName();
  const int index = static_cast<int>(report.functions.size());
  source.walk([&](task::DispatchOp op) {
    Dispatch dispatch;
    dispatch.kernel = op.getKernel();
    if (auto position = op->getAttrOfType<IntegerAttr>("task.position"))
      dispatch.position = static_cast<int>(position.getInt());
    if (auto apart = op->getAttrOfType<StringAttr>("task.apart"))
      dispatch.apart = apart.str();
    int64_t *numbers[] = {&dispatch.operations, &dispatch.bytesRead, &dispatch.bytesWritten};
    if (auto cost = op->getAttrOfType<ArrayAttr>("task.cost"))
      for (auto [number, expr] : llvm::zip_equal(numbers, cost))
        *number = atMaxima(cast<DenseI64ArrayAttr>(expr).asArrayRef(), report.symbols);
    for (Location location : sourcePlaces(op.getLoc()))
      if (int node = find(location); node >= 0) {
        dispatch.nodes.push_back(node);
        report.nodes[node].dispatches.push_back({index, static_cast<int>(function.dispatches.size())});
      }
    function.dispatches.push_back(std::move(dispatch));
  });
  for (const rt::PlannedValueData &value : readPlannedValues(source->getAttrOfType<ArrayAttr>("tensel.planned_values")))
    function.buffers.push_back({value.name, atMaxima(value.sizeExpr, report.symbols), -1, value.first, value.last});
  place(function);
  report.functions.push_back(std::move(function));
}

} // namespace tensel::report
