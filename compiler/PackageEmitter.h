// Fills a package with what the IR says about a program: functions, plans, symbols, weights, kernels, code.
#ifndef TENSEL_COMPILER_PACKAGEEMITTER_H
#define TENSEL_COMPILER_PACKAGEEMITTER_H

#include "compiler/NativeCode.h"
#include "compiler/weights/WeightResolver.h"
#include "runtime/package/PackageWriter.h"

namespace tensel {

/// Adds metadata and weights. `host`: the lowered host program with its module attributes; `program`: holds the graph.weights.
/// Weight bytes are borrowed from `resolver` until the last write.
llvm::Error addMetadata(rt::PackageWriter &writer, mlir::ModuleOp host, mlir::ModuleOp program, WeightResolver &resolver);

/// Links the object files of every level and adds them as images.
llvm::Error addCode(rt::PackageWriter &writer, llvm::ArrayRef<LevelCode> code);

/// Adds the SHA-256 of a file that the program was made from.
llvm::Error addInputHash(rt::PackageWriter &writer, llvm::StringRef path);

} // namespace tensel
#endif // TENSEL_COMPILER_PACKAGEEMITTER_H
