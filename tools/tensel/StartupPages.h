// Memory that only the start of the program needed.
#ifndef TENSEL_TOOLS_TENSEL_STARTUPPAGES_H
#define TENSEL_TOOLS_TENSEL_STARTUPPAGES_H

namespace tensel::cli {

/// Gives back the pages of code that static constructors and compilation have touched (LLVM's alone are about 45 MB) and what was
/// freed on the heap. Code that is needed again comes back from the file.
void releaseStartupPages();

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_STARTUPPAGES_H
