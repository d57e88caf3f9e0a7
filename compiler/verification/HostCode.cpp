// Entries as code; see HostCode.h.
#include "compiler/verification/HostCode.h"

#include "compiler/memory/PlannedValues.h"
#include "compiler/verification/GuardedMemory.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "runtime/include/tensel/kernel_abi.h"
#include "runtime/package/MemoryPlanner.h"
#include "runtime/package/SizeExpr.h"
#include "llvm/IR/IRBuilder.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {

struct HostCode::Calls {
  Kernels &all;
  std::vector<Kernel *> kernels = {};
  std::string error = "";

  void fail(const std::string &message) {
    if (error.empty())
      error = message;
  }

  /// The closure holds, per argument, the data and then each dynamic dim.
  void run(int64_t number, const int64_t *closure) {
    if (!error.empty())
      return;
    Kernel &kernel = *kernels[number];
    SmallVector<Tensor> inputs;
    SmallVector<DimList> dims;
    SmallVector<char *> destinations;
    unsigned count = kernel.function.getNumArguments() - kernel.function.getNumResults();
    for (auto [k, type] : llvm::enumerate(kernel.function.getArgumentTypes())) {
      auto shaped = cast<RankedTensorType>(type);
      auto *data = reinterpret_cast<char *>(*closure++); // NOLINT(performance-no-int-to-ptr)
      DimList sizes;
      for (int64_t size : shaped.getShape())
        sizes.push_back(ShapedType::isDynamic(size) ? *closure++ : size);
      std::optional<int64_t> elements = Tensor::countOf(sizes);
      auto kind = reference::kindOf(shaped.getElementType());
      if (!elements || !kind)
        return fail("it calls the kernel '" + kernel.function.getName().str() + "' with dims that cannot be");
      if (k >= count) {
        dims.push_back(sizes);
        destinations.push_back(data);
        continue;
      }
      // A copy: what the reference keeps must not change with the arena.
      auto owner = std::make_shared<std::vector<char>>(data, data + *elements * reference::bytesOf(*kind));
      inputs.push_back(Tensor::borrow(*kind, sizes, *owner, owner));
    }
    llvm::Expected<SmallVector<Tensor>> results = all.call(kernel, inputs, dims);
    if (!results)
      return fail(llvm::toString(results.takeError()));
    for (auto [result, destination] : llvm::zip_equal(*results, destinations))
      std::copy(result.getBytes().begin(), result.getBytes().end(), destination);
  }

  static void entry(Calls *calls, int64_t number, const int64_t *closure) { calls->run(number, closure); }
};

/// A run's buffers.
struct HostCode::Layout {
  std::vector<int64_t> offsets, capacities;
  int64_t bytes = 0;
};

namespace {
/// The environment that an entry sees; `error` is what it reports.
struct Environment {
  tensel_host_env env = {};
  std::string error;

  static void parallelFor(tensel_host_env *, tensel_range_fn run, void *closure, int64_t count) { run(closure, 0, count); }
  static int32_t fail(tensel_host_env *env, int32_t code, int64_t where, int64_t found, int64_t expected) {
    auto *self = reinterpret_cast<Environment *>(env); // its first member
    const char *what = code == TENSEL_FAIL_CAPACITY ? "a value larger than its reservation, value "
                       : code == TENSEL_FAIL_DIMS   ? "dims that disagree at place "
                                                    : "a bad value at place ";
    self->error =
        "it reports " + (what + std::to_string(where)) + ": " + std::to_string(found) + ", expected " + std::to_string(expected);
    return code;
  }
};

/// The LLVM functions that stand for kernels get bodies that call `Calls::entry`.
void addCallbacks(llvm::Module &module, ArrayRef<std::string> names, const void *entry, const void *calls) {
  llvm::LLVMContext &context = module.getContext();
  auto *i64 = llvm::Type::getInt64Ty(context);
  auto *pointer = llvm::PointerType::getUnqual(context);
  auto address = [&](const void *what) {
    return llvm::ConstantExpr::getIntToPtr(llvm::ConstantInt::get(i64, reinterpret_cast<uintptr_t>(what)), pointer);
  };
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {pointer, i64, pointer}, false);
  for (auto [number, name] : llvm::enumerate(names)) {
    if (llvm::Function *run = module.getFunction(name)) {
      llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", run));
      b.CreateCall(type, address(entry), {address(calls), b.getInt64(number), run->getArg(0)});
      b.CreateRetVoid();
    }
    if (llvm::Function *count = module.getFunction(name + "_count")) {
      llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", count));
      b.CreateRet(b.getInt64(1));
    }
  }
}
} // namespace

llvm::Expected<HostCode> HostCode::make(ModuleOp module, Kernels &kernels, WeightResolver &weights) {
  HostCode host;
  host.functions = module->getAttrOfType<ArrayAttr>("tensel.functions");
  host.symbols = module->getAttrOfType<ArrayAttr>("tensel.symbols");
  auto names = module->getAttrOfType<ArrayAttr>("tensel.weights");
  if (!host.functions || !host.symbols || !names)
    return llvm::createStringError("the lowered host program lacks its description");
  for (auto name : names.getAsRange<StringAttr>()) {
    auto weight = module.lookupSymbol<graph::WeightOp>(name);
    auto bytes = weight ? weights.resolve(weight) : FailureOr<ArrayRef<char>>(failure());
    if (failed(bytes))
      return llvm::createStringError("the weight '" + name.str() + "' cannot be read");
    host.weights.push_back(*bytes);
  }
  host.calls = std::make_shared<Calls>(Calls{kernels});
  OwningOpRef<ModuleOp> copy = ModuleOp::create(module.getLoc());
  (*copy)->setAttrs(module->getDiscardableAttrDictionary());
  for (StringRef name : {"tensel.functions", "tensel.symbols", "tensel.weights", "tensel.kernels"})
    (*copy)->removeAttr(name);
  OpBuilder b = OpBuilder::atBlockEnd(copy->getBody());
  std::vector<std::string> called;
  for (Operation &op : *module.getBody()) {
    auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
    if (!isa<LLVM::LLVMDialect>(op.getDialect()))
      continue;
    if (!function || function.getName().starts_with("tensel_entry_")) {
      b.clone(op);
      continue;
    }
    if (function.getName().ends_with("_body"))
      continue;
    auto declaration = cast<LLVM::LLVMFuncOp>(b.insert(op.cloneWithoutRegions()));
    declaration.setLinkage(LLVM::Linkage::External);
    if (Kernel *kernel = kernels.find(function.getName())) {
      host.calls->kernels.push_back(kernel);
      called.push_back(function.getName().str());
    }
  }
  auto code = MachineCode::make(*copy, [&](llvm::Module &llvmModule) {
    addCallbacks(llvmModule, called, reinterpret_cast<const void *>(&Calls::entry), host.calls.get());
  });
  if (!code)
    return code.takeError();
  host.code = std::move(*code);
  return std::move(host);
}

DictionaryAttr HostCode::describe(StringRef function) const {
  for (auto known : functions.getAsRange<DictionaryAttr>())
    if (cast<StringAttr>(known.get("name")).getValue() == function)
      return known;
  return {};
}

/// Where the runtime would put the planned values for these inputs.
llvm::Expected<HostCode::Layout> HostCode::layOut(DictionaryAttr function, ArrayAttr symbols, ArrayRef<Tensor> inputs) {
  SmallVector<int64_t> values;
  for (auto symbol : symbols.getAsRange<DictionaryAttr>()) {
    auto max = cast<IntegerAttr>(symbol.get("max")).getInt();
    for (auto [input, signature] : llvm::zip(inputs, cast<ArrayAttr>(function.get("inputs")).getAsRange<DictionaryAttr>()))
      for (auto [d, dim] : llvm::enumerate(cast<ArrayAttr>(signature.get("dims"))))
        if (dim == symbol.get("name"))
          max = input.getDim(d);
    values.push_back(max);
  }
  Layout layout;
  std::vector<rt::PlannerValue> planned;
  for (const rt::PlannedValueData &value : readPlannedValues(cast<ArrayAttr>(function.get("planned_values")))) {
    ArrayRef<int64_t> size = value.sizeExpr;
    int64_t bytes = 0;
    if (rt::evalSizeExpr(size.data(), size.size(), values.data(), values.size(), bytes) != rt::SizeExprResult::Ok)
      return llvm::createStringError("the size of a planned value cannot be computed");
    planned.push_back({bytes, value.first, value.last});
    layout.capacities.push_back(bytes);
  }
  if (!rt::planMemory(planned, layout.offsets, layout.bytes))
    return llvm::createStringError("the planned values cannot be laid out");
  return layout;
}

llvm::Expected<SmallVector<Tensor>> HostCode::run(StringRef function, ArrayRef<Tensor> inputs, ArrayRef<Tensor> like) {
  DictionaryAttr description = describe(function);
  if (!description)
    return llvm::createStringError("the lowered host program does not describe '" + function.str() + "'");
  llvm::Expected<Layout> layout = layOut(description, symbols, inputs);
  if (!layout)
    return layout.takeError();
  auto entry = code->find(cast<StringAttr>(description.get("entry")).getValue());
  if (!entry)
    return entry.takeError();
  GuardedMemory arena(layout->bytes);
  std::vector<GuardedMemory> held;
  std::vector<const void *> weightData;
  for (ArrayRef<char> weight : weights)
    weightData.push_back(weight.data());
  SmallVector<DimList> inputDims, outputDims;
  SmallVector<tensel_abi_tensor> given, made;
  for (const Tensor &input : inputs) {
    held.emplace_back(input.getBytes());
    inputDims.emplace_back(input.getDims());
  }
  for (const Tensor &result : like)
    outputDims.emplace_back(result.getRank(), 0);
  for (auto [memory, dims] : llvm::zip_equal(held, inputDims))
    given.push_back({memory.data(), dims.data()});
  for (DimList &dims : outputDims)
    made.push_back({nullptr, dims.data()});
  Environment environment;
  environment.env = {arena.data(),
                     layout->offsets.data(),
                     layout->capacities.data(),
                     weightData.data(),
                     Environment::parallelFor,
                     Environment::fail,
                     0};
  calls->error.clear();
  int32_t status = 0;
  if (llvm::Error error =
          runGuarded([&] { status = reinterpret_cast<tensel_entry_fn>(*entry)(&environment.env, given.data(), made.data()); }))
    return std::move(error);
  if (!calls->error.empty())
    return llvm::createStringError(calls->error);
  if (status != 0)
    return llvm::createStringError(environment.error);
  if (!arena.isSurroundingIntact())
    return llvm::createStringError("it writes beside the arena");
  SmallVector<Tensor> results;
  for (auto [result, dims, expected] : llvm::zip_equal(made, outputDims, like)) {
    std::optional<int64_t> count = Tensor::countOf(dims);
    if (!count)
      return llvm::createStringError("it gives a result with dims that cannot be");
    const char *data = static_cast<const char *>(result.data);
    auto owner = std::make_shared<std::vector<char>>();
    if (llvm::Error error = runGuarded([&] { owner->assign(data, data + *count * reference::bytesOf(expected.getKind())); }))
      return std::move(error);
    results.push_back(Tensor::borrow(expected.getKind(), dims, *owner, owner));
  }
  return results;
}
} // namespace tensel::verification
