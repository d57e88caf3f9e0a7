// Versions of a model, one after each pass, and the search among them; see Bisect.h.
#include "compiler/verification/Bisect.h"

#include "compiler/Diagnostics.h"
#include "compiler/verification/Isolated.h"
#include "compiler/verification/Reduce.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassRegistry.h"
#include <chrono>

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
constexpr unsigned secondsToHang = 120;
using Tensors = SmallVector<Tensor>;

/// The module after each pass that changed it, as long as it is all graph.
class Versions : public PassObserver {
public:
  explicit Versions(const Prepare &prepare) : prepare(prepare) {}
  struct Version {
    std::string pass; ///< that made it; "" for the model as imported
    OwningOpRef<ModuleOp> module;
  };
  std::vector<Version> all;

  void attach(PassManager &manager) override {
    manager.getContext()->disableMultithreading();
    manager.addInstrumentation(std::make_unique<Instrumentation>(*this));
    if (prepare)
      prepare(manager);
  }
  llvm::Error verdict() const override { return llvm::Error::success(); }

private:
  class Instrumentation : public PassInstrumentation {
  public:
    explicit Instrumentation(Versions &versions) : versions(versions) {}
    void runBeforePass(Pass *pass, Operation *op) override {
      if (auto module = dyn_cast<ModuleOp>(op); module && !isPassAdaptor(*pass))
        before.emplace(module);
    }
    void runAfterPass(Pass *pass, Operation *op) override {
      auto module = dyn_cast<ModuleOp>(op);
      if (!module || isPassAdaptor(*pass) || !before || OperationFingerPrint(module) == *before)
        return;
      if (versions.isLeft |= !isAllGraph(module); !versions.isLeft)
        versions.all.push_back({pipelineOf(*pass), OwningOpRef<ModuleOp>(module.clone())});
    }

  private:
    Versions &versions;
    std::optional<OperationFingerPrint> before;
  };

  const Prepare &prepare;
  bool isLeft = false;
};

llvm::Expected<Tensors> evaluate(const Case &one) {
  WeightResolver weights;
  DiagnosticCollector diagnostics(one.module.get().getContext());
  auto results = reference::Interpreter(weights).run(one.function(), one.inputs);
  if (failed(results))
    return diagnostics.takeError("the reference interpreter failed");
  Tensors kept;
  for (const Tensor &result : *results)
    kept.push_back(owned(result));
  return kept;
}

class Search {
public:
  Search(const Case &model, ArrayRef<Expectation> expectations, const BisectOptions &options)
      : model(model), expectations(expectations), options(options), versions(options.prepare) {}

  llvm::Expected<Finding> run() {
    versions.all.push_back({"", OwningOpRef<ModuleOp>(model.module.get().clone())});
    auto start = std::chrono::steady_clock::now();
    auto first = missesAt(0);
    if (!first)
      return first.takeError();
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!first->empty())
      return make(Finding::ModelDiffers, 0, *first);
    llvm::Expected<Tensors> compiled = options.runCompiled(model.clone());
    if (!compiled)
      return compiled.takeError();
    std::string last = missedBy(*compiled);
    Case whole = model.clone();
    WeightResolver weights;
    // What goes wrong below the graph is not looked at here.
    PhaseOptions phases = {.roundedBits = options.roundedBits, .observer = &versions};
    llvm::consumeError(runSharedPhases(*whole.module, weights, phases));
    auto graph = missesAt(versions.all.size() - 1);
    if (!graph)
      return graph.takeError();
    if (graph->empty())
      return last.empty() ? make(Finding::Holds, 0, "") : withBroken(makeBelow(last));
    bool isLinear = seconds * static_cast<double>(versions.all.size()) <= options.linearSeconds;
    llvm::Expected<size_t> guilty = isLinear ? firstMissing() : halve();
    if (!guilty)
      return guilty.takeError();
    auto difference = missesAt(*guilty);
    if (!difference)
      return difference.takeError();
    Finding finding = make(Finding::Pass, *guilty, *difference);
    finding.isFirst = isLinear;
    return withBroken(std::move(finding));
  }

private:
  Finding make(Finding::Kind kind, size_t version, const std::string &difference) {
    Finding finding;
    finding.kind = kind;
    finding.pass = versions.all[version].pass;
    finding.number = version;
    finding.passes = versions.all.size() - 1;
    finding.difference = difference;
    return finding;
  }

  Finding makeBelow(const std::string &difference) {
    Finding finding = make(Finding::BelowGraph, versions.all.size() - 1, difference);
    if (options.verifyCompiled)
      if (std::optional<BrokenPromise> broken = options.verifyCompiled(model))
        finding.below = broken->message;
    return finding;
  }

  Case caseAt(size_t version) { return {OwningOpRef<ModuleOp>(versions.all[version].module->clone()), model.inputs}; }

  std::string missedBy(const Tensors &results) {
    for (const Expectation &expectation : expectations) {
      std::string difference = expectation.result < results.size()
                                   ? differenceBeyond(results[expectation.result], expectation.tensor, options.tolerance)
                                   : "there is no such result";
      if (!difference.empty())
        return "result '" + nameOfResult(model.function(), expectation.result) + "': " + difference;
    }
    return "";
  }

  llvm::Expected<std::string> missesAt(size_t version) {
    llvm::Expected<Tensors> results = evaluate(caseAt(version));
    return results ? llvm::Expected<std::string>(missedBy(*results)) : results.takeError();
  }

  llvm::Expected<size_t> firstMissing() {
    for (size_t version = 1;; ++version) {
      auto difference = missesAt(version);
      if (!difference)
        return difference.takeError();
      if (!difference->empty())
        return version;
    }
  }

  llvm::Expected<size_t> halve() {
    size_t good = 0, bad = versions.all.size() - 1;
    while (bad - good > 1) {
      size_t middle = good + (bad - good) / 2;
      auto difference = missesAt(middle);
      if (!difference)
        return difference.takeError();
      (difference->empty() ? good : bad) = middle;
    }
    return bad;
  }

  /// What the guilty part of the compiler makes of a case.
  llvm::Expected<Tensors> transformed(const Case &one, const Finding &finding) {
    if (finding.kind == Finding::BelowGraph)
      return options.runCompiled(one.clone());
    Case copy = one.clone();
    DiagnosticCollector diagnostics(copy.module->getContext());
    PassManager manager(copy.module->getContext());
    if (failed(parsePassPipeline(finding.pass, manager)))
      return llvm::createStringError("'" + finding.pass + "' is no pipeline");
    if (options.prepare)
      options.prepare(manager);
    if (failed(manager.run(*copy.module)))
      return diagnostics.takeError("'" + finding.pass + "' fails");
    return evaluate(copy);
  }

  /// "" where the results stay within the tolerance, or there are none to compare.
  std::string movedBy(const Case &one, const Finding &finding) {
    llvm::Expected<Tensors> right = evaluate(one), found = transformed(one, finding);
    std::string text;
    if (right && found && right->size() == found->size())
      for (auto [k, pair] : llvm::enumerate(llvm::zip_equal(*found, *right)))
        if (std::string difference = differenceBeyond(std::get<0>(pair), std::get<1>(pair), options.tolerance);
            !difference.empty() && text.empty())
          text = "result '" + nameOfResult(one.function(), k) + "': " + difference;
    if (!right)
      llvm::consumeError(right.takeError());
    if (!found)
      llvm::consumeError(found.takeError());
    return text;
  }

  Finding withBroken(Finding finding) {
    auto isMoved = [&](const Case &one) {
      bool answer = false;
      Outcome outcome = runIsolated<bool>([&](bool &moved) { moved = !movedBy(one, finding).empty(); }, answer, secondsToHang);
      return answer && outcome.kind == Outcome::Ended;
    };
    Case before = caseAt(finding.kind == Finding::BelowGraph ? finding.number : finding.number - 1);
    if (!isMoved(before))
      return finding;
    finding.broken = reduce(before, isMoved);
    finding.brokenDifference = movedBy(*finding.broken, finding);
    if (llvm::Expected<Tensors> right = evaluate(*finding.broken))
      finding.right = std::move(*right);
    else
      llvm::consumeError(right.takeError());
    return finding;
  }

  const Case &model;
  ArrayRef<Expectation> expectations;
  const BisectOptions &options;
  Versions versions;
};
} // namespace

llvm::Expected<Finding> bisect(const Case &model, ArrayRef<Expectation> expectations, const BisectOptions &options) {
  return Search(model, expectations, options).run();
}
} // namespace tensel::verification
