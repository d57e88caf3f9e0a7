// Prints the graph module of a model, for working on the importers: `tensel-import FILE [--quiet] [--score] [NAME=1,2,3]...`,
// where NAME=... gives the value of an integer input of an ONNX file that the program may be compiled for, and --score adds
// the function of a language model that gives logits at every position.
#include "frontend/llm/Import.h"
#include "frontend/onnx/import/Import.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  tensel::onnx::ImportOptions options;
  llvm::StringRef file;
  tensel::llm::ImportOptions llmOptions;
  bool quiet = false;
  for (llvm::StringRef argument : llvm::ArrayRef<char *>(argv, argc).drop_front()) {
    auto [name, values] = argument.split('=');
    if (argument == "--quiet") {
      quiet = true;
    } else if (argument == "--score") {
      llmOptions.score = true;
    } else if (name == argument) {
      file = argument;
    } else {
      llvm::SmallVector<llvm::StringRef> parts;
      values.split(parts, ',', -1, false);
      auto &numbers = options.inputValues[name.str()];
      for (llvm::StringRef part : parts) {
        int64_t number = 0;
        if (part.getAsInteger(10, number)) {
          llvm::errs() << "error: '" << part << "' is not an integer\n";
          return 1;
        }
        numbers.push_back(number);
      }
    }
  }
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = tensel::llm::isLlm(file) ? tensel::llm::importLlm(context, file, llmOptions)
                                         : tensel::onnx::importOnnx(context, file, options);
  if (module && !quiet)
    module->print(llvm::outs());
  return module ? 0 : 1;
}
