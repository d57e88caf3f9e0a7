// tensel-lsp-server: completion, hover and diagnostics for .mlir files with our dialects, in editors that speak the language server protocol.
#include "compiler/Pipeline.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  tensel::compilerRegistry().appendTo(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
