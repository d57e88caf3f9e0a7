// Maps weight files and reads elements attributes; see WeightResolver.h.
#include "compiler/weights/WeightResolver.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/MathExtras.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace mlir;
using namespace tensel;

WeightResolver::WeightResolver(std::string directory) : directory(std::move(directory)) {}

WeightResolver::~WeightResolver() {
  for (auto &entry : files)
    if (entry.second.size)
      munmap(const_cast<char *>(entry.second.bytes), entry.second.size);
}

/// A descriptor, or -1 with errno.
static int openFile(const std::string &directory, const std::string &path) {
  if (directory.empty())
    return ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  int folder = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return -1;
  struct open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  int file = static_cast<int>(syscall(SYS_openat2, folder, path.c_str(), &how, sizeof(how)));
  int reason = errno;
  ::close(folder);
  errno = reason;
  return file;
}

FailureOr<WeightResolver::File> WeightResolver::open(StringRef path, Location loc) {
  if (auto known = files.find(path); known != files.end())
    return known->second;
  int descriptor = openFile(directory, path.str());
  if (descriptor < 0) {
    if (errno == EXDEV || errno == ELOOP)
      return emitError(loc) << "weight file '" << path << "' leaves the module's directory '" << directory
                            << "' or goes through a link";
    return emitError(loc) << "cannot open weight file '" << path << "': " << std::strerror(errno);
  }
  File file;
  struct stat info;
  const char *problem = nullptr;
  if (fstat(descriptor, &info) != 0)
    problem = std::strerror(errno);
  else if (!S_ISREG(info.st_mode))
    problem = "not a regular file";
  else if (info.st_size > 0) {
    void *address = mmap(nullptr, info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED)
      problem = std::strerror(errno);
    else
      file = {static_cast<const char *>(address), static_cast<size_t>(info.st_size)};
  }
  ::close(descriptor);
  if (problem)
    return emitError(loc) << "cannot map weight file '" << path << "': " << problem;
  files[path] = file;
  return file;
}

void WeightResolver::release(ArrayRef<char> bytes) const {
  for (const auto &entry : files) {
    const File &file = entry.second;
    if (bytes.data() < file.bytes || bytes.data() >= file.bytes + file.size)
      continue;
    // Whole pages only: others hold bytes of neighbours.
    uint64_t page = sysconf(_SC_PAGESIZE), begin = llvm::alignTo(reinterpret_cast<uintptr_t>(bytes.begin()), page),
             end = llvm::alignDown(reinterpret_cast<uintptr_t>(bytes.end()), page);
    if (begin < end)
      madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
  }
}

static int64_t byteSize(ShapedType type) {
  // Bools take a byte each.
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

FailureOr<ArrayRef<char>> WeightResolver::resolve(graph::WeightOp weight) {
  if (auto data = weight.getData())
    return resolve(*data, weight.getLoc());
  if (!weight.getFile())
    return weight.emitOpError("has neither a file nor data");
  auto file = open(*weight.getFile(), weight.getLoc());
  if (failed(file))
    return failure();
  uint64_t offset = weight.getOffset(), length = weight.getLength();
  if (offset > file->size || length > file->size - offset)
    return weight.emitError("weight '") << weight.getSymName() << "' takes " << length << " bytes at offset " << offset << " of '"
                                        << *weight.getFile() << "', which has only " << file->size;
  auto expected = static_cast<uint64_t>(byteSize(cast<ShapedType>(weight.getType())));
  if (length != expected)
    return weight.emitError("weight '") << weight.getSymName() << "' of type " << weight.getType() << " has " << length
                                        << " bytes, expected " << expected;
  return ArrayRef<char>(file->bytes + offset, length);
}

FailureOr<ArrayRef<char>> WeightResolver::resolve(ElementsAttr elements, Location loc) {
  auto known = written.find(elements);
  if (known != written.end())
    return ArrayRef<char>(known->second);
  std::vector<char> storage;
  auto bytes = elementBytes(elements, storage, loc);
  if (failed(bytes) || storage.empty())
    return bytes;
  return ArrayRef<char>(written[elements] = std::move(storage));
}

FailureOr<ArrayRef<char>> tensel::elementBytes(ElementsAttr elements, std::vector<char> &storage, Location loc) {
  ShapedType type = elements.getShapedType();
  int64_t size = byteSize(type);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return emitError(loc) << "resource '" << resource.getRawHandle().getKey() << "' has no data";
    if (static_cast<int64_t>(blob->getData().size()) != size)
      return emitError(loc) << "resource '" << resource.getRawHandle().getKey() << "' of type " << type << " has "
                            << blob->getData().size() << " bytes, expected " << size;
    return blob->getData();
  }
  auto dense = dyn_cast<DenseIntOrFPElementsAttr>(elements);
  if (!dense)
    return emitError(loc) << "expected dense elements, found " << elements.getShapedType() << " in another form";
  if (type.getElementType().isInteger(1)) {
    storage.reserve(size);
    for (bool value : dense.getValues<bool>())
      storage.push_back(value);
    return ArrayRef<char>(storage);
  }
  ArrayRef<char> raw = dense.getRawData();
  if (!dense.isSplat() || static_cast<int64_t>(raw.size()) == size)
    return raw;
  storage.reserve(size);
  for (int64_t i = 0, n = type.getNumElements(); i < n; ++i)
    storage.insert(storage.end(), raw.begin(), raw.end());
  return ArrayRef<char>(storage);
}
