// The scheduled side of a report: dispatches with their costs, buffers with their places, and the peak.
#include "compiler/report/Recorder.h"

#include "dialects/task/Task.h"
#include "passes/Provenance.h"
#include "runtime/package/MemoryPlanner.h"
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

int64_t numberOf(DictionaryAttr from, StringRef name) { return from.getAs<IntegerAttr>(name).getInt(); }

void place(Function &function) {
  std::vector<rt::PlannerValue> values;
  for (const Buffer &buffer : function.buffers)
    values.push_back({buffer.bytes, buffer.first, buffer.last});
  std::vector<int64_t> offsets;
  // A size that is not bounded is negative: then there is no plan before a session is made.
  if (!rt::planMemory(values, offsets, function.peakBytes)) {
    function.peakBytes = -1;
    return;
  }
  for (auto [buffer, offset] : llvm::zip_equal(function.buffers, offsets))
    buffer.offset = offset;
}

/// Where the most is alive; that can only change where something begins to live.
void findPeak(Function &function) {
  if (function.peakBytes < 0)
    return;
  auto aliveAt = [&](int position) {
    std::vector<int> alive;
    for (auto [i, buffer] : llvm::enumerate(function.buffers))
      if (buffer.first <= position && position <= buffer.last && buffer.bytes > 0)
        alive.push_back(static_cast<int>(i));
    return alive;
  };
  function.aliveBytes = 0;
  for (const Buffer &start : function.buffers) {
    std::vector<int> alive = aliveAt(start.first);
    int64_t bytes = 0;
    for (int index : alive)
      bytes += static_cast<int64_t>(llvm::alignTo(function.buffers[index].bytes, 64));
    if (bytes <= function.aliveBytes)
      continue;
    function.aliveBytes = bytes;
    function.peakPosition = start.first;
    function.peakAlive = std::move(alive);
  }
  llvm::stable_sort(function.peakAlive, [&](int a, int b) { return function.buffers[a].bytes > function.buffers[b].bytes; });
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
  if (auto planned = source->getAttrOfType<ArrayAttr>("tensel.planned_values"))
    for (auto value : planned.getAsRange<DictionaryAttr>())
      function.buffers.push_back({value.getAs<StringAttr>("name").str(),
                                  atMaxima(value.getAs<DenseI64ArrayAttr>("size_expr").asArrayRef(), report.symbols), -1,
                                  static_cast<int>(numberOf(value, "first")), static_cast<int>(numberOf(value, "last"))});
  place(function);
  findPeak(function);
  report.functions.push_back(std::move(function));
}

} // namespace tensel::report
