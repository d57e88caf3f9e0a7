// Compile and run in one process, by LLVM's ORC.
#include "compiler/Jit.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"
#include <cstdlib>

namespace tensel {
namespace {
const llvm::StringSet<> &importNames() {
  static const llvm::StringSet<> names = {
#define TENSEL_IMPORT(name) #name,
#include "runtime/package/Imports.def"
#undef TENSEL_IMPORT
  };
  return names;
}

struct FreeBytes {
  void operator()(uint8_t *bytes) const { std::free(bytes); }
};
} // namespace

struct JitModel::State {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::unique_ptr<uint8_t, FreeBytes> package;
  const CpuLevel *cpuLevel = nullptr;
  std::string levelName;
  std::vector<tensel_entry_fn> entries;
  std::vector<tensel_range_fn> kernels;
  tensel_static_level level = {};
  struct tensel_static_model model = {};
};

JitModel::JitModel() : state(std::make_unique<State>()) {}
JitModel::~JitModel() = default;

const struct tensel_static_model *JitModel::description() const { return &state->model; }

llvm::Expected<void *> JitModel::find(llvm::StringRef function) const {
  auto address = state->jit->lookup(LevelCode::symbol(function, *state->cpuLevel));
  if (!address)
    return address.takeError();
  return address->toPtr<void *>();
}

llvm::Expected<std::unique_ptr<JitModel>> JitModel::create(Program &program, const LevelCode &code) {
  std::unique_ptr<JitModel> result(new JitModel());
  State &state = *result->state;

  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  state.jit = std::move(*jit);
  // Only what a package may import, so that what runs here also runs there.
  auto isImport = [](const llvm::orc::SymbolStringPtr &name) { return importNames().contains(*name); };
  auto process =
      llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(state.jit->getDataLayout().getGlobalPrefix(), isImport);
  if (!process)
    return process.takeError();
  llvm::orc::JITDylib &dylib = state.jit->getMainJITDylib();
  dylib.addGenerator(std::move(*process));
  for (auto [k, object] : llvm::enumerate(code.objects)) {
    auto buffer =
        llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(object.data(), object.size()), "piece" + std::to_string(k));
    if (llvm::Error error = state.jit->addObjectFile(dylib, std::move(buffer)))
      return std::move(error);
  }
  for (const rt::FunctionData &function : program.writer.data.functions) {
    auto address = state.jit->lookup(LevelCode::symbol(function.entrySymbol, *code.level));
    if (!address)
      return address.takeError();
    state.entries.push_back(address->toPtr<tensel_entry_fn>());
  }

  std::vector<uint8_t> bytes;
  if (std::string error = program.writer.serialize(bytes, /*withCode=*/false); !error.empty())
    return llvm::createStringError(error);
  state.package.reset(static_cast<uint8_t *>(std::aligned_alloc(TENSEL_ALIGNMENT, (bytes.size() + 63) / 64 * 64)));
  if (!state.package)
    return llvm::createStringError("not enough memory for the weights");
  std::memcpy(state.package.get(), bytes.data(), bytes.size());
  state.cpuLevel = code.level;
  state.levelName = code.level->name.str();
  state.level = {state.levelName.c_str(), state.entries.data()};
  state.model = {TENSEL_KERNEL_ABI_VERSION, 1, state.package.get(), bytes.size(), &state.level};
  return std::move(result);
}
} // namespace tensel
