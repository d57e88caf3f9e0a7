// Prints the graph module of ONNX files, for working on the importer: one file
// prints its module, several print a line each that says whether they import.
#include "frontend/onnx/import/Import.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  int failures = 0;
  for (int i = 1; i < argc; ++i) {
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    auto module = tensel::onnx::importOnnx(context, argv[i]);
    failures += !module;
    if (argc == 2 && module)
      module->print(llvm::outs());
    else if (module)
      llvm::outs() << "ok " << argv[i] << "\n";
  }
  return failures != 0;
}
