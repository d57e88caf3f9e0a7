// The task dialect: a program as dispatches of kernels whose buffers are planned.
#ifndef TENSEL_DIALECTS_TASK_TASK_H
#define TENSEL_DIALECTS_TASK_TASK_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/task/TaskDialect.h.inc"
#define GET_OP_CLASSES
#include "dialects/task/TaskOps.h.inc"

namespace tensel::task {

/// How many bytes an element takes in a buffer; bools take one.
int64_t storageBytes(mlir::Type elementType);

/// Operators of size expressions: pairs (op, arg) in reverse Polish notation, as the package stores them.
enum SizeOp : int64_t { SizeConst, SizeSymbol, SizeAdd, SizeMul, SizeFloorDiv, SizeCeilDiv, SizeSub, SizeMax, SizeMin, SizeMod };

/// The value of a size expression for these values of the symbols. Stops at 2^62, and is 0 where nothing sensible can be said.
int64_t evaluateSize(llvm::ArrayRef<int64_t> expression, llvm::ArrayRef<int64_t> symbols);

/// A buffer's number in `ids`: a planned value, -1 for none, or, from -2 down, the memory of an argument of the entry.
inline int64_t argumentBuffer(unsigned argument) { return -2 - static_cast<int64_t>(argument); }
inline bool isArgumentBuffer(int64_t id) { return id <= -2; }
inline unsigned argumentOfBuffer(int64_t id) { return static_cast<unsigned>(-2 - id); }

} // namespace tensel::task
#endif // TENSEL_DIALECTS_TASK_TASK_H
