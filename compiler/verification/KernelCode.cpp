// Kernels as code; see KernelCode.h.
#include "compiler/verification/KernelCode.h"

#include "compiler/verification/GuardedMemory.h"
#include "compiler/verification/PlainLowering.h"
#include "runtime/include/tensel/kernel_abi.h"
#include "llvm/IR/IRBuilder.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
constexpr StringLiteral callName = "tensel_verified_call";

/// A call's tensors in memory of their own.
class Arguments {
public:
  Arguments(const Kernel &kernel, const KernelCall &call) : kernel(kernel), call(call) {
    for (const Tensor &result : call.results)
      destinations.emplace_back(result.getByteSize());
    for (auto [index, input] : llvm::enumerate(call.inputs)) {
      inputs.emplace_back(input.getBytes());
      // What lies in the destination is what the kernel finds there.
      if (isInPlace(index) && destinations[0].data())
        std::copy(input.getBytes().begin(), input.getBytes().end(), destinations[0].data());
    }
  }

  bool hasMemory() const {
    auto isThere = [](const GuardedMemory &memory) { return memory.data() != nullptr; };
    return llvm::all_of(inputs, isThere) && llvm::all_of(destinations, isThere);
  }

  char *dataOf(size_t argument) const {
    if (argument >= inputs.size())
      return destinations[argument - inputs.size()].data();
    return (isInPlace(argument) ? destinations[0] : inputs[argument]).data();
  }
  const Tensor &tensorOf(size_t argument) const {
    return argument < inputs.size() ? call.inputs[argument] : call.results[argument - inputs.size()];
  }
  size_t count() const { return inputs.size() + destinations.size(); }

  llvm::Expected<SmallVector<Tensor>> takeResults() {
    for (auto [index, input] : llvm::enumerate(inputs))
      if (input.content() != call.inputs[index].getBytes() || !input.isSurroundingIntact())
        return llvm::createStringError("it writes to its input " + std::to_string(index) + ", or beside it");
    SmallVector<Tensor> results;
    for (auto [destination, like] : llvm::zip_equal(destinations, call.results)) {
      if (!destination.isSurroundingIntact())
        return llvm::createStringError("it writes beside its destination");
      auto owner = std::make_shared<std::vector<char>>(destination.content());
      results.push_back(Tensor::borrow(like.getKind(), like.getDims(), *owner, owner));
    }
    return results;
  }

private:
  bool isInPlace(size_t input) const { return llvm::is_contained(kernel.inPlace, static_cast<int64_t>(input)); }

  const Kernel &kernel;
  const KernelCall &call;
  std::vector<GuardedMemory> inputs, destinations;
};

int64_t asNumber(const void *pointer) { return static_cast<int64_t>(reinterpret_cast<uintptr_t>(pointer)); }

/// {allocated, aligned, offset, sizes..., strides...}, row-major.
SmallVector<int64_t> descriptorOf(const Tensor &tensor, const char *data) {
  SmallVector<int64_t> words = {asNumber(data), asNumber(data), 0};
  llvm::append_range(words, tensor.getDims());
  int64_t rank = tensor.getRank(), stride = 1;
  words.resize(3 + 2 * rank);
  for (int64_t d = rank; d-- > 0; stride *= tensor.getDim(d))
    words[3 + rank + d] = stride;
  return words;
}

/// `void callName(ptr pointers)` calls the function with what is in the array.
void addCall(llvm::Module &module, StringRef name) {
  llvm::Function *callee = module.getFunction(("_mlir_ciface_" + name).str());
  if (!callee)
    return;
  llvm::LLVMContext &context = module.getContext();
  llvm::Type *pointer = llvm::PointerType::getUnqual(context);
  auto *call = llvm::Function::Create(llvm::FunctionType::get(llvm::Type::getVoidTy(context), {pointer}, false),
                                      llvm::GlobalValue::ExternalLinkage, callName, module);
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", call));
  SmallVector<llvm::Value *> arguments;
  for (unsigned i = 0; i < callee->arg_size(); ++i)
    arguments.push_back(b.CreateLoad(pointer, b.CreateConstGEP1_64(pointer, call->getArg(0), i)));
  b.CreateCall(callee, arguments);
  b.CreateRetVoid();
}

llvm::Expected<SmallVector<Tensor>> runOnMemRefs(void *entry, const Kernel &kernel, const KernelCall &call) {
  Arguments arguments(kernel, call);
  if (!arguments.hasMemory())
    return llvm::createStringError("there is not enough memory to run it");
  SmallVector<SmallVector<int64_t>> descriptors;
  for (size_t k = 0; k < arguments.count(); ++k)
    descriptors.push_back(descriptorOf(arguments.tensorOf(k), arguments.dataOf(k)));
  SmallVector<void *> pointers;
  for (SmallVector<int64_t> &descriptor : descriptors)
    pointers.push_back(descriptor.data());
  if (llvm::Error error = runGuarded([&] { reinterpret_cast<void (*)(void **)>(entry)(pointers.data()); }))
    return std::move(error);
  return arguments.takeResults();
}
} // namespace

llvm::Expected<SmallVector<Tensor>> runClosure(void *run, void *count, const Kernel &kernel, const KernelCall &call) {
  constexpr int64_t pieces = 3;
  Arguments arguments(kernel, call);
  if (!arguments.hasMemory())
    return llvm::createStringError("there is not enough memory to run it");
  SmallVector<int64_t> slots;
  for (auto [k, type] : llvm::enumerate(func::FuncOp(kernel.function).getArgumentTypes())) {
    slots.push_back(asNumber(arguments.dataOf(k)));
    for (auto [dim, size] : llvm::zip_equal(cast<RankedTensorType>(type).getShape(), arguments.tensorOf(k).getDims()))
      if (ShapedType::isDynamic(dim))
        slots.push_back(size);
  }
  if (llvm::Error error = runGuarded([&] {
        int64_t iterations = reinterpret_cast<int64_t (*)(void *)>(count)(slots.data());
        for (int64_t piece = pieces; piece-- > 0;)
          reinterpret_cast<tensel_range_fn>(run)(slots.data(), iterations * piece / pieces, iterations * (piece + 1) / pieces);
      }))
    return std::move(error);
  return arguments.takeResults();
}

llvm::Expected<KernelCode> KernelCode::make(OwningOpRef<ModuleOp> module, StringRef name) {
  bool hasClosure = module->lookupSymbol((name + "_count").str()) != nullptr;
  if (llvm::Error error = lowerPlainly(*module))
    return std::move(error);
  auto prepare = [&](llvm::Module &llvmModule) {
    if (!hasClosure)
      addCall(llvmModule, name);
  };
  auto code = MachineCode::make(*module, prepare);
  if (!code)
    return code.takeError();
  KernelCode result;
  result.code = std::move(*code);
  auto entry = result.code->find(hasClosure ? name : StringRef(callName));
  if (!entry)
    return entry.takeError();
  result.entry = *entry;
  if (!hasClosure)
    return std::move(result);
  auto count = result.code->find((name + "_count").str());
  if (!count)
    return count.takeError();
  result.count = *count;
  return std::move(result);
}

llvm::Expected<SmallVector<Tensor>> KernelCode::run(const Kernel &kernel, const KernelCall &call) {
  return count ? runClosure(entry, count, kernel, call) : runOnMemRefs(entry, kernel, call);
}
} // namespace tensel::verification
