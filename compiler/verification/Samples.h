// Inputs to run a function on: sizes inside the declared ranges, small and different from each other, and numbers from a seed.
#ifndef TENSEL_COMPILER_VERIFICATION_SAMPLES_H
#define TENSEL_COMPILER_VERIFICATION_SAMPLES_H

#include "compiler/reference/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"

namespace tensel::verification {

/// Tensors that the user gave, by the name of the input (graph.name). They decide the sizes of the symbols that they have.
using GivenInputs = llvm::StringMap<reference::Tensor>;

struct Sample {
  llvm::SmallVector<reference::Tensor> inputs;
  std::string sizes; ///< "N=2, length=3, dim 1 of 'x'=5"; "" when all dims are static
};

/// Ways to choose sizes, from the smallest on; many come to the same sizes. Models that do not fit tiny sizes (a picture that is halved five
/// times), or dims that must be equal but have no name that says so, fit a later one.
unsigned sizeChoiceCount();

/// Inputs for `function` with the sizes of a way below sizeChoiceCount(). Floats are in -1 to 1; integers 0 to 9 (an index into a
/// table of n rows: 0 to n - 1). A `variant` above 0 has other sizes where it can, floats in -4 to 4 with zeros among them, and negative
/// integers. Fails for inputs of over 2^27 elements.
llvm::FailureOr<Sample> makeSample(mlir::func::FuncOp function, unsigned sizeChoice, unsigned variant, uint64_t seed,
                                   const GivenInputs &given);

/// The name that the attributes of an argument or result give it, or its number.
std::string nameOfArgument(mlir::func::FuncOp function, unsigned index);
std::string nameOfResult(mlir::func::FuncOp function, unsigned index);

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_SAMPLES_H
