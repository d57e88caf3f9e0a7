// Collecting diagnostics.
#include "compiler/Diagnostics.h"

#include "mlir/IR/Location.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace tensel {
std::string describeLocation(Location location) {
  std::string text;
  location->walk([&](Location inner) {
    if (auto name = dyn_cast<NameLoc>(inner)) {
      text = "node '" + name.getName().str() + "'";
      return WalkResult::interrupt();
    }
    if (auto line = dyn_cast<FileLineColLoc>(inner)) {
      text = line.getFilename().str() + ":" + std::to_string(line.getLine()) + ":" + std::to_string(line.getColumn());
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return text;
}

DiagnosticCollector::DiagnosticCollector(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error || !first.empty())
          return success();
        std::string place = describeLocation(diagnostic.getLocation());
        first = (place.empty() ? "" : place + ": ") + diagnostic.str();
        for (Diagnostic &note : diagnostic.getNotes())
          first += "\n" + note.str();
        return success();
      }) {
  context->printOpOnDiagnostic(false);
}

std::string DiagnosticCollector::message() const { return first; }

llvm::Error DiagnosticCollector::takeError(llvm::StringRef otherwise) const {
  return llvm::createStringError(first.empty() ? otherwise.str() : first);
}
} // namespace tensel
