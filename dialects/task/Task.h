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

} // namespace tensel::task
#endif // TENSEL_DIALECTS_TASK_TASK_H
