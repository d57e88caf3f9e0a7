// `--verify-each=numeric`: runs a module before and after each pass, on generated inputs, and holds the pass to the numeric class that it
// declares. Four executors, one per form: the reference interpreter (graph), TaskProgram (dispatches and the memory plan, with kernels by the
// reference), HostCode (entries in the LLVM dialect), KernelCode (one kernel from linalg to the LLVM dialect). In the end the compiled
// program as a whole. docs/verification.md tells the user's side.
#ifndef TENSEL_COMPILER_VERIFICATION_VERIFIER_H
#define TENSEL_COMPILER_VERIFICATION_VERIFIER_H

#include "compiler/Pipeline.h"
#include "compiler/verification/Kernels.h"
#include "compiler/verification/Layers.h"
#include "compiler/verification/Samples.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/NumericClass.h"
#include <map>

namespace tensel::verification {
struct Blame;

/// The pass with its options, as text.
std::string pipelineOf(mlir::Pass &pass);
/// How a message about a broken promise begins, and what it says of the place.
std::string brokenBy(mlir::Pass &pass, NumericClass promised);
std::string placeOf(mlir::func::FuncOp function, unsigned result);
/// "1 run", "2 runs".
std::string counted(unsigned count, llvm::StringRef what);
/// The module that an op is, or is in.
mlir::ModuleOp moduleOf(mlir::Operation *op);
/// What MLIR runs nested pipelines by is a pass, too.
bool isPassAdaptor(const mlir::Pass &pass);

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
  std::string before;   ///< a module that these passes take to where it breaks
  llvm::SmallVector<reference::Tensor> inputs;
  std::vector<std::string> inputNames;
};

class Verifier : public PassObserver {
public:
  explicit Verifier(VerifyOptions options) : options(std::move(options)), evaluator(this->options.seconds), kernels(evaluator) {}

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

  /// Finds the code of a kernel, or of its `NAME_count`, in the compiled program.
  using FindCode = llvm::function_ref<llvm::Expected<void *>(llvm::StringRef name)>;
  /// Holds the machine code of every kernel at a level of processors to the reference, on the calls that the program made.
  llvm::Error checkMachineCode(llvm::StringRef level, FindCode find);
  /// Runs a function of the compiled program.
  using RunCompiled = llvm::function_ref<llvm::Expected<llvm::SmallVector<reference::Tensor>>(llvm::StringRef function,
                                                                                              llvm::ArrayRef<reference::Tensor>)>;
  /// Holds the compiled program, as it runs at a level, to the bound of class `reassociates`, from the last module of the graph dialect.
  llvm::Error checkCompiled(llvm::StringRef level, RunCompiled run);

  const std::optional<BrokenPromise> &broken() const { return brokenPromise; }
  /// What was checked, and what was not and why; a line each.
  llvm::SmallVector<std::string> report() const;
  /// Ops that the reference evaluated so far.
  uint64_t countEvaluated() const { return evaluator.countEvaluated(); }

private:
  /// A sample of a function, and what the reference gives for it on the module as it is now, once all layers had to be evaluated.
  struct Run {
    Sample sample;
    std::optional<llvm::SmallVector<reference::Tensor>> results;
  };
  struct Function {
    std::string name, whyNot; ///< why it is not checked any more; "" while it is
    std::vector<Run> runs;
    /// Comparisons of two versions, and those where two layers stood for all of up to `layers` equal ones.
    unsigned comparisons = 0, byLayers = 0, layers = 0;
  };
  /// What comparing two versions on a sample came to.
  struct Comparison {
    std::optional<llvm::SmallVector<reference::Tensor>> results; ///< of the version after
    std::string difference;                                      ///< of its result `result`, where that breaks the promise
    unsigned result = 0;
    std::string whyNot, drift;
  };
  void start(mlir::ModuleOp module);
  void chooseSamples(mlir::func::FuncOp function, Function &state);
  Evaluation evaluate(mlir::func::FuncOp function, llvm::ArrayRef<reference::Tensor> inputs,
                      const Representatives *representatives = nullptr);
  EqualLayers layersIn(mlir::func::FuncOp before, mlir::func::FuncOp after, Function &state);
  /// Evaluates all layers of the version that `run` stands for, if that was not done yet. Else says why not.
  std::string makeResults(mlir::func::FuncOp function, Run &run);
  std::string usedUp() const;
  void chooseSamplesOfKernel(Kernel &kernel);
  void checkFunction(mlir::Pass &pass, NumericClass promised, mlir::func::FuncOp function, Function &state);
  /// On `layers`, or else against the run's results.
  Comparison compare(NumericClass promised, mlir::func::FuncOp old, mlir::func::FuncOp now, const Run &run,
                     const EqualLayers *layers);
  void breakPromise(mlir::Pass &pass, NumericClass promised, mlir::func::FuncOp after, const Run &run, unsigned result,
                    const std::string &difference);
  void breakWith(std::string pass, const std::string &what, mlir::func::FuncOp function, mlir::ModuleOp seen,
                 const Sample &sample, const std::string &where, const std::string &difference, const Blame &blame);
  void note(const std::string &line);

  // Below the graph dialect (Lowered.cpp).
  void beforeLowered(mlir::Operation *op);
  void afterLowered(mlir::Pass &pass, mlir::Operation *op);
  void checkEntry(mlir::Pass &pass, mlir::func::FuncOp entry, Function &state);
  void checkHost(mlir::Pass &pass, mlir::ModuleOp module);
  void checkKernel(mlir::Pass &pass, NumericClass promised, mlir::ModuleOp module, llvm::StringRef name, Kernel &kernel);
  void checkCall(mlir::Pass &pass, NumericClass promised, llvm::StringRef name, Kernel &kernel, KernelCall &call,
                 llvm::ArrayRef<reference::Tensor> found);
  void breakLowered(mlir::Pass &pass, const std::string &where, mlir::func::FuncOp function, const Sample &sample,
                    const std::string &difference, const Blame &blame);
  void breakKernel(mlir::Pass &pass, NumericClass promised, llvm::StringRef name, Kernel &kernel, const KernelCall &call,
                   const std::string &difference);
  void breakCode(llvm::StringRef level, Kernel &kernel, const KernelCall &call, const std::string &difference);
  std::string pipelineSoFar(bool needsKernels) const;
  /// Why nothing is checked from this pass on.
  std::string lateFrom(mlir::Pass &pass) const;
  /// Whether the entry gives the same bits as the function of the graph dialect, on equal layers.
  bool isSameByLayers(mlir::func::FuncOp function, mlir::func::FuncOp entry, const Run &run, const EqualLayers &layers);

  VerifyOptions options;
  Evaluator evaluator;
  bool isStarted = false;
  std::vector<Function> functions;
  unsigned passes = 0, changes = 0, checks = 0, compiledChecks = 0;
  double compiledShare = 0;
  llvm::SmallVector<std::string> levelsChecked;
  mlir::OwningOpRef<mlir::ModuleOp> before; ///< the module before the pass that runs now
  mlir::OwningOpRef<mlir::ModuleOp> graph;  ///< the last module that was all graph, once it has been left
  std::optional<mlir::OperationFingerPrint> printBefore;
  std::string leftBy; ///< the pass that left the graph dialect
  Kernels kernels;
  llvm::StringMap<mlir::OperationFingerPrint> prints; ///< of functions, before the pass that runs now
  llvm::SmallVector<std::pair<std::string, std::string>>
      history; ///< passes below the graph dialect: name, and as a text pipeline
  std::map<uint64_t, std::vector<llvm::SmallVector<reference::Tensor>>> seenForms; ///< what forms of kernels gave, by their text
  llvm::StringMap<std::string> kernelsNotChecked;                                  ///< why
  unsigned loweredPasses = 0, entryRuns = 0, formsChecked = 0, kernelRuns = 0, codeChecked = 0;
  double kernelShare = 0;
  llvm::SmallVector<std::string> notes;
  std::optional<BrokenPromise> brokenPromise;
};

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_VERIFIER_H
