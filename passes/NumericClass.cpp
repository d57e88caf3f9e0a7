// The classes of all passes that were made, by type: a pass object has no other place to be asked at.
#include "passes/NumericClass.h"

#include "llvm/ADT/DenseMap.h"
#include <mutex>

using namespace mlir;

namespace tensel {
namespace {
struct Declared {
  std::mutex mutex;
  llvm::DenseMap<TypeID, NumericClass> classes;
};

Declared &declared() {
  static Declared all;
  return all;
}

/// MLIR's passes that move, merge or drop ops. Folding constants is exact too: the folders are the graph dialect's own.
constexpr llvm::StringRef exactUpstream[] = {"canonicalize",
                                             "cse",
                                             "symbol-dce",
                                             "inline",
                                             "remove-dead-values",
                                             "print-ir",
                                             "strip-debuginfo",
                                             "sccp",
                                             "loop-invariant-code-motion"};
} // namespace

llvm::StringRef nameOf(NumericClass numericClass) {
  switch (numericClass) {
  case NumericClass::Exact:
    return "exact";
  case NumericClass::Reassociates:
    return "reassociates";
  case NumericClass::Lossy:
    return "lossy";
  }
  llvm_unreachable("all classes are listed");
}

void declareNumericClass(TypeID pass, NumericClass numericClass) {
  std::lock_guard<std::mutex> lock(declared().mutex);
  declared().classes.try_emplace(pass, numericClass);
}

std::optional<NumericClass> numericClassOf(const Pass &pass) {
  {
    std::lock_guard<std::mutex> lock(declared().mutex);
    auto found = declared().classes.find(pass.getTypeID());
    if (found != declared().classes.end())
      return found->second;
  }
  if (llvm::is_contained(exactUpstream, pass.getArgument()))
    return NumericClass::Exact;
  return std::nullopt;
}
} // namespace tensel
