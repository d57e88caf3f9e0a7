// Compiles once, finds again; see ModelCache.h.
#include "tools/tensel/ModelCache.h"

#include "compiler/PackageEmitter.h"
#include "runtime/package/PackageReader.h"
#include "runtime/package/Sha256.h"
#include "tools/tensel/Files.h"
#include "tools/tensel/ModelLoader.h"
#include "tools/tensel/StartupPages.h"
#include "tools/verify/CompiledRun.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tensel::cli {
namespace {
/// What decides about the package that is made.
struct CacheRequest {
  const LanguageOptions &options;
  bool score;
};

using Digest = std::array<uint8_t, 32>;

llvm::Expected<std::string> cacheFolder() {
  llvm::SmallString<256> folder;
  auto from = [&](const char *variable, llvm::ArrayRef<llvm::StringRef> below) {
    const char *value = folder.empty() ? getenv(variable) : nullptr;
    if (!value || !*value)
      return;
    folder = value;
    for (llvm::StringRef name : below)
      llvm::sys::path::append(folder, name);
  };
  from("TENSEL_CACHE", {});
  from("XDG_CACHE_HOME", {"tensel"});
  from("HOME", {".cache", "tensel"});
  if (folder.empty())
    return llvm::createStringError("no place for compiled models: set TENSEL_CACHE to a folder, or compile the model with "
                                   "'tensel compile' and give the package");
  if (std::error_code error = llvm::sys::fs::create_directories(folder, true, llvm::sys::fs::owner_all))
    return llvm::createStringError("cannot make the cache folder '" + folder + "': " + error.message() +
                                   "; set TENSEL_CACHE to a folder that can be written");
  return folder.str().str();
}

llvm::Error addFile(rt::Sha256 &hash, const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return llvm::createStringError("cannot read '" + path + "': " + file.getError().message());
  Digest digest;
  rt::Sha256::hash((*file)->getBufferStart(), (*file)->getBufferSize(), digest.data());
  hash.update(digest.data(), digest.size());
  return llvm::Error::success();
}

/// What of this program decides the code that it makes: which build it is.
std::string programIdentity() {
  struct stat status = {};
  if (stat("/proc/self/exe", &status) != 0)
    return "unknown";
  return std::to_string(status.st_size) + "." + std::to_string(status.st_mtim.tv_sec) + "." +
         std::to_string(status.st_mtim.tv_nsec);
}

llvm::Expected<std::string> keyOf(const CacheRequest &request, const CpuLevel &level) {
  rt::Sha256 hash;
  auto add = [&](llvm::StringRef text) { hash.update(text.data(), text.size() + 1); };
  add(programIdentity());
  add(level.name.str());
  add(request.options.quantize);
  add(request.options.bitExact ? "bit-exact" : "");
  add(request.score ? "score" : "");
  for (const std::string &shape : request.options.shapes)
    add(shape);
  for (const std::string &file : modelFiles(request.options.model)) {
    add(llvm::sys::path::filename(file).str());
    if (llvm::Error error = addFile(hash, file))
      return std::move(error);
  }
  Digest digest;
  hash.finish(digest.data());
  return llvm::toHex(digest, /*LowerCase=*/true);
}

llvm::Error compile(const CacheRequest &request, const CpuLevel &level, const std::string &package) {
  LoadOptions options;
  options.shapes = request.options.shapes;
  options.score = request.score;
  llvm::Expected<std::unique_ptr<LoadedModel>> model = loadModel(request.options.model, options);
  if (!model)
    return model.takeError();
  llvm::Expected<std::unique_ptr<Program>> program = Program::create(
      *(*model)->module, {.bitExact = request.options.bitExact, .roundedBits = roundedBits(request.options.quantize)});
  if (!program)
    return program.takeError();
  if (llvm::Error error = (*program)->makeCode({&level}))
    return error;
  if (llvm::Error error = addCode((*program)->writer, (*program)->code))
    return error;
  addTexts((*program)->writer, **model);
  std::string error = (*program)->writer.write(package);
  return error.empty() ? llvm::Error::success() : llvm::createStringError(error);
}

/// Holds the cache for this process, as far as the file system can; the system lets go when the process ends, however it does.
class CacheLock {
public:
  explicit CacheLock(const std::string &folder) : descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
      return;
    if (isatty(STDERR_FILENO))
      llvm::errs() << "tensel: waiting for another process that compiles a model\n";
    while (flock(descriptor, LOCK_EX) != 0 && errno == EINTR)
      continue;
  }
  ~CacheLock() {
    if (descriptor >= 0)
      close(descriptor);
  }
  CacheLock(const CacheLock &) = delete;
  CacheLock &operator=(const CacheLock &) = delete;

private:
  int descriptor;
};

/// Where a model's package is, or is to be.
struct Entry {
  std::string folder, package; // no folder: the model is a package itself
  const CpuLevel *level = nullptr;
  bool exists() const { return folder.empty() || llvm::sys::fs::exists(package); }
};

llvm::Expected<Entry> findEntry(const CacheRequest &request) {
  Entry entry;
  bool isPackage = false;
  if (std::string error = detectPackage(request.options.model, isPackage); !error.empty())
    return llvm::createStringError(error);
  if (isPackage) {
    entry.package = request.options.model;
    if (!request.options.bitExact)
      return entry;
    rt::PackageData package;
    if (std::string error = rt::readPackage(entry.package, package); !error.empty())
      return llvm::createStringError("'" + entry.package + "': " + error);
    if (!llvm::is_contained(package.options, "bit-exact"))
      return llvm::createStringError("--bit-exact: found the package '" + entry.package +
                                     "', compiled without it; expected a model, or a package of `tensel compile --bit-exact`");
    return entry;
  }
  llvm::Expected<const CpuLevel *> level = levelToRun();
  if (!level)
    return level.takeError();
  entry.level = *level;
  llvm::Expected<std::string> folder = cacheFolder();
  if (!folder)
    return folder.takeError();
  llvm::Expected<std::string> key = keyOf(request, *entry.level);
  if (!key)
    return key.takeError();
  entry.folder = *folder;
  entry.package = *folder + "/" + *key + ".tensel";
  return entry;
}

llvm::Error compileShown(const CacheRequest &request, const Entry &entry) {
  const bool shows = isatty(STDERR_FILENO);
  auto start = std::chrono::steady_clock::now();
  if (shows)
    llvm::errs() << "tensel: compiling " << llvm::sys::path::filename(request.options.model) << " for " << entry.level->name
                 << " ...";
  llvm::Error error = compile(request, *entry.level, entry.package);
  if (shows) {
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    llvm::errs() << llvm::formatv(" {0:f1} s\n", took.count());
  }
  return error;
}
} // namespace

/// Opening checks all of the package, which makes all of it resident: what came before goes first.
static text::Result<text::LanguageModel> openPackage(const std::string &path) {
  releaseStartupPages();
  return text::LanguageModel::open(path);
}

text::Result<text::LanguageModel> openLanguageModel(const LanguageOptions &options, bool score) {
  const CacheRequest request = {options, score};
  llvm::Expected<Entry> entry = findEntry(request);
  if (!entry)
    return text::Error{llvm::toString(entry.takeError())};
  if (entry->exists()) {
    auto opened = openPackage(entry->package);
    if (opened || entry->folder.empty())
      return opened;
  }
  {
    CacheLock lock(entry->folder);
    // Another process may have made it in the meantime.
    if (entry->exists())
      if (auto opened = openPackage(entry->package))
        return opened;
    if (llvm::Error error = compileShown(request, *entry))
      return text::Error{llvm::toString(std::move(error))};
  }
  return openPackage(entry->package);
}
} // namespace tensel::cli
