// The scalar body of an elementwise op as a flat list of instructions, one per arith or math op. It is evaluated
// block by block: every register holds one number for each element of a block.
#ifndef TENSEL_COMPILER_REFERENCE_SCALARPROGRAM_H
#define TENSEL_COMPILER_REFERENCE_SCALARPROGRAM_H

#include "compiler/reference/Tensor.h"
#include "dialects/graph/Graph.h"

namespace tensel::reference {

/// One element: a float as double (rounded to its type after every op), an integer zero-extended from its width.
union Slot {
  double f;
  uint64_t u;
};

class ScalarProgram {
public:
  /// Builds the body of `op`. With `f64`, floats are not rounded to their types. Emits an error for an op that the
  /// interpreter does not know.
  static llvm::FailureOr<ScalarProgram> compile(graph::ElementwiseOpInterface op, bool f64);

  /// Computes all elements of `result`; operands broadcast to its dims.
  void run(llvm::ArrayRef<Tensor> operands, Tensor &result) const;

  enum class Code : uint8_t;
  struct Instruction {
    Code code;
    /// Of an integer operand and of an integer result.
    uint8_t width = 0, resultWidth = 0;
    /// The predicate of a comparison.
    uint8_t predicate = 0;
    /// What a float result is rounded to.
    Kind rounding = Kind::F64;
    int result = 0;
    int operands[3] = {0, 0, 0};
  };

private:
  int numRegisters = 0, resultRegister = 0;
  std::vector<std::pair<int, Slot>> constants;
  std::vector<Instruction> instructions;
};

} // namespace tensel::reference
#endif // TENSEL_COMPILER_REFERENCE_SCALARPROGRAM_H
