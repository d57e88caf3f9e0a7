// Module attributes -> PackageWriter. The attributes are written by -tensel-form-dispatches and -tensel-lower-task (passes/task/Passes.td).
#include "compiler/PackageEmitter.h"

#include "compiler/Diagnostics.h"
#include "compiler/Link.h"
#include "compiler/memory/PlannedValues.h"
#include "runtime/include/tensel/runtime.h"
#include "runtime/package/ImageBuilder.h"
#include "runtime/package/Sha256.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace tensel {
namespace {
int32_t elemTypeOf(Type type) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    type = shaped.getElementType();
  if (type.isF64())
    return TENSEL_F64;
  if (type.isF32())
    return TENSEL_F32;
  if (type.isF16())
    return TENSEL_F16;
  if (type.isBF16())
    return TENSEL_BF16;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return 0;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return TENSEL_BOOL;
  case 8:
    return isUnsigned ? TENSEL_U8 : TENSEL_I8;
  case 16:
    return isUnsigned ? TENSEL_U16 : TENSEL_I16;
  case 32:
    return isUnsigned ? TENSEL_U32 : TENSEL_I32;
  case 64:
    return isUnsigned ? TENSEL_U64 : TENSEL_I64;
  default:
    return 0;
  }
}

// What an attribute dictionary holds under a name; empty or `otherwise` where it holds nothing.
ArrayAttr list(Attribute from, StringRef name) {
  auto dictionary = dyn_cast_or_null<DictionaryAttr>(from);
  auto found = dictionary ? dictionary.getAs<ArrayAttr>(name) : ArrayAttr();
  return found;
}
ArrayRef<Attribute> items(Attribute from, StringRef name) {
  ArrayAttr found = list(from, name);
  return found ? found.getValue() : ArrayRef<Attribute>();
}
std::string text(Attribute from, StringRef name) {
  auto found = cast<DictionaryAttr>(from).getAs<StringAttr>(name);
  return found ? found.str() : "";
}
int64_t number(Attribute from, StringRef name, int64_t otherwise) {
  auto found = cast<DictionaryAttr>(from).getAs<IntegerAttr>(name);
  return found ? found.getInt() : otherwise;
}
SmallVector<std::string> texts(ArrayRef<Attribute> attributes) {
  SmallVector<std::string> result;
  for (Attribute attribute : attributes)
    if (auto string = dyn_cast<StringAttr>(attribute))
      result.push_back(string.str());
  return result;
}

class MetadataReader {
public:
  MetadataReader(rt::PackageWriter &writer, ModuleOp host, ModuleOp program, WeightResolver &resolver)
      : writer(writer), attributes(host->getAttrDictionary()), program(program), resolver(resolver) {}

  llvm::Error run() {
    for (Attribute symbol : items(attributes, "tensel.symbols")) {
      symbols[text(symbol, "name")] = writer.addSymbol(
          {text(symbol, "name"), number(symbol, "min", 1), number(symbol, "max", -1), number(symbol, "step", 1)});
    }
    for (Attribute kernel : items(attributes, "tensel.kernels")) {
      rt::KernelData data;
      data.name = text(kernel, "name");
      for (std::string &node : texts(items(kernel, "nodes")))
        data.sourceNodes.push_back(std::move(node));
      data.flops = number(kernel, "flops", -1);
      data.bytes = number(kernel, "bytes", -1);
      kernels[data.name] = static_cast<int32_t>(writer.data.kernels.size());
      writer.data.kernels.push_back(std::move(data));
    }
    for (Attribute function : items(attributes, "tensel.functions"))
      addFunction(function);
    for (std::string &name : texts(items(attributes, "tensel.weights")))
      if (llvm::Error error = addWeight(name))
        return error;
    return llvm::Error::success();
  }

private:
  rt::TensorData tensor(Attribute from) {
    rt::TensorData data;
    data.name = text(from, "name");
    if (auto type = cast<DictionaryAttr>(from).getAs<TypeAttr>("type"))
      data.elemType = elemTypeOf(type.getValue());
    for (Attribute dim : items(from, "dims")) {
      if (auto value = dyn_cast<IntegerAttr>(dim)) {
        data.dims.push_back({value.getInt(), -1});
        continue;
      }
      auto name = dyn_cast<StringAttr>(dim);
      auto found = name ? symbols.find(name.getValue()) : symbols.end();
      data.dims.push_back({-1, found == symbols.end() ? -1 : found->second});
    }
    data.state = static_cast<int32_t>(number(from, "state", -1));
    return data;
  }

  void addFunction(Attribute from) {
    rt::FunctionData data;
    data.name = text(from, "name");
    data.entrySymbol = text(from, "entry");
    data.flops = number(from, "flops", -1);
    for (Attribute input : items(from, "inputs"))
      data.inputs.push_back(tensor(input));
    for (Attribute output : items(from, "outputs"))
      data.outputs.push_back(tensor(output));
    data.plannedValues = readPlannedValues(cast<DictionaryAttr>(from).getAs<ArrayAttr>("planned_values"));
    for (std::string &place : texts(items(from, "places")))
      data.places.push_back(std::move(place));
    for (Attribute dispatch : items(from, "dispatches"))
      data.dispatches.push_back(readDispatch(dispatch));
    writer.addFunction(std::move(data));
  }

  rt::DispatchData readDispatch(Attribute from) {
    rt::DispatchData data;
    data.kernel = kernels.lookup(text(from, "kernel"));
    for (const std::string &node : texts(items(from, "nodes"))) {
      auto [place, isNew] = nodes.try_emplace(node, static_cast<int32_t>(writer.data.nodes.size()));
      if (isNew)
        writer.data.nodes.push_back(node);
      data.nodes.push_back(place->second);
    }
    std::vector<int64_t> *costs[] = {&data.flops, &data.bytesRead, &data.bytesWritten};
    for (auto [cost, expr] : llvm::zip(costs, items(from, "cost")))
      if (auto words = dyn_cast<DenseI64ArrayAttr>(expr))
        cost->assign(words.asArrayRef().begin(), words.asArrayRef().end());
    return data;
  }

  llvm::Error addWeight(const std::string &name) {
    DiagnosticCollector diagnostics(program.getContext());
    auto weight = program.lookupSymbol<graph::WeightOp>(name);
    if (!weight)
      return llvm::createStringError("weight '" + name + "' is not in the module");
    FailureOr<ArrayRef<char>> bytes = resolver.resolve(weight);
    if (failed(bytes))
      return diagnostics.takeError("weight '" + name + "' cannot be read");
    auto type = cast<RankedTensorType>(weight.getType());
    rt::WeightData data;
    data.name = name;
    data.elemType = elemTypeOf(type);
    data.dims.assign(type.getShape().begin(), type.getShape().end());
    if (std::optional<StringRef> file = weight.getFile())
      data.source = (llvm::sys::path::filename(*file) + "@" + llvm::Twine(weight.getOffset())).str();
    writer.addWeight(std::move(data), bytes->data(), bytes->size());
    return llvm::Error::success();
  }

  rt::PackageWriter &writer;
  DictionaryAttr attributes;
  ModuleOp program;
  WeightResolver &resolver;
  llvm::StringMap<int32_t> symbols, kernels, nodes;
};

/// Object files -> shared object -> flat image with the offsets of what the runtime calls.
llvm::Error addLevel(rt::PackageWriter &writer, const LevelCode &code, ScratchFolder &scratch) {
  std::string prefix = code.level->name.str();
  SmallVector<std::string> objects, exported;
  for (auto [k, object] : llvm::enumerate(code.objects)) {
    llvm::Expected<std::string> path = scratch.write(prefix + "." + std::to_string(k) + ".o", object);
    if (!path)
      return path.takeError();
    objects.push_back(*path);
  }
  for (const rt::FunctionData &function : writer.data.functions)
    exported.push_back(LevelCode::symbol(function.entrySymbol, *code.level));
  std::string shared = scratch.pathOf(prefix + ".so");
  if (llvm::Error error = link(LinkKind::SharedObject, objects, exported, scratch, shared))
    return error;
  auto file = llvm::MemoryBuffer::getFile(shared, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return llvm::createStringError("cannot read '" + shared + "': " + file.getError().message());

  rt::ImageBuilder builder;
  if (std::string error = builder.parse((*file)->getBufferStart(), (*file)->getBufferSize()); !error.empty())
    return llvm::createStringError("code for " + prefix + ": " + error);
  rt::CodeData data;
  data.level = prefix;
  for (const rt::FunctionData &function : writer.data.functions) {
    std::optional<uint32_t> offset = builder.find(LevelCode::symbol(function.entrySymbol, *code.level));
    if (!offset)
      return llvm::createStringError("function '" + function.entrySymbol + "' is not in the code for " + prefix);
    data.entries.push_back(*offset);
  }
  data.image = std::move(builder.image);
  writer.addCode(std::move(data));
  return llvm::Error::success();
}
} // namespace

llvm::Error addMetadata(rt::PackageWriter &writer, ModuleOp host, ModuleOp program, WeightResolver &resolver) {
  return MetadataReader(writer, host, program, resolver).run();
}

llvm::Error addCode(rt::PackageWriter &writer, llvm::ArrayRef<LevelCode> code) {
  llvm::Expected<ScratchFolder> scratch = ScratchFolder::create();
  if (!scratch)
    return scratch.takeError();
  for (const LevelCode &level : code)
    if (llvm::Error error = addLevel(writer, level, *scratch))
      return error;
  return llvm::Error::success();
}

llvm::Error addInputHash(rt::PackageWriter &writer, llvm::StringRef path) {
  // In pieces: a mapping of the whole file would be in memory beside the weights.
  llvm::Expected<llvm::sys::fs::file_t> file = llvm::sys::fs::openNativeFileForRead(path);
  if (!file)
    return llvm::createStringError("cannot read '" + path + "': " + llvm::toString(file.takeError()));
  rt::InputHashData hash;
  hash.name = llvm::sys::path::filename(path).str();
  rt::Sha256 sha;
  std::vector<char> piece(1 << 20);
  llvm::Error error = llvm::Error::success();
  while (!error) {
    llvm::Expected<size_t> count = llvm::sys::fs::readNativeFile(*file, piece);
    if (!count)
      error = llvm::createStringError("cannot read '" + path + "': " + llvm::toString(count.takeError()));
    else if (*count == 0)
      break;
    else
      sha.update(piece.data(), *count);
  }
  llvm::sys::fs::closeFile(*file);
  if (error)
    return error;
  sha.finish(hash.sha256.data());
  writer.data.inputHashes.push_back(std::move(hash));
  return llvm::Error::success();
}
} // namespace tensel
