// Models that are linked into programs: one relocatable object or shared object with the code of all levels, the metadata and weights
// as constant bytes, and a tensel_static_model (kernel_abi.h) that a C header declares.
#ifndef TENSEL_COMPILER_STATICEMITTER_H
#define TENSEL_COMPILER_STATICEMITTER_H

#include "compiler/Link.h"
#include "compiler/Program.h"

namespace tensel {

/// The C name of the model that a file stands for: "resnet-50.onnx" -> "resnet_50_model".
std::string staticModelName(llvm::StringRef path);

/// The header that declares the model.
std::string makeStaticHeader(llvm::StringRef modelName);

/// The linked file's bytes. The program's code must have been made.
llvm::Expected<std::string> makeStaticObject(Program &program, LinkKind kind, llvm::StringRef modelName,
                                             llvm::StringRef outputName);

} // namespace tensel
#endif // TENSEL_COMPILER_STATICEMITTER_H
