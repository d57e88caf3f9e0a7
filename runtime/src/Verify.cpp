// The package verifier: nothing of a package is used before this has passed. It trusts no field, reads every byte
// outside the metadata through its hash, and the metadata through flatbuffers' verifier and then relation by relation.
#include "runtime/include/tensel/kernel_abi.h"
#include "runtime/package/Format.h"
#include "runtime/package/SessionTables.h"
#include "runtime/package/Sha256.h"
#include "runtime/package/SizeExpr.h"
#include "runtime/package_generated.h"
#include "runtime/src/Array.h"
#include "runtime/src/Imports.h"
#include "runtime/src/MappedPackage.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

using namespace tensel::rt;
using flatbuffers::uoffset_t;

namespace {

template <typename T>
size_t sizeOf(const flatbuffers::Vector<T> *vector) {
  return vector ? vector->size() : 0;
}
/// flatbuffers' verifier does not look at the alignment of elements that are larger than a vector's length field.
template <typename T>
bool isAligned(const flatbuffers::Vector<T> *vector) {
  return !vector || vector->size() == 0 || reinterpret_cast<uintptr_t>(vector->Data()) % alignof(int64_t) == 0;
}
const char *textOf(const flatbuffers::String *text) { return text ? text->c_str() : ""; }

class Verifier {
public:
  Verifier(const uint8_t *bytes, size_t size, Error &error) : bytes(bytes), size(size), error(error) {}
  tensel_status_t verify(Hashes hashes);
  const fb::Package *package = nullptr;

private:
  tensel_status_t bad(const char *format, ...) __attribute__((format(printf, 2, 3)));
  bool spend(size_t work);
  tensel_status_t header();
  tensel_status_t sections(Hashes hashes);
  tensel_status_t symbols();
  tensel_status_t weights();
  tensel_status_t functions();
  tensel_status_t tensor(const fb::Function &function, const char *kind, uoffset_t index, const fb::TensorSig *sig, bool isInput);
  tensel_status_t states(const fb::Function &function);
  tensel_status_t plannedValues(const fb::Function &function);
  tensel_status_t dispatches(const fb::Function &function);
  tensel_status_t code();
  tensel_status_t image(const fb::CodeObject &object);
  tensel_status_t slots(const fb::CodeObject &object, const flatbuffers::Vector<uint32_t> *slots, const char *what,
                        uint64_t imageBytes, bool hasAddends);
  tensel_status_t rest();
  template <typename List, typename Name>
  tensel_status_t names(const List *list, const char *what, Name name);

  const uint8_t *bytes;
  size_t size;
  Error &error;
  size_t budget = 0;
};

tensel_status_t Verifier::bad(const char *format, ...) {
  char text[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return error.set(TENSEL_BAD_PACKAGE, "bad package: %s", text);
}

/// A flatbuffer may refer to one table many times, which makes small files say much. The writer never does that, so
/// more work than there are bytes means a forged file.
bool Verifier::spend(size_t work) {
  if (work > budget)
    return false;
  budget -= work;
  return true;
}

#define TENSEL_TRY(expression)                                                                                                   \
  if (tensel_status_t status = (expression); status != TENSEL_OK)                                                                \
  return status
#define TENSEL_SPEND(work)                                                                                                       \
  if (!spend(work))                                                                                                              \
  return bad("metadata says more than its %zu bytes can hold", size)

tensel_status_t Verifier::header() {
  PackageHeader header;
  if (size < sizeof header)
    return bad("found %zu bytes, expected at least %zu", size, sizeof header);
  memcpy(&header, bytes, sizeof header);
  if (memcmp(header.magic, packageMagic, sizeof packageMagic) != 0)
    return error.set(TENSEL_BAD_PACKAGE, "not a tensel package: its first bytes are not the magic number");
  if (header.version != packageFormatVersion)
    return error.set(TENSEL_UNSUPPORTED, "package format version: found %u, expected %u", header.version, packageFormatVersion);
  if (header.headerBytes != sizeof header)
    return bad("header size: found %u, expected %zu", header.headerBytes, sizeof header);
  if (header.fileSize != size)
    return bad("the file has %zu bytes, its header says %llu", size, (unsigned long long)header.fileSize);
  for (uint8_t byte : header.zero)
    if (byte)
      return bad("the header's unused bytes are not zero");
  if (header.fbOffset % packageAlignment || header.fbOffset < sizeof header || header.fbOffset > size ||
      header.fbSize != size - header.fbOffset)
    return bad("the metadata's place (%llu, %llu bytes) does not end the file of %zu bytes", (unsigned long long)header.fbOffset,
               (unsigned long long)header.fbSize, size);
  const uint8_t *metadata = bytes + header.fbOffset;
  uint8_t hash[32];
  Sha256::hash(metadata, header.fbSize, hash);
  if (memcmp(hash, header.fbSha256, sizeof hash) != 0)
    return bad("sha256 of the metadata does not match the header");

  if (header.fbSize >= FLATBUFFERS_MAX_BUFFER_SIZE)
    return bad("the metadata has %llu bytes, at most 2^31 are possible", (unsigned long long)header.fbSize);
  // Tables are at least four bytes each.
  flatbuffers::Verifier verifier(metadata, header.fbSize, 16, uoffset_t(header.fbSize / 4));
  if (!fb::VerifyPackageBuffer(verifier))
    return bad("the metadata is not a valid flatbuffer");
  package = fb::GetPackage(metadata);
  budget = 4 * header.fbSize;
  if (package->format_version() != header.version)
    return bad("format version: metadata says %u, the header %u", package->format_version(), header.version);
  if (package->abi_version() != TENSEL_KERNEL_ABI_VERSION)
    return error.set(TENSEL_UNSUPPORTED, "kernel ABI version: found %u, expected %d", package->abi_version(),
                     TENSEL_KERNEL_ABI_VERSION);
  return TENSEL_OK;
}

/// Names are there, are not empty and differ.
template <typename List, typename Name>
tensel_status_t Verifier::names(const List *list, const char *what, Name name) {
  Array<const char *> sorted;
  TENSEL_SPEND(sizeOf(list));
  if (!sorted.allocate(sizeOf(list)))
    return error.set(TENSEL_OUT_OF_MEMORY, "no memory to check %zu names", sizeOf(list));
  for (size_t i = 0; i < sorted.size(); ++i) {
    sorted[i] = textOf(name(list->Get(uoffset_t(i))));
    if (!sorted[i][0])
      return bad("%s %zu has no name", what, i);
    TENSEL_SPEND(strlen(sorted[i]));
  }
  std::sort(sorted.begin(), sorted.end(), [](const char *a, const char *b) { return strcmp(a, b) < 0; });
  for (size_t i = 1; i < sorted.size(); ++i)
    if (strcmp(sorted[i - 1], sorted[i]) == 0)
      return bad("two of kind %s are named '%.100s'", what, sorted[i]);
  return TENSEL_OK;
}

/// Sections fill the file from the header to the metadata, in order, with zeros between.
tensel_status_t Verifier::sections(Hashes hashes) {
  uint64_t position = sizeof(PackageHeader);
  uint64_t end = uint64_t(reinterpret_cast<const PackageHeader *>(bytes)->fbOffset);
  size_t count = sizeOf(package->sections());
  TENSEL_SPEND(count);
  for (size_t i = 0; i <= count; ++i) {
    const fb::Section *section = i < count ? package->sections()->Get(uoffset_t(i)) : nullptr;
    uint64_t offset = section ? section->offset() : end;
    uint64_t expected = alignPackageOffset(position);
    if (offset != expected || offset > end)
      return section ? bad("section %zu: found offset %llu, expected %llu", i, (unsigned long long)offset,
                           (unsigned long long)expected)
                     : bad("the sections end at %llu, the metadata begins at %llu", (unsigned long long)expected,
                           (unsigned long long)end);
    for (uint64_t at = position; at < offset; ++at)
      if (bytes[at])
        return bad("byte %llu between sections is not zero", (unsigned long long)at);
    if (!section)
      break;
    if (section->length() > end - offset)
      return bad("section %zu: %llu bytes at %llu pass the metadata at %llu", i, (unsigned long long)section->length(),
                 (unsigned long long)offset, (unsigned long long)end);
    if (section->kind() != uint8_t(SectionKind::Weights) && section->kind() != uint8_t(SectionKind::Code))
      return bad("section %zu: unknown kind %u", i, section->kind());
    if (sizeOf(section->sha256()) != 32)
      return bad("section %zu: found a hash of %zu bytes, expected 32", i, sizeOf(section->sha256()));
    if (hashes == Hashes::Check) {
      uint8_t hash[32];
      Sha256::hash(bytes + offset, section->length(), hash);
      if (memcmp(hash, section->sha256()->data(), 32) != 0)
        return bad("sha256 of section %zu (%s) does not match its bytes", i,
                   section->kind() == uint8_t(SectionKind::Code) ? "code" : "weights");
    }
    position = offset + section->length();
  }
  return TENSEL_OK;
}

tensel_status_t Verifier::symbols() {
  TENSEL_TRY(names(package->symbols(), "symbol", [](const fb::Symbol *symbol) { return symbol->name(); }));
  for (size_t i = 0; i < sizeOf(package->symbols()); ++i) {
    const fb::Symbol &symbol = *package->symbols()->Get(uoffset_t(i));
    // Bounds far from 2^63 keep the arithmetic below and in sessions free of overflow.
    constexpr int64_t limit = int64_t(1) << 48;
    bool sound = symbol.min() >= 0 && symbol.min() <= limit && symbol.step() >= 1 && symbol.step() <= limit &&
                 symbol.max() >= -1 && symbol.max() <= limit;
    if (sound && symbol.max() >= 0)
      sound = symbol.max() / symbol.step() * symbol.step() >= symbol.min();
    if (!sound)
      return bad("symbol '%.100s' has no legal value: min %lld, max %lld, step %lld", symbol.name()->c_str(),
                 (long long)symbol.min(), (long long)symbol.max(), (long long)symbol.step());
  }
  return TENSEL_OK;
}

tensel_status_t Verifier::weights() {
  TENSEL_TRY(names(package->weights(), "weight", [](const fb::Weight *weight) { return weight->name(); }));
  for (size_t i = 0; i < sizeOf(package->weights()); ++i) {
    const fb::Weight &weight = *package->weights()->Get(uoffset_t(i));
    const char *name = weight.name()->c_str();
    if (weight.section() < 0 || size_t(weight.section()) >= sizeOf(package->sections()))
      return bad("weight '%.100s': section %d of %zu", name, weight.section(), sizeOf(package->sections()));
    const fb::Section &section = *package->sections()->Get(uoffset_t(weight.section()));
    if (section.kind() != uint8_t(SectionKind::Weights))
      return bad("weight '%.100s': section %d does not hold weights", name, weight.section());
    if (weight.offset() % packageAlignment)
      return bad("weight '%.100s': offset %llu is not a multiple of 64", name, (unsigned long long)weight.offset());
    if (weight.offset() > section.length() || weight.length() > section.length() - weight.offset())
      return bad("weight '%.100s': %llu bytes at %llu pass the section's %llu", name, (unsigned long long)weight.length(),
                 (unsigned long long)weight.offset(), (unsigned long long)section.length());
    uint64_t expected = tensel_elem_type_size(tensel_elem_type(weight.elem_type()));
    if (!expected)
      return bad("weight '%.100s': unknown element type %u", name, weight.elem_type());
    TENSEL_SPEND(sizeOf(weight.dims()));
    if (!isAligned(weight.dims()))
      return bad("weight '%.100s': its dims are not aligned", name);
    bool sound = true;
    for (size_t d = 0; d < sizeOf(weight.dims()); ++d)
      sound = sound && weight.dims()->Get(uoffset_t(d)) >= 0 &&
              !__builtin_mul_overflow(expected, uint64_t(weight.dims()->Get(uoffset_t(d))), &expected);
    if (!sound || expected != weight.length())
      return bad("weight '%.100s': found %llu bytes, expected %llu from its dims", name, (unsigned long long)weight.length(),
                 sound ? (unsigned long long)expected : 0ull);
  }
  return TENSEL_OK;
}

tensel_status_t Verifier::tensor(const fb::Function &function, const char *kind, uoffset_t index, const fb::TensorSig *sig,
                                 bool isInput) {
  const char *in = function.name()->c_str();
  if (!tensel_elem_type_size(tensel_elem_type(sig->elem_type())))
    return bad("function '%.100s': %s %u has unknown element type %u", in, kind, index, sig->elem_type());
  size_t rank = sizeOf(sig->dims());
  TENSEL_SPEND(rank);
  if (rank > TENSEL_MAX_RANK)
    return bad("function '%.100s': %s %u has rank %zu, at most %d is possible", in, kind, index, rank, TENSEL_MAX_RANK);
  if (!isAligned(sig->dims()))
    return bad("function '%.100s': the dims of %s %u are not aligned", in, kind, index);
  for (size_t d = 0; d < rank; ++d) {
    const fb::Dim &dim = *sig->dims()->Get(uoffset_t(d));
    bool isStatic = dim.value() >= 0 && dim.symbol() == -1;
    bool isSymbol = dim.value() == -1 && dim.symbol() >= 0 && size_t(dim.symbol()) < sizeOf(package->symbols());
    bool isUnknown = dim.value() == -1 && dim.symbol() == -1 && !isInput;
    if (!isStatic && !isSymbol && !isUnknown)
      return bad("function '%.100s': %s %u, dim %zu: value %lld with symbol %d", in, kind, index, d, (long long)dim.value(),
                 dim.symbol());
  }
  return TENSEL_OK;
}

/// A state and its next value name each other and are alike.
tensel_status_t Verifier::states(const fb::Function &function) {
  const char *in = function.name()->c_str();
  const flatbuffers::Vector<flatbuffers::Offset<fb::TensorSig>> *lists[] = {function.inputs(), function.outputs()};
  const char *const kinds[] = {"input", "output"};
  for (int side = 0; side < 2; ++side)
    for (size_t i = 0; i < sizeOf(lists[side]); ++i) {
      const fb::TensorSig &one = *lists[side]->Get(uoffset_t(i));
      if (one.state() == -1)
        continue;
      if (one.state() < 0 || size_t(one.state()) >= sizeOf(lists[1 - side]) ||
          lists[1 - side]->Get(uoffset_t(one.state()))->state() != int32_t(i))
        return bad("function '%.100s': %s %zu and %s %d are not one state", in, kinds[side], i, kinds[1 - side], one.state());
      const fb::TensorSig &other = *lists[1 - side]->Get(uoffset_t(one.state()));
      TENSEL_SPEND(sizeOf(one.dims()));
      bool isAlike = one.elem_type() == other.elem_type() && sizeOf(one.dims()) == sizeOf(other.dims());
      for (size_t d = 0; isAlike && d < sizeOf(one.dims()); ++d) {
        const fb::Dim &a = *one.dims()->Get(uoffset_t(d)), &b = *other.dims()->Get(uoffset_t(d));
        isAlike = a.value() == b.value() && a.symbol() == b.symbol();
      }
      if (!isAlike)
        return bad("function '%.100s': the state %s %zu has another type or other dims than %s %d", in, kinds[side], i,
                   kinds[1 - side], one.state());
    }
  return TENSEL_OK;
}

tensel_status_t Verifier::plannedValues(const fb::Function &function) {
  const char *in = function.name()->c_str();
  size_t count = sizeOf(function.planned_values());
  TENSEL_SPEND(count);
  if (count > maxPlannedValues)
    return bad("function '%.100s': %zu planned values, at most %zu are possible", in, count, maxPlannedValues);
  for (size_t i = 0; i < count; ++i) {
    const fb::PlannedValue &value = *function.planned_values()->Get(uoffset_t(i));
    if (value.first() < 0 || value.last() < value.first())
      return bad("function '%.100s': planned value %zu lives from %d to %d", in, i, value.first(), value.last());
    TENSEL_SPEND(sizeOf(value.size_expr()));
    if (!value.size_expr() || !isAligned(value.size_expr()) ||
        !isWellFormedSizeExpr(value.size_expr()->data(), value.size_expr()->size(), sizeOf(package->symbols())))
      return bad("function '%.100s': planned value %zu has a malformed size expression", in, i);
  }
  // Whether it names each value once is the planner's business, which has the memory to see that.
  size_t ordered = sizeOf(function.placing_order());
  if (ordered != 0 && ordered != count)
    return bad("function '%.100s': an order of %zu of %zu planned values", in, ordered, count);
  TENSEL_SPEND(ordered);
  return TENSEL_OK;
}

tensel_status_t Verifier::dispatches(const fb::Function &function) {
  const char *in = function.name()->c_str();
  size_t count = sizeOf(function.dispatches());
  TENSEL_SPEND(count);
  for (size_t i = 0; i < count; ++i) {
    const fb::Dispatch &dispatch = *function.dispatches()->Get(uoffset_t(i));
    if (dispatch.kernel() < 0 || size_t(dispatch.kernel()) >= sizeOf(package->kernels()))
      return bad("function '%.100s': dispatch %zu of kernel %d of %zu", in, i, dispatch.kernel(), sizeOf(package->kernels()));
    TENSEL_SPEND(sizeOf(dispatch.nodes()));
    for (size_t n = 0; n < sizeOf(dispatch.nodes()); ++n)
      if (int32_t node = dispatch.nodes()->Get(uoffset_t(n)); node < 0 || size_t(node) >= sizeOf(package->nodes()))
        return bad("function '%.100s': dispatch %zu: node %d of %zu", in, i, node, sizeOf(package->nodes()));
    for (const auto *cost : {dispatch.flops(), dispatch.bytes_read(), dispatch.bytes_written()}) {
      TENSEL_SPEND(sizeOf(cost));
      if (sizeOf(cost) && (!isAligned(cost) || !isWellFormedSizeExpr(cost->data(), cost->size(), sizeOf(package->symbols()))))
        return bad("function '%.100s': dispatch %zu has a malformed cost", in, i);
    }
  }
  return TENSEL_OK;
}

tensel_status_t Verifier::functions() {
  auto tensorName = [](const fb::TensorSig *sig) { return sig->name(); };
  TENSEL_TRY(names(package->functions(), "function", [](const fb::Function *function) { return function->name(); }));
  if (sizeOf(package->functions()) == 0)
    return bad("it holds no function");
  for (size_t i = 0; i < sizeOf(package->functions()); ++i) {
    const fb::Function &function = *package->functions()->Get(uoffset_t(i));
    TENSEL_TRY(names(function.inputs(), "input", tensorName));
    TENSEL_TRY(names(function.outputs(), "output", tensorName));
    for (size_t t = 0; t < sizeOf(function.inputs()); ++t)
      TENSEL_TRY(tensor(function, "input", uoffset_t(t), function.inputs()->Get(uoffset_t(t)), true));
    for (size_t t = 0; t < sizeOf(function.outputs()); ++t)
      TENSEL_TRY(tensor(function, "output", uoffset_t(t), function.outputs()->Get(uoffset_t(t)), false));
    TENSEL_TRY(states(function));
    TENSEL_TRY(plannedValues(function));
    TENSEL_TRY(dispatches(function));
    if (function.peak_bytes() < -1)
      return bad("function '%.100s': peak of %lld bytes", function.name()->c_str(), (long long)function.peak_bytes());
  }
  return TENSEL_OK;
}

/// Every slot is 8 bytes, aligned, in one segment that is not code, after the one before.
tensel_status_t Verifier::slots(const fb::CodeObject &object, const flatbuffers::Vector<uint32_t> *slots, const char *what,
                                uint64_t imageBytes, bool hasAddends) {
  const char *level = object.level()->c_str();
  size_t count = sizeOf(slots), segmentIndex = 0, segmentCount = sizeOf(object.segments());
  TENSEL_SPEND(count);
  const uint8_t *section = bytes + package->sections()->Get(uoffset_t(object.section()))->offset();
  for (size_t i = 0; i < count; ++i) {
    uint64_t slot = slots->Get(uoffset_t(i));
    if (slot % 8 || (i && slot <= slots->Get(uoffset_t(i - 1))))
      return bad("code '%.100s': %s slot %llu is not aligned or not in order", level, what, (unsigned long long)slot);
    while (segmentIndex < segmentCount) {
      const fb::Segment &segment = *object.segments()->Get(uoffset_t(segmentIndex));
      if (slot < segment.offset() + segment.size())
        break;
      ++segmentIndex;
    }
    const fb::Segment *segment = segmentIndex < segmentCount ? object.segments()->Get(uoffset_t(segmentIndex)) : nullptr;
    if (!segment || slot < segment->offset() || segment->offset() + segment->size() - slot < 8 || (segment->prot() & protExecute))
      return bad("code '%.100s': %s slot %llu is outside the data segments", level, what, (unsigned long long)slot);
    if (!hasAddends)
      continue;
    uint64_t target = 0;
    if (segment->file_size() >= slot - segment->offset() + 8)
      memcpy(&target, section + slot, sizeof target);
    else if (segment->file_size() > slot - segment->offset())
      return bad("code '%.100s': %s slot %llu is half in the file", level, what, (unsigned long long)slot);
    if (target > imageBytes)
      return bad("code '%.100s': %s slot %llu points outside the image", level, what, (unsigned long long)slot);
  }
  return TENSEL_OK;
}

tensel_status_t Verifier::image(const fb::CodeObject &object) {
  const char *level = object.level()->c_str();
  if (object.section() < 0 || size_t(object.section()) >= sizeOf(package->sections()))
    return bad("code '%.100s': section %d of %zu", level, object.section(), sizeOf(package->sections()));
  const fb::Section &section = *package->sections()->Get(uoffset_t(object.section()));
  if (section.kind() != uint8_t(SectionKind::Code))
    return bad("code '%.100s': section %d does not hold code", level, object.section());

  uint64_t imageBytes = 0;
  size_t count = sizeOf(object.segments());
  TENSEL_SPEND(count);
  if (!isAligned(object.segments()))
    return bad("code '%.100s': its segments are not aligned", level);
  for (size_t i = 0; i < count; ++i) {
    const fb::Segment &segment = *object.segments()->Get(uoffset_t(i));
    bool sound = segment.offset() % imagePage == 0 && segment.offset() >= imageBytes && segment.size() > 0 &&
                 segment.offset() <= maxImageBytes && segment.size() <= maxImageBytes - segment.offset() &&
                 segment.file_size() <= segment.size() && segment.offset() + segment.file_size() <= section.length();
    if (!sound)
      return bad("code '%.100s': segment %zu (%llu bytes at %llu, %llu in the file) is misplaced", level, i,
                 (unsigned long long)segment.size(), (unsigned long long)segment.offset(),
                 (unsigned long long)segment.file_size());
    if (segment.prot() != protRead && segment.prot() != (protRead | protWrite) && segment.prot() != (protRead | protExecute))
      return bad("code '%.100s': segment %zu has protection %u, expected read, read+write or read+execute", level, i,
                 segment.prot());
    imageBytes = segment.offset() + segment.size();
  }

  auto isCode = [&](uint64_t offset) {
    for (size_t i = 0; i < count; ++i) {
      const fb::Segment &segment = *object.segments()->Get(uoffset_t(i));
      if ((segment.prot() & protExecute) && offset >= segment.offset() && offset - segment.offset() < segment.size())
        return true;
    }
    return false;
  };
  TENSEL_TRY(slots(object, object.relative_relocs(), "relative", imageBytes, true));
  TENSEL_SPEND(sizeOf(object.imports()));
  for (size_t i = 0; i < sizeOf(object.imports()); ++i) {
    const fb::Import &import = *object.imports()->Get(uoffset_t(i));
    if (!findImport(textOf(import.name())))
      return bad("code '%.100s': unknown import '%.100s'", level, textOf(import.name()));
    TENSEL_TRY(slots(object, import.slots(), "import", imageBytes, false));
  }
  size_t functionCount = sizeOf(package->functions());
  if (sizeOf(object.entries()) != functionCount)
    return bad("code '%.100s': found %zu entries, expected %zu", level, sizeOf(object.entries()), functionCount);
  // isCode walks the segments, so each look is paid for.
  for (size_t i = 0; i < functionCount; ++i) {
    const fb::Entry &entry = *object.entries()->Get(uoffset_t(i));
    TENSEL_SPEND(count);
    if (entry.function() != int32_t(i) || !isCode(entry.offset()))
      return bad("code '%.100s': entry %zu (function %d at %u) is not in code", level, i, entry.function(), entry.offset());
  }
  return TENSEL_OK;
}

tensel_status_t Verifier::code() {
  TENSEL_TRY(names(package->code(), "code", [](const fb::CodeObject *object) { return object->level(); }));
  for (size_t i = 0; i < sizeOf(package->code()); ++i)
    TENSEL_TRY(image(*package->code()->Get(uoffset_t(i))));
  return TENSEL_OK;
}

/// What only tools read.
tensel_status_t Verifier::rest() {
  if (!package->compiler_version() || !package->target_arch())
    return bad("the compiler's version or the target is missing");
  if (package->kernel_stack_bytes() < 0 || package->kernel_stack_bytes() > mostKernelStackBytes)
    return bad("kernels take %lld bytes of stack, expected at most %lld", (long long)package->kernel_stack_bytes(),
               (long long)mostKernelStackBytes);
  TENSEL_TRY(names(package->kernels(), "kernel", [](const fb::Kernel *kernel) { return kernel->name(); }));
  for (size_t i = 0; i < sizeOf(package->inputs_hashes()); ++i) {
    const fb::InputHash &input = *package->inputs_hashes()->Get(uoffset_t(i));
    if (!input.name() || sizeOf(input.sha256()) != 32)
      return bad("input hash %zu has no name or not 32 bytes", i);
  }
  return TENSEL_OK;
}

tensel_status_t Verifier::verify(Hashes hashes) {
  TENSEL_TRY(header());
  TENSEL_TRY(sections(hashes));
  TENSEL_TRY(symbols());
  TENSEL_TRY(weights());
  TENSEL_TRY(functions());
  TENSEL_TRY(code());
  return rest();
}

} // namespace

tensel_status_t tensel::rt::verifyPackage(const uint8_t *bytes, size_t size, Hashes hashes, const fb::Package *&package,
                                          Error &error) {
  Verifier verifier(bytes, size, error);
  tensel_status_t status = verifier.verify(hashes);
  package = status == TENSEL_OK ? verifier.package : nullptr;
  return status;
}
