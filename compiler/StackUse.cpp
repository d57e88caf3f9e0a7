// See StackUse.h. LLVM says frames as warnings about those above a limit, which is 0 here.
#include "compiler/StackUse.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/DiagnosticHandler.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/Instructions.h"

namespace tensel {
namespace {
/// The return address, and what a frame may be moved by to be aligned.
constexpr int64_t besideFrame = 8 + 64;

struct FrameListener : llvm::DiagnosticHandler {
  explicit FrameListener(llvm::StringMap<int64_t> &frames) : frames(frames) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getKind() != llvm::DK_StackSize)
      return false;
    const auto &size = llvm::cast<llvm::DiagnosticInfoStackSize>(info);
    int64_t &frame = frames[size.getFunction().getName()];
    frame = std::max(frame, static_cast<int64_t>(size.getResourceSize()));
    return true;
  }
  llvm::StringMap<int64_t> &frames;
};

class LongestCalls {
public:
  explicit LongestCalls(const llvm::StringMap<int64_t> &frames) : frames(frames) {}

  llvm::Expected<int64_t> from(const llvm::Function &function) {
    auto [place, isNew] = known.try_emplace(&function, unfinished);
    if (!isNew) {
      if (place->second == unfinished)
        return llvm::createStringError("the code of '" + function.getName() + "' calls itself");
      return place->second;
    }
    int64_t deepest = 0;
    for (const llvm::BasicBlock &block : function)
      for (const llvm::Instruction &instruction : block) {
        if (const auto *memory = llvm::dyn_cast<llvm::AllocaInst>(&instruction); memory && !memory->isStaticAlloca())
          return llvm::createStringError("the frame of '" + function.getName() + "' grows as it runs");
        const auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);
        const llvm::Function *callee = call ? call->getCalledFunction() : nullptr;
        if (!callee || callee->isDeclaration())
          continue;
        llvm::Expected<int64_t> below = from(*callee);
        if (!below)
          return below;
        deepest = std::max(deepest, *below);
      }
    return known[&function] = frames.lookup(function.getName()) + besideFrame + deepest;
  }

private:
  static constexpr int64_t unfinished = -1;
  const llvm::StringMap<int64_t> &frames;
  llvm::DenseMap<const llvm::Function *, int64_t> known;
};
} // namespace

StackUse::StackUse(llvm::Module &module) : module(module), before(module.getContext().getDiagnosticHandler()) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr("warn-stack-size", "0");
  module.getContext().setDiagnosticHandler(std::make_unique<FrameListener>(frames));
}

StackUse::~StackUse() { module.getContext().setDiagnosticHandler(std::move(before)); }

llvm::Expected<int64_t> StackUse::most() const {
  LongestCalls calls(frames);
  int64_t most = 0;
  for (const llvm::Function &function : module)
    if (!function.isDeclaration()) {
      llvm::Expected<int64_t> bytes = calls.from(function);
      if (!bytes)
        return bytes;
      most = std::max(most, *bytes);
    }
  return most;
}
} // namespace tensel
