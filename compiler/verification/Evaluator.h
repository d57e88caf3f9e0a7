// Runs functions of the graph dialect by the reference interpreter, inside a budget of time that all checks share. What an op gave is
// remembered: after a pass, only what it changed and what follows from that is computed again.
#ifndef TENSEL_COMPILER_VERIFICATION_EVALUATOR_H
#define TENSEL_COMPILER_VERIFICATION_EVALUATOR_H

#include "compiler/reference/Interpreter.h"
#include "compiler/verification/Compare.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <chrono>
#include <unordered_map>

namespace tensel::verification {

/// What an evaluation came to.
struct Evaluation {
  std::optional<llvm::SmallVector<reference::Tensor>> results;
  std::string error;
  bool isOutOfTime = false, hasEmptyValue = false;
  Terms terms;
};

/// For ops that need not be evaluated, as they count as giving what another one before them gives: that one; for those, themselves.
using Representatives = llvm::DenseMap<mlir::Operation *, mlir::Operation *>;

class Evaluator {
public:
  explicit Evaluator(double seconds) : seconds(seconds) {}

  using Watch = std::function<reference::Options::Watch>;
  /// Who gives a `watch` has all the time that it takes.
  Evaluation run(mlir::func::FuncOp function, llvm::ArrayRef<reference::Tensor> inputs, bool f64 = false, Watch watch = nullptr,
                 const Representatives *representatives = nullptr);

  bool isUsedUp() const { return spent > seconds; }
  double getSpent() const { return spent; }
  /// Ops that were not remembered, parts of other ops among them.
  uint64_t countEvaluated() const { return evaluated; }
  /// Counts what is done while it lives; nothing that lives meanwhile may count as well.
  class Charge {
  public:
    explicit Charge(Evaluator &evaluator) : evaluator(evaluator), start(Clock::now()) {}
    ~Charge() { evaluator.spent += elapsed(); }
    double elapsed() const { return std::chrono::duration<double>(Clock::now() - start).count(); }

  private:
    using Clock = std::chrono::steady_clock;
    Evaluator &evaluator;
    Clock::time_point start;
  };

  WeightResolver weights;

private:
  using Results = llvm::FailureOr<llvm::SmallVector<reference::Tensor>>;
  /// The results of an op, known or evaluated, with the terms counted in either case.
  Results once(bool f64, Terms &terms, mlir::Operation *op, llvm::ArrayRef<reference::Tensor> operands,
               llvm::function_ref<Results()> evaluate);

  double seconds, spent = 0;
  struct Known {
    llvm::SmallVector<reference::Tensor> results;
    Terms terms; ///< of the ops that it consists of
  };
  std::unordered_map<uint64_t, Known> known; // by op, attributes, types and the bytes of the operands
  int64_t knownBytes = 0;
  uint64_t evaluated = 0;
};

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_EVALUATOR_H
