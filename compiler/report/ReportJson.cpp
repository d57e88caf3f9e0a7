// A report as the JSON of docs/report.schema.json.
#include "compiler/report/Report.h"

#include <nlohmann/json.hpp>

namespace tensel::report {
namespace {
using Json = nlohmann::ordered_json;

/// null where it is not known.
Json known(int64_t number) { return number < 0 ? Json(nullptr) : Json(number); }

Json describe(const Report &report, const Node &node) {
  Json stages = Json::array(), decisions = Json::array(), dispatches = Json::array();
  for (const Stage &stage : node.stages) {
    Json functions = Json::object();
    for (const Ops &ops : stage.functions)
      functions[ops.function] = ops.ops;
    stages.push_back({{"pass", stage.pass}, {"ops", std::move(functions)}});
  }
  for (const Decision &decision : node.decisions)
    decisions.push_back({{"pass", decision.pass},
                         {"what", decision.what},
                         {"verdict", decision.isTaken ? "taken" : "refused"},
                         {"reason", decision.reason}});
  for (const DispatchPlace &place : node.dispatches)
    dispatches.push_back({{"function", report.functions[place.function].name},
                          {"dispatch", place.dispatch},
                          {"kernel", report.functions[place.function].dispatches[place.dispatch].kernel}});
  return {{"id", node.id},
          {"name", node.name},
          {"op", node.op},
          {"fate", nameOf(node.fate)},
          {"why", node.why},
          {"stages", std::move(stages)},
          {"decisions", std::move(decisions)},
          {"dispatches", std::move(dispatches)}};
}

Json describe(const Report &report, const Function &function) {
  Json dispatches = Json::array(), buffers = Json::array();
  for (const Dispatch &dispatch : function.dispatches) {
    Json nodes = Json::array();
    for (int node : dispatch.nodes)
      nodes.push_back(report.nodes[node].id);
    dispatches.push_back({{"kernel", dispatch.kernel},
                          {"nodes", std::move(nodes)},
                          {"position", dispatch.position},
                          {"operations", known(dispatch.operations)},
                          {"bytes_read", known(dispatch.bytesRead)},
                          {"bytes_written", known(dispatch.bytesWritten)},
                          {"apart", dispatch.apart}});
  }
  for (const Buffer &buffer : function.buffers)
    buffers.push_back({{"node", buffer.name},
                       {"bytes", known(buffer.bytes)},
                       {"offset", known(buffer.offset)},
                       {"first", buffer.first},
                       {"last", buffer.last}});
  Json peak = {{"arena_bytes", known(function.peakBytes)},
               {"alive_bytes", known(function.aliveBytes)},
               {"position", known(function.peakPosition)},
               {"alive", function.peakAlive}};
  return {
      {"name", function.name}, {"dispatches", std::move(dispatches)}, {"buffers", std::move(buffers)}, {"peak", std::move(peak)}};
}
} // namespace

std::string toJson(const Report &report) {
  Json symbols = Json::array(), nodes = Json::array(), functions = Json::array(), kernels = Json::array();
  for (const Symbol &symbol : report.symbols)
    symbols.push_back({{"name", symbol.name}, {"min", symbol.min}, {"max", known(symbol.max)}, {"step", symbol.step}});
  for (const Node &node : report.nodes)
    nodes.push_back(describe(report, node));
  for (const Function &function : report.functions)
    functions.push_back(describe(report, function));
  for (const Kernel &kernel : report.kernels)
    kernels.push_back({{"name", kernel.name}, {"ops", kernel.ops}, {"dispatches", kernel.dispatches}});
  Json whole = {{"schema", "tensel-report"},     {"version", schemaVersion},  {"model", report.model},
                {"compiler", report.compiler},   {"options", report.options}, {"passes", report.passes},
                {"symbols", std::move(symbols)}, {"nodes", std::move(nodes)}, {"functions", std::move(functions)},
                {"kernels", std::move(kernels)}};
  return whole.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace tensel::report
