// Ops by node after each pass, decisions as they come, and in the end what became of each node; see Recorder.h.
#include "compiler/report/Recorder.h"

#include "dialects/graph/Graph.h"
#include "dialects/task/Task.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "passes/Provenance.h"
#include "runtime/package/PackageData.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tensel::report {
namespace {
class Instrumentation : public PassInstrumentation {
public:
  explicit Instrumentation(Recorder &recorder) : recorder(recorder) {}
  void runAfterPass(Pass *pass, Operation *op) override { recorder.afterPass(pass->getArgument(), op); }

private:
  Recorder &recorder;
};

class Streamer : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit Streamer(Recorder &recorder) : recorder(recorder) {}
  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    recorder.onDecision(remark.getLocation(), {remark.getCategoryName().str(), remark.getRemarkName().str(),
                                               remark.getArgs().empty() ? "" : remark.getArgs().front().val,
                                               remark.getRemarkType() == llvm::remarks::Type::Passed});
  }

private:
  Recorder &recorder;
};

bool isKernel(Operation *op) { return op->hasAttr("tensel.kernel"); }

/// What nodes are made of; index arithmetic belongs to the host program as a whole.
bool isCounted(Operation *op) {
  return isa<graph::GraphDialect, task::TaskDialect>(op->getDialect()) && !op->hasTrait<OpTrait::IsTerminator>() &&
         !isa<graph::WeightOp, graph::SymbolOp>(op);
}

bool isNamed(const std::string &op, StringRef name) { return StringRef(op) == name; }
bool isConstant(const std::string &op) { return isNamed(op, "graph.constant") || isNamed(op, "graph.load_weight"); }
} // namespace

Recorder::Recorder(ModuleOp module, const graph::SourceNodes &nodes) : context(module.getContext()), watched(module) {
  for (const graph::SourceNode &node : nodes)
    addNode(node);
  if (nodes.empty())
    for (auto function : module.getOps<func::FuncOp>())
      function.walk([&](Operation *op) {
        if (isCounted(op))
          for (Location place : sourcePlaces(op->getLoc()))
            addNode({nameOfPlace(place), nameOfPlace(place), op->getName().stripDialect().str()});
      });
  remark::RemarkCategories categories;
  categories.passed = categories.missed = "tensel-.*";
  (void)remark::enableOptimizationRemarks(*context, std::make_unique<Streamer>(*this),
                                          std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
  last.resize(report.nodes.size());
  record("import", module);
}

Recorder::~Recorder() { context->setRemarkEngine(nullptr); }

void Recorder::addNode(graph::SourceNode node) {
  if (!indices.try_emplace(node.id, report.nodes.size()).second)
    return;
  report.nodes.emplace_back();
  report.nodes.back().id = node.id;
  report.nodes.back().name = node.name;
  report.nodes.back().op = node.op;
  sources.push_back(std::move(node));
}

int Recorder::find(Location place) const {
  auto found = indices.find(nameOfPlace(place));
  return found == indices.end() ? -1 : found->second;
}

void Recorder::attach(PassManager &passes) {
  // Remarks of several threads would come in any order.
  passes.getContext()->disableMultithreading();
  passes.addInstrumentation(std::make_unique<Instrumentation>(*this));
}

void Recorder::onDecision(Location location, Decision decision) {
  for (Location place : sourcePlaces(location))
    if (int index = find(place); index >= 0)
      if (auto &decisions = report.nodes[index].decisions; !llvm::is_contained(decisions, decision))
        decisions.push_back(decision);
}

Recorder::Snapshot Recorder::look(ModuleOp module) const {
  Snapshot found(report.nodes.size());
  for (auto function : module.getOps<func::FuncOp>())
    if (!isKernel(function))
      function.walk([&](Operation *op) {
        if (!isCounted(op))
          return;
        for (Location place : sourcePlaces(op->getLoc()))
          if (int index = find(place); index >= 0) {
            std::vector<Ops> &functions = found[index];
            if (functions.empty() || functions.back().function != function.getName())
              functions.push_back({function.getName().str(), {}});
            functions.back().ops.push_back(op->getName().getStringRef().str());
          }
      });
  return found;
}

void Recorder::record(StringRef pass, ModuleOp module) {
  Snapshot now = look(module);
  for (auto [node, before, after] : llvm::zip_equal(report.nodes, last, now))
    if (before != after)
      node.stages.push_back({pass.str(), after});
  last = std::move(now);
}

void Recorder::afterPass(StringRef pass, Operation *op) {
  ModuleOp module = watched;
  if (!module || op != module.getOperation())
    return;
  record(pass, module);
  for (auto function : module.getOps<func::FuncOp>())
    if (auto [place, isNew] = kernelOps.try_emplace(function.getName()); isKernel(function) && isNew)
      function.walk([&](Operation *inner) {
        if (isCounted(inner) && !isa<graph::ConstantOp>(inner))
          place->second.push_back(inner->getName().getStringRef().str());
      });
}

void Recorder::decideFate(Node &node, const graph::SourceNode &source) const {
  auto setFate = [&](Fate fate, std::string why) {
    node.fate = fate;
    node.why = std::move(why);
  };
  if (!node.dispatches.empty())
    return setFate(Fate::Kernel, "");
  bool isAllConstant = true, isView = false, hadOps = false;
  for (const Ops &function : last[indices.lookup(node.id)])
    for (const std::string &op : function.ops) {
      hadOps = true;
      isAllConstant &= isConstant(op);
      isView |= isNamed(op, "task.alias");
    }
  // Only what says nothing else was dropped for want of readers: dims are read before, without their op.
  static const std::pair<StringRef, Fate> fates[] = {
      {"fold", Fate::Constant}, {"view", Fate::View}, {"host", Fate::Host}, {"merge", Fate::Merged}};
  for (const Decision &decision : llvm::reverse(node.decisions))
    for (auto [what, fate] : fates)
      if (decision.isTaken && decision.what == what)
        return setFate(isView ? Fate::View : fate, decision.reason);
  if (hadOps && isAllConstant)
    return setFate(Fate::Constant, "it is a constant");
  if (source.import != graph::SourceNode::Made)
    return setFate(source.import == graph::SourceNode::Passed  ? Fate::Merged
                   : source.import == graph::SourceNode::Known ? Fate::Constant
                                                               : Fate::Dead,
                   source.note);
  if (node.stages.empty() ||
      llvm::any_of(node.decisions, [](const Decision &decision) { return decision.isTaken && decision.what == "drop"; }))
    return setFate(Fate::Dead, "nothing reads its result");
  bool wasConstant =
      llvm::all_of(node.stages.front().functions, [](const Ops &ops) { return llvm::all_of(ops.ops, isConstant); });
  if (wasConstant)
    return setFate(Fate::Constant, "it is a constant");
  setFate(Fate::Unknown, "");
}

Report Recorder::finish(ModuleOp module) {
  watched = nullptr;
  for (auto symbol : module.getOps<graph::SymbolOp>())
    report.symbols.push_back(
        {symbol.getSymName().str(), int64_t(symbol.getMin()), int64_t(symbol.getMax()), int64_t(symbol.getStep())});
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr("tensel.entry"))
      addFunction(function);
  llvm::StringMap<int> calls;
  for (const Function &function : report.functions)
    for (const Dispatch &dispatch : function.dispatches)
      ++calls[dispatch.kernel];
  for (auto function : module.getOps<func::FuncOp>())
    if (isKernel(function))
      report.kernels.push_back(
          {function.getName().str(), kernelOps.lookup(function.getName()), calls.lookup(function.getName())});
  for (auto [node, source] : llvm::zip_equal(report.nodes, sources))
    decideFate(node, source);
  return std::move(report);
}

} // namespace tensel::report
