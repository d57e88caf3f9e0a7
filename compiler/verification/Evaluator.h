// Runs functions of the graph dialect by the reference interpreter, inside a budget of time that all checks share.
#ifndef TENSEL_COMPILER_VERIFICATION_EVALUATOR_H
#define TENSEL_COMPILER_VERIFICATION_EVALUATOR_H

#include "compiler/reference/Interpreter.h"
#include "compiler/verification/Compare.h"
#include <chrono>

namespace tensel::verification {

/// What an evaluation came to.
struct Evaluation {
  std::optional<llvm::SmallVector<reference::Tensor>> results;
  std::string error;
  bool isOutOfTime = false, hasEmptyValue = false;
  Terms terms;
};

class Evaluator {
public:
  explicit Evaluator(double seconds) : seconds(seconds) {}

  using Watch = std::function<reference::Options::Watch>;
  /// Who gives a `watch` has all the time that it takes.
  Evaluation run(mlir::func::FuncOp function, llvm::ArrayRef<reference::Tensor> inputs, bool f64 = false, Watch watch = nullptr);

  bool isUsedUp() const { return spent > seconds; }
  double getSpent() const { return spent; }
  double getBudget() const { return seconds; }
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
  double seconds, spent = 0;
};

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_EVALUATOR_H
