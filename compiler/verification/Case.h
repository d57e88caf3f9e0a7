// A program that shows something, with the inputs that it shows it on, and the edits that make it smaller.
#ifndef TENSEL_COMPILER_VERIFICATION_CASE_H
#define TENSEL_COMPILER_VERIFICATION_CASE_H

#include "compiler/reference/Interpreter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tensel::verification {

struct Case {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::SmallVector<reference::Tensor> inputs;

  /// The first public function with a body.
  mlir::func::FuncOp function() const;
  mlir::Block &body() const { return function().getBody().front(); }
  Case clone() const { return {mlir::OwningOpRef<mlir::ModuleOp>(module.get().clone()), inputs}; }
  /// Ops of the function, those in regions too, without terminators.
  size_t countOps() const;
  int64_t countElements() const; ///< of all inputs
};

/// A copy that needs no resolver: what is read from a weight lives as long as that only.
reference::Tensor owned(const reference::Tensor &tensor);

/// What each op of the body gives for the inputs, by its position. Nothing where the reference cannot evaluate it.
using BodyValues = std::vector<llvm::SmallVector<reference::Tensor>>;
std::optional<BodyValues> evaluateBody(const Case &one);

/// Each edit leaves a program that is valid but for the types that its ops infer. `false`: it could not be made, and the case is spoiled.

/// Makes all functions but the named one private, and drops those that it does not call.
bool keepFunction(Case &one, llvm::StringRef name);
/// Erases ops, inputs, weights and functions that no result needs; gives new inputs and results names.
void clean(Case &one);
void returnOnly(Case &one, llvm::ArrayRef<mlir::Value> values);
/// Values of ops from the position on are neither computed nor returned; what is live there is returned instead.
bool keepBefore(Case &one, size_t position);
/// Replaces what the ops at these positions give by inputs of the same type that hold the values...
bool cutToInputs(Case &one, llvm::ArrayRef<size_t> positions, const BodyValues &values);
/// ... or by constants, where they are small.
bool cutToConstants(Case &one, size_t position, const BodyValues &values);
/// Replaces the op (the n-th of all ops, in regions too) by an operand of its type.
bool bypass(Case &one, size_t n, unsigned operand);
/// Makes the dims of inputs those of the inputs' values, and infers all types anew.
bool makeStatic(Case &one);
/// Makes every dim of an input that is `from` smaller: `to`; elements of integer constants that are `from` too, when `constants`.
bool shrinkDim(Case &one, int64_t from, int64_t to, bool constants);

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_CASE_H
