// `--verify-each=numeric`: runs the reference interpreter on a module before and after each pass, on generated inputs, and holds the pass to
// the numeric class that it declares. What lies below the graph dialect is held as a whole: the compiled program against the reference
// of the last module that was all graph. docs/verification.md tells the user's side.
#ifndef TENSEL_COMPILER_VERIFICATION_VERIFIER_H
#define TENSEL_COMPILER_VERIFICATION_VERIFIER_H

#include "compiler/Pipeline.h"
#include "compiler/reference/Interpreter.h"
#include "compiler/verification/Compare.h"
#include "compiler/verification/Samples.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/NumericClass.h"

namespace tensel::verification {
struct Blame;

struct VerifyOptions {
  double seconds = 60; ///< what all evaluations together may take; looked at between ops
  uint64_t seed = 0;
  GivenInputs given = {};
};

/// A pass that broke its promise, with what it takes to see it again.
struct BrokenPromise {
  std::string pass;     ///< as a text pipeline: "tensel-foo{bits=8}"; "" for the compiled program
  std::string message;  ///< all that is known, several lines
  std::string function; ///< whose inputs these are
  std::string before;   ///< the module before the pass
  llvm::SmallVector<reference::Tensor> inputs;
  std::vector<std::string> inputNames;
};

class Verifier : public PassObserver {
public:
  explicit Verifier(VerifyOptions options) : options(std::move(options)) {}

  /// Adds an instrumentation, which looks at every pass, and turns multithreading off. The verifier must live as long.
  void attach(mlir::PassManager &passes) override;
  /// The broken promise's message; the IR is then that after the guilty pass or a later one of the same manager.
  llvm::Error verdict() const override;

  void beforePass(mlir::Pass &pass, mlir::Operation *op);
  void afterPass(mlir::Pass &pass, mlir::Operation *op);

  /// Is called as a pass has broken its promise.
  virtual void onBroken() {}
  /// Is called as a pass manager that this was attached to goes.
  virtual void onDetached() {}
  /// Drops the modules that are held; where the context goes before this object, that must be told.
  void release();

  /// Runs a function of the compiled program.
  using RunCompiled = llvm::function_ref<llvm::Expected<llvm::SmallVector<reference::Tensor>>(llvm::StringRef function,
                                                                                              llvm::ArrayRef<reference::Tensor>)>;
  /// Holds the compiled program to the bound of class `reassociates`, from the last module of the graph dialect.
  llvm::Error checkCompiled(RunCompiled run);

  const std::optional<BrokenPromise> &broken() const { return brokenPromise; }
  /// What was checked, and what was not and why; a line each.
  llvm::SmallVector<std::string> report() const;

private:
  /// A sample of a function, and what the reference gives for it on the module as it is now.
  struct Run {
    Sample sample;
    llvm::SmallVector<reference::Tensor> results;
  };
  struct Function {
    std::string name, whyNot; ///< why it is not checked any more; "" while it is
    std::vector<Run> runs;
    double seconds = 0; ///< of evaluating all runs once
  };
  /// What an evaluation came to.
  struct Evaluation {
    std::optional<llvm::SmallVector<reference::Tensor>> results;
    std::string error;
    bool isOutOfTime = false, hasEmptyValue = false;
    Terms terms;
  };
  using Watch = std::function<reference::Options::Watch>;

  void start(mlir::ModuleOp module);
  void chooseSamples(mlir::func::FuncOp function, Function &state);
  Evaluation evaluate(mlir::func::FuncOp function, llvm::ArrayRef<reference::Tensor> inputs, bool f64 = false,
                      Watch watch = nullptr);
  void checkFunction(mlir::Pass &pass, NumericClass promised, mlir::func::FuncOp function, Function &state);
  void breakPromise(mlir::Pass &pass, NumericClass promised, mlir::func::FuncOp after, const Run &run, unsigned result,
                    const std::string &difference);
  void breakWith(std::string pass, const std::string &what, mlir::func::FuncOp function, mlir::ModuleOp seen, const Run &run,
                 unsigned result, const std::string &difference, const Blame &blame);
  void note(const std::string &line);

  VerifyOptions options;
  WeightResolver weights;
  double spent = 0;
  bool isStarted = false;
  std::vector<Function> functions;
  unsigned passes = 0, changes = 0, checks = 0, compiledChecks = 0;
  double compiledShare = 0;
  mlir::OwningOpRef<mlir::ModuleOp> before; ///< the module before the pass that runs now
  mlir::OwningOpRef<mlir::ModuleOp> graph;  ///< the last module that was all graph, once it has been left
  std::optional<mlir::OperationFingerPrint> printBefore;
  std::string leftBy; ///< the pass that left the graph dialect
  llvm::SmallVector<std::string> notes;
  std::optional<BrokenPromise> brokenPromise;
};

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_VERIFIER_H
