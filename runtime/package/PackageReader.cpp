// Flatbuffer -> PackageData, see PackageReader.h.
#include "runtime/package/PackageReader.h"
#include "runtime/package_generated.h"
#include "runtime/src/MappedPackage.h"

#include <algorithm>

using namespace tensel::rt;
using flatbuffers::uoffset_t;

static std::string text(const flatbuffers::String *string) { return string ? string->str() : ""; }

template <typename T>
static std::vector<T> numbers(const flatbuffers::Vector<T> *list) {
  return list ? std::vector<T>(list->begin(), list->end()) : std::vector<T>();
}

static std::vector<std::string> strings(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>> *list) {
  std::vector<std::string> result;
  for (uoffset_t i = 0; list && i < list->size(); ++i)
    result.push_back(text(list->Get(i)));
  return result;
}

static std::array<uint8_t, 32> hash(const flatbuffers::Vector<uint8_t> *list) {
  std::array<uint8_t, 32> result{};
  std::copy_n(list->data(), 32, result.data()); // verified
  return result;
}

template <typename List, typename Read>
static auto readAll(const List *list, Read read) {
  std::vector<decltype(read(list->Get(0)))> result;
  for (uoffset_t i = 0; list && i < list->size(); ++i)
    result.push_back(read(list->Get(i)));
  return result;
}

static TensorData readTensor(const fb::TensorSig *sig) {
  return {text(sig->name()), sig->elem_type(),
          readAll(sig->dims(), [](const fb::Dim *dim) { return DimData{dim->value(), dim->symbol()}; }), sig->state()};
}

static FunctionData readFunction(const fb::Function *function) {
  return {text(function->name()),
          text(function->entry_symbol()),
          readAll(function->inputs(), readTensor),
          readAll(function->outputs(), readTensor),
          readAll(function->planned_values(),
                  [](const fb::PlannedValue *value) {
                    return PlannedValueData{numbers(value->size_expr()), value->first(), value->last(), text(value->name())};
                  }),
          function->peak_bytes(),
          function->flops(),
          strings(function->places()),
          readAll(function->dispatches(),
                  [](const fb::Dispatch *dispatch) {
                    return DispatchData{dispatch->kernel(), numbers(dispatch->nodes()), numbers(dispatch->flops()),
                                        numbers(dispatch->bytes_read()), numbers(dispatch->bytes_written())};
                  }),
          numbers(function->placing_order())};
}

static CodeData readCode(const fb::CodeObject *object) {
  CodeData code;
  code.level = text(object->level());
  code.image.segments = readAll(object->segments(), [](const fb::Segment *segment) {
    return SegmentData{segment->offset(), segment->size(), segment->file_size(), segment->prot()};
  });
  code.image.relativeRelocs = numbers(object->relative_relocs());
  code.image.imports = readAll(
      object->imports(), [](const fb::Import *import) { return ImportData{text(import->name()), numbers(import->slots())}; });
  code.entries = readAll(object->entries(), [](const fb::Entry *entry) { return entry->offset(); });
  code.section = object->section();
  return code;
}

std::string tensel::rt::readPackage(const std::string &path, PackageData &data) {
  MappedPackage package;
  Error error;
  if (package.openFile(path.c_str(), Hashes::Check, error) != TENSEL_OK)
    return error.message;
  const fb::Package &metadata = package.metadata();
  data.compilerVersion = text(metadata.compiler_version());
  data.targetArch = text(metadata.target_arch());
  data.functions = readAll(metadata.functions(), readFunction);
  data.symbols = readAll(metadata.symbols(), [](const fb::Symbol *symbol) {
    return SymbolData{text(symbol->name()), symbol->min(), symbol->max(), symbol->step()};
  });
  data.weights = readAll(metadata.weights(), [](const fb::Weight *weight) {
    return WeightData{text(weight->name()), weight->elem_type(), numbers(weight->dims()), text(weight->source()),
                      weight->section(),    weight->offset(),    weight->length()};
  });
  data.code = readAll(metadata.code(), readCode);
  data.sections = readAll(metadata.sections(), [](const fb::Section *section) {
    return SectionData{section->offset(), section->length(), SectionKind(section->kind()), hash(section->sha256())};
  });
  data.kernels = readAll(metadata.kernels(), [](const fb::Kernel *kernel) {
    return KernelData{text(kernel->name()), strings(kernel->source_nodes()), kernel->flops(), kernel->bytes()};
  });
  data.passes = strings(metadata.passes());
  data.inputHashes = readAll(metadata.inputs_hashes(), [](const fb::InputHash *input) {
    return InputHashData{text(input->name()), hash(input->sha256())};
  });
  data.options = strings(metadata.options());
  data.nodes = strings(metadata.nodes());
  data.kernelStackBytes = metadata.kernel_stack_bytes();
  return {};
}
