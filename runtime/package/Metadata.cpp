// PackageData -> flatbuffer. The order of the calls fixes the bytes: keep it.
#include "runtime/package/Metadata.h"
#include "runtime/include/tensel/kernel_abi.h"
#include "runtime/package_generated.h"

using namespace tensel::rt;
using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

/// Builds each element with `build` and the vector of them.
template <typename Table, typename T, typename Build>
static auto buildAll(FlatBufferBuilder &builder, const std::vector<T> &items, Build build) {
  std::vector<Offset<Table>> offsets;
  offsets.reserve(items.size());
  for (const T &item : items)
    offsets.push_back(build(item));
  return builder.CreateVector(offsets);
}

static auto buildStrings(FlatBufferBuilder &builder, const std::vector<std::string> &strings) {
  return builder.CreateVectorOfStrings(strings);
}

static auto buildHash(FlatBufferBuilder &builder, const std::array<uint8_t, 32> &hash) {
  return builder.CreateVector(hash.data(), hash.size());
}

static Offset<fb::TensorSig> buildTensor(FlatBufferBuilder &builder, const TensorData &tensor) {
  std::vector<fb::Dim> dims;
  for (const DimData &dim : tensor.dims)
    dims.emplace_back(dim.value, dim.symbol);
  auto name = builder.CreateString(tensor.name);
  return fb::CreateTensorSig(builder, name, uint8_t(tensor.elemType), builder.CreateVectorOfStructs(dims), tensor.state);
}

static Offset<fb::Function> buildFunction(FlatBufferBuilder &builder, const FunctionData &function) {
  auto tensor = [&](const TensorData &data) { return buildTensor(builder, data); };
  auto name = builder.CreateString(function.name);
  auto entry = builder.CreateString(function.entrySymbol);
  auto inputs = buildAll<fb::TensorSig>(builder, function.inputs, tensor);
  auto outputs = buildAll<fb::TensorSig>(builder, function.outputs, tensor);
  auto values = buildAll<fb::PlannedValue>(builder, function.plannedValues, [&](const PlannedValueData &value) {
    auto expr = builder.CreateVector(value.sizeExpr);
    auto valueName = builder.CreateString(value.name);
    return fb::CreatePlannedValue(builder, expr, value.first, value.last, valueName);
  });
  auto places = buildStrings(builder, function.places);
  auto dispatches = buildAll<fb::Dispatch>(builder, function.dispatches, [&](const DispatchData &dispatch) {
    auto nodes = builder.CreateVector(dispatch.nodes);
    auto flops = builder.CreateVector(dispatch.flops);
    auto read = builder.CreateVector(dispatch.bytesRead);
    auto written = builder.CreateVector(dispatch.bytesWritten);
    return fb::CreateDispatch(builder, dispatch.kernel, nodes, flops, read, written);
  });
  auto order = builder.CreateVector(function.placingOrder);
  return fb::CreateFunction(builder, name, entry, inputs, outputs, values, function.peakBytes, function.flops, places, dispatches,
                            order);
}

static Offset<fb::CodeObject> buildCode(FlatBufferBuilder &builder, const CodeData &code) {
  std::vector<fb::Segment> segmentList;
  for (const SegmentData &segment : code.image.segments)
    segmentList.emplace_back(segment.offset, segment.size, segment.fileSize, segment.prot);
  std::vector<fb::Entry> entryList;
  for (uint32_t offset : code.entries)
    entryList.emplace_back(int32_t(entryList.size()), offset);
  auto level = builder.CreateString(code.level);
  auto segments = builder.CreateVectorOfStructs(segmentList);
  auto relocs = builder.CreateVector(code.image.relativeRelocs);
  auto imports = buildAll<fb::Import>(builder, code.image.imports, [&](const ImportData &import) {
    auto name = builder.CreateString(import.name);
    return fb::CreateImport(builder, name, builder.CreateVector(import.slots));
  });
  auto entries = builder.CreateVectorOfStructs(entryList);
  return fb::CreateCodeObject(builder, level, code.section, segments, relocs, imports, entries);
}

std::vector<uint8_t> tensel::rt::buildMetadata(const PackageData &data, bool withCode) {
  static const std::vector<CodeData> noCode;
  FlatBufferBuilder builder(1 << 16);
  auto version = builder.CreateString(data.compilerVersion);
  auto arch = builder.CreateString(data.targetArch);
  auto functions = buildAll<fb::Function>(builder, data.functions,
                                          [&](const FunctionData &function) { return buildFunction(builder, function); });
  auto symbols = buildAll<fb::Symbol>(builder, data.symbols, [&](const SymbolData &symbol) {
    auto name = builder.CreateString(symbol.name);
    return fb::CreateSymbol(builder, name, symbol.min, symbol.max, symbol.step);
  });
  auto weights = buildAll<fb::Weight>(builder, data.weights, [&](const WeightData &weight) {
    auto name = builder.CreateString(weight.name);
    auto dims = builder.CreateVector(weight.dims);
    auto source = builder.CreateString(weight.source);
    return fb::CreateWeight(builder, name, weight.section, weight.offset, weight.length, uint8_t(weight.elemType), dims, source);
  });
  auto code = buildAll<fb::CodeObject>(builder, withCode ? data.code : noCode,
                                       [&](const CodeData &object) { return buildCode(builder, object); });
  auto sections = buildAll<fb::Section>(builder, data.sections, [&](const SectionData &section) {
    auto hash = buildHash(builder, section.sha256);
    return fb::CreateSection(builder, section.offset, section.length, uint8_t(section.kind), hash);
  });
  auto kernels = buildAll<fb::Kernel>(builder, data.kernels, [&](const KernelData &kernel) {
    auto name = builder.CreateString(kernel.name);
    auto nodes = buildStrings(builder, kernel.sourceNodes);
    return fb::CreateKernel(builder, name, nodes, kernel.flops, kernel.bytes);
  });
  auto passes = buildStrings(builder, data.passes);
  auto hashes = buildAll<fb::InputHash>(builder, data.inputHashes, [&](const InputHashData &input) {
    auto name = builder.CreateString(input.name);
    return fb::CreateInputHash(builder, name, buildHash(builder, input.sha256));
  });
  auto options = buildStrings(builder, data.options);
  auto nodes = buildStrings(builder, data.nodes);
  fb::FinishPackageBuffer(builder, fb::CreatePackage(builder, packageFormatVersion, TENSEL_KERNEL_ABI_VERSION, version, arch,
                                                     functions, symbols, weights, code, sections, kernels, passes, hashes,
                                                     options, nodes, data.kernelStackBytes));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}
