// Builds the description as LLVM IR text, with the package's bytes included from a file by the assembler.
#include "compiler/StaticEmitter.h"

#include "runtime/include/tensel/kernel_abi.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/ObjCopy/CommonConfig.h"
#include "llvm/ObjCopy/ELF/ELFConfig.h"
#include "llvm/ObjCopy/ELF/ELFObjcopy.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

namespace tensel {
namespace {
/// The tensel_static_model and what it points at; `blob` is the path of the package without code.
std::string makeDescription(const Program &program, llvm::StringRef name, llvm::StringRef blob, uint64_t blobSize) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "module asm \".section .rodata.tensel,\\22a\\22,@progbits\"\n"
      << "module asm \".balign 64\"\n"
      << "module asm \"tensel_package_bytes:\"\n"
      << "module asm \".incbin \\22" << blob << "\\22\"\n"
      << "@tensel_package_bytes = external hidden constant i8\n";
  size_t functions = program.writer.data.functions.size();
  std::string levels;
  for (const LevelCode &code : program.code) {
    std::string id = code.level->identifier(), entries;
    for (const rt::FunctionData &function : program.writer.data.functions) {
      std::string symbol = LevelCode::symbol(function.entrySymbol, *code.level);
      out << "declare hidden i32 @" << symbol << "(ptr, ptr, ptr)\n";
      entries += (entries.empty() ? "ptr @" : ", ptr @") + symbol;
    }
    out << "@name_" << id << " = private constant [" << code.level->name.size() + 1 << " x i8] c\"" << code.level->name
        << "\\00\"\n"
        << "@entries_" << id << " = private constant [" << functions << " x ptr] [" << entries << "]\n";
    levels += std::string(levels.empty() ? "" : ", ") + "{ptr, ptr} {ptr @name_" + id + ", ptr @entries_" + id + "}";
  }
  size_t count = program.code.size();
  out << "@levels = private constant [" << count << " x {ptr, ptr}] [" << levels << "]\n"
      << "@" << name << " = constant {i32, i32, ptr, i64, ptr} {i32 " << TENSEL_KERNEL_ABI_VERSION << ", i32 " << count
      << ", ptr @tensel_package_bytes, i64 " << blobSize << ", ptr @levels}\n";
  return text;
}

llvm::Error compileDescription(const std::string &text, const CpuLevel &level, llvm::SmallVectorImpl<char> &object) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(text, diagnostic, context);
  if (!module)
    return llvm::createStringError("the model's description is broken: " + diagnostic.getMessage().str());
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(level);
  setTarget(*module, *machine, level);
  return emitCode(*module, *machine, CodeKind::Object, object);
}

/// Makes every global symbol but `name` local, so that models can be linked together.
llvm::Expected<std::string> keepOneGlobal(llvm::MemoryBufferRef buffer, llvm::StringRef name) {
  llvm::Expected<std::unique_ptr<llvm::object::ObjectFile>> file = llvm::object::ObjectFile::createELFObjectFile(buffer);
  if (!file)
    return file.takeError();
  llvm::objcopy::CommonConfig config;
  llvm::objcopy::ELFConfig elf;
  auto matcher =
      llvm::objcopy::NameOrPattern::create(name, llvm::objcopy::MatchStyle::Literal, [](llvm::Error error) { return error; });
  if (llvm::Error error = config.SymbolsToKeepGlobal.addMatcher(std::move(matcher)))
    return std::move(error);
  config.InputFilename = config.OutputFilename = "model.o";
  std::string result;
  llvm::raw_string_ostream stream(result);
  if (llvm::Error error = llvm::objcopy::elf::executeObjcopyOnBinary(
          config, elf, *llvm::cast<llvm::object::ELFObjectFileBase>(file->get()), stream))
    return std::move(error);
  return result;
}
} // namespace

std::string staticModelName(llvm::StringRef path) {
  std::string name = llvm::sys::path::stem(path).str();
  for (char &c : name)
    c = llvm::isAlnum(c) ? c : '_';
  if (name.empty() || llvm::isDigit(name[0]))
    name = "m" + name;
  return name + "_model";
}

std::string makeStaticHeader(llvm::StringRef modelName) {
  std::string guard = "TENSEL_MODEL_" + modelName.upper() + "_H", text;
  llvm::raw_string_ostream out(text);
  out << "/* A compiled model. Link it with the object or shared object that `tensel compile --emit=obj` or `--emit=so` made and "
         "with\n"
      << " * libtensel_runtime; give its address to tensel_model_load_static(). Made by tensel compile --emit=header. */\n"
      << "#ifndef " << guard << "\n#define " << guard << "\n\n#include <tensel/runtime.h>\n\n"
      << "#ifdef __cplusplus\nextern \"C\"\n#else\nextern\n#endif\n"
      << "const tensel_static_model " << modelName << ";\n\n#endif\n";
  return text;
}

llvm::Expected<std::string> makeStaticObject(Program &program, LinkKind kind, llvm::StringRef modelName,
                                             llvm::StringRef outputName) {
  llvm::Expected<ScratchFolder> scratch = ScratchFolder::create();
  if (!scratch)
    return scratch.takeError();
  std::vector<uint8_t> package;
  if (std::string error = program.writer.serialize(package, /*withCode=*/false); !error.empty())
    return llvm::createStringError(error);
  llvm::Expected<std::string> blob =
      scratch->write("package", llvm::ArrayRef<char>(reinterpret_cast<const char *>(package.data()), package.size()));
  if (!blob)
    return blob.takeError();
  std::string description = makeDescription(program, modelName, *blob, package.size());
  package = {};

  llvm::SmallVector<std::string> objects;
  auto add = [&](llvm::StringRef name, llvm::ArrayRef<char> bytes) -> llvm::Error {
    llvm::Expected<std::string> path = scratch->write(name, bytes);
    if (!path)
      return path.takeError();
    objects.push_back(*path);
    return llvm::Error::success();
  };
  for (const LevelCode &code : program.code)
    for (auto [k, object] : llvm::enumerate(code.objects))
      if (llvm::Error error = add((code.level->name + "." + llvm::Twine(k) + ".o").str(), object))
        return std::move(error);
  {
    llvm::SmallVector<char, 0> object;
    if (llvm::Error error = compileDescription(description, *program.code.front().level, object))
      return std::move(error);
    if (llvm::Error error = add("description.o", object))
      return std::move(error);
  }
  std::string output = scratch->pathOf("linked");
  if (llvm::Error error = link(kind, objects, {modelName.str()}, *scratch, output, outputName))
    return std::move(error);
  auto linked = llvm::MemoryBuffer::getFile(output, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!linked)
    return llvm::createStringError("cannot read what the linker wrote: " + linked.getError().message());
  if (kind == LinkKind::Relocatable)
    return keepOneGlobal((*linked)->getMemBufferRef(), modelName);
  return (*linked)->getBuffer().str();
}
} // namespace tensel
