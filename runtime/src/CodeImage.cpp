// Loading code images, see CodeImage.h.
#include "runtime/src/CodeImage.h"
#include "runtime/package/Format.h"
#include "runtime/package_generated.h"
#include "runtime/src/Imports.h"

#include <cstring>
#include <sys/mman.h>

using namespace tensel::rt;
using flatbuffers::uoffset_t;

template <typename T>
static uoffset_t sizeOf(const flatbuffers::Vector<T> *vector) {
  return vector ? vector->size() : 0;
}

static size_t pages(uint64_t bytes) { return (bytes + imagePage - 1) & ~(imagePage - 1); }

CodeImage::~CodeImage() {
  if (base)
    munmap(base, size);
}

tensel_status_t CodeImage::load(const fb::CodeObject &object, const uint8_t *section, Error &error) {
  const auto &segments = *object.segments();
  const fb::Segment &last = *segments.Get(segments.size() - 1);
  size = pages(last.offset() + last.size());
  void *mapping = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    return error.set(TENSEL_OUT_OF_MEMORY, "no memory for %zu bytes of code", size);
  base = static_cast<uint8_t *>(mapping);

  for (const fb::Segment *segment : segments)
    memcpy(base + segment->offset(), section + segment->offset(), segment->file_size());
  for (uoffset_t i = 0; i < sizeOf(object.relative_relocs()); ++i) {
    uint8_t *slot = base + object.relative_relocs()->Get(i);
    uint64_t value;
    memcpy(&value, slot, sizeof value);
    value += reinterpret_cast<uintptr_t>(base);
    memcpy(slot, &value, sizeof value);
  }
  for (uoffset_t i = 0; i < sizeOf(object.imports()); ++i) {
    const fb::Import &import = *object.imports()->Get(i);
    auto address = reinterpret_cast<uintptr_t>(findImport(import.name()->c_str()));
    for (uoffset_t s = 0; s < sizeOf(import.slots()); ++s)
      memcpy(base + import.slots()->Get(s), &address, sizeof address);
  }

  // Gaps between segments become unreachable.
  size_t end = 0;
  bool sound = true;
  for (const fb::Segment *segment : segments) {
    if (segment->offset() > end)
      sound &= mprotect(base + end, segment->offset() - end, PROT_NONE) == 0;
    int protection = PROT_READ | (segment->prot() & protWrite ? PROT_WRITE : 0) | (segment->prot() & protExecute ? PROT_EXEC : 0);
    sound &= mprotect(base + segment->offset(), pages(segment->size()), protection) == 0;
    end = segment->offset() + pages(segment->size());
  }
  return sound ? TENSEL_OK : error.set(TENSEL_UNSUPPORTED, "the operating system does not let %zu bytes become executable", size);
}
