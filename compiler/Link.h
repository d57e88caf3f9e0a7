// Links object files inside this process (lld): to a shared object, or to one relocatable object.
#ifndef TENSEL_COMPILER_LINK_H
#define TENSEL_COMPILER_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tensel {

/// A private folder under the system's temporary folder, removed with its files at the end or on a signal.
class ScratchFolder {
public:
  static llvm::Expected<ScratchFolder> create();
  ScratchFolder(ScratchFolder &&other);
  ScratchFolder &operator=(ScratchFolder &&) = delete;
  ~ScratchFolder();

  /// Writes a file and returns its path.
  llvm::Expected<std::string> write(llvm::StringRef name, llvm::ArrayRef<char> bytes);
  /// The path of a file that someone else will write.
  std::string pathOf(llvm::StringRef name);

private:
  ScratchFolder() = default;
  llvm::SmallString<128> path;
  llvm::SmallVector<std::string> files;
};

enum class LinkKind {
  SharedObject, ///< symbols bound inside, unused sections dropped, undefined symbols left to the loader
  Relocatable   ///< one object of many
};

/// Links `objects` (paths) to `output` (a path). `exported`: what stays visible in a shared object.
llvm::Error link(LinkKind kind, llvm::ArrayRef<std::string> objects, llvm::ArrayRef<std::string> exported, ScratchFolder &scratch,
                 llvm::StringRef output, llvm::StringRef soname = "");

} // namespace tensel
#endif // TENSEL_COMPILER_LINK_H
