// The linker as a library. lld keeps global state, so links run one at a time.
#include "compiler/Link.h"

#include "lld/Common/CommonLinkerContext.h"
#include "lld/Common/Driver.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>

LLD_HAS_DRIVER(elf)

namespace tensel {

llvm::Expected<ScratchFolder> ScratchFolder::create() {
  ScratchFolder folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("tensel", folder.path))
    return llvm::createStringError("cannot make a temporary folder: " + error.message());
  return std::move(folder);
}

ScratchFolder::ScratchFolder(ScratchFolder &&other) : path(std::move(other.path)), files(std::move(other.files)) {
  other.path.clear();
  other.files.clear();
}

ScratchFolder::~ScratchFolder() {
  if (path.empty())
    return;
  for (const std::string &file : files)
    llvm::sys::fs::remove(file);
  llvm::sys::fs::remove(path);
}

std::string ScratchFolder::pathOf(llvm::StringRef name) {
  llvm::SmallString<128> file(path);
  llvm::sys::path::append(file, name);
  files.push_back(file.str().str());
  return files.back();
}

llvm::Expected<std::string> ScratchFolder::write(llvm::StringRef name, llvm::ArrayRef<char> bytes) {
  std::string file = pathOf(name);
  std::error_code error;
  llvm::raw_fd_ostream stream(file, error);
  if (!error) {
    stream.write(bytes.data(), bytes.size());
    stream.close();
    error = stream.error();
    stream.clear_error();
  }
  if (error)
    return llvm::createStringError("cannot write '" + file + "': " + error.message());
  return file;
}

llvm::Error link(LinkKind kind, llvm::ArrayRef<std::string> objects, llvm::ArrayRef<std::string> exported, ScratchFolder &scratch,
                 llvm::StringRef output, llvm::StringRef soname) {
  llvm::SmallVector<std::string> owned = {"ld.lld", "-m", "elf_x86_64", "--threads=1", "--build-id=none", "-o", output.str()};
  if (kind == LinkKind::Relocatable) {
    owned.push_back("-r");
  } else {
    std::string script = "{ global:";
    for (const std::string &name : exported)
      script += " \"" + name + "\";";
    script += " local: *; };\n";
    llvm::Expected<std::string> file = scratch.write(llvm::sys::path::filename(output).str() + ".map", script);
    if (!file)
      return file.takeError();
    owned.append({"-shared", "-Bsymbolic", "--gc-sections", "--hash-style=gnu", "-z", "now", "-z", "relro", "-z", "noexecstack",
                  "--strip-debug", "--unresolved-symbols=ignore-all", "--version-script=" + *file});
    if (!soname.empty())
      owned.push_back("--soname=" + soname.str());
  }
  owned.append(objects.begin(), objects.end());

  static std::mutex oneAtATime;
  std::lock_guard<std::mutex> lock(oneAtATime);
  llvm::SmallVector<const char *> arguments;
  for (const std::string &argument : owned)
    arguments.push_back(argument.c_str());
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  lld::Result result = lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return llvm::createStringError("the linker failed: " + llvm::StringRef(messages).trim().str());
  return llvm::Error::success();
}
} // namespace tensel
