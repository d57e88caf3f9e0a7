// Watches a compilation and makes the report of it. What passes decide comes as remarks (passes/Provenance.h), what they change is
// seen at each pass by the names in locations.
#ifndef TENSEL_COMPILER_REPORT_RECORDER_H
#define TENSEL_COMPILER_REPORT_RECORDER_H

#include "compiler/Pipeline.h"
#include "compiler/report/Report.h"
#include "dialects/graph/SourceNodes.h"
#include "llvm/ADT/StringMap.h"

namespace tensel::report {

class Recorder : public PassObserver {
public:
  /// `module` is as imported. A model of no frontend has no `nodes`: they are the places that its ops name. Takes the context's remark
  /// engine until it goes.
  Recorder(mlir::ModuleOp module, const graph::SourceNodes &nodes);
  ~Recorder() override;
  Recorder(const Recorder &) = delete;
  Recorder &operator=(const Recorder &) = delete;

  void attach(mlir::PassManager &passes) override;
  llvm::Error verdict() const override { return llvm::Error::success(); }
  bool watchesKernels() const override { return false; }

  void afterPass(llvm::StringRef pass, mlir::Operation *op);
  void onDecision(mlir::Location location, Decision decision);

  /// `module` has passed the shared phases. The caller fills in what the report says of the file and the options.
  Report finish(mlir::ModuleOp module);

private:
  /// Per node its ops in each function.
  using Snapshot = std::vector<std::vector<Ops>>;

  int find(mlir::Location place) const;
  void addNode(graph::SourceNode node);
  Snapshot look(mlir::ModuleOp module) const;
  void record(llvm::StringRef pass, mlir::ModuleOp module);
  void addFunction(mlir::func::FuncOp function);
  void decideFate(Node &node, const graph::SourceNode &source) const;

  mlir::MLIRContext *context;
  mlir::ModuleOp watched; ///< null once the report is made; what becomes of copies and kernels is not looked at
  Report report;
  graph::SourceNodes sources;   ///< per node
  llvm::StringMap<int> indices; ///< by id
  llvm::StringMap<std::vector<std::string>> kernelOps;
  Snapshot last;
};

} // namespace tensel::report
#endif // TENSEL_COMPILER_REPORT_RECORDER_H
