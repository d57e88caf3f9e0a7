// Kernels by the reference; see Kernels.h.
#include "compiler/verification/Kernels.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
constexpr StringLiteral inPlaceName = "tensel.in_place";

/// The source nodes of its ops.
std::string nodesOf(func::FuncOp function) {
  llvm::SetVector<StringAttr> names;
  function.getBody().walk([&](Operation *op) {
    op->getLoc()->walk([&](Location inner) {
      auto name = dyn_cast<NameLoc>(inner);
      if (name)
        names.insert(name.getName());
      return name ? WalkResult::skip() : WalkResult::advance();
    });
  });
  std::string text;
  for (StringAttr name : names)
    text += (text.empty() ? "'" : ", '") + name.str() + "'";
  return text;
}

uint64_t hashOf(func::FuncOp function) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  function.getFunctionType().print(stream);
  for (Operation &op : function.getBody().front())
    op.print(stream, OpPrintingFlags().printGenericOpForm().useLocalScope());
  return llvm::xxh3_64bits(llvm::StringRef(text));
}

bool haveSameDims(ArrayRef<Tensor> a, ArrayRef<Tensor> b) {
  return llvm::all_of(llvm::zip_equal(a, b),
                      [](auto pair) { return std::get<0>(pair).getDims() == std::get<1>(pair).getDims(); });
}

std::string dimsText(ArrayRef<int64_t> dims) {
  std::string text;
  for (int64_t dim : dims)
    text += (text.empty() ? "" : "x") + std::to_string(dim);
  return "[" + text + "]";
}
} // namespace

bool isAllGraph(Operation *root) {
  return !root->walk([](Operation *op) {
                return isa<ModuleOp>(op) || isa_and_nonnull<graph::GraphDialect, func::FuncDialect>(op->getDialect())
                           ? WalkResult::advance()
                           : WalkResult::interrupt();
              })
              .wasInterrupted();
}

bool isKernelPart(Operation *op) { return op->hasAttr("tensel.kernel"); }

bool Kernels::learn(ModuleOp module) {
  bool isNews = false;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!isKernelPart(function) || function.isExternal() || !isAllGraph(function))
      continue;
    auto inPlace = function->getAttrOfType<DenseI64ArrayAttr>(inPlaceName);
    ArrayRef<int64_t> over = inPlace ? inPlace.asArrayRef() : ArrayRef<int64_t>();
    uint64_t body = hashOf(function);
    Kernel &kernel = kernels[function.getName()];
    if (kernel.module && kernel.body == body && kernel.inPlace == over)
      continue;
    isNews = true;
    kernel.module = ModuleOp::create(function.getLoc());
    kernel.function = function.clone();
    kernel.module->push_back(kernel.function);
    kernel.nodes = nodesOf(function);
    kernel.inPlace.assign(over.begin(), over.end());
    kernel.body = body;
    kernel.calls.clear();
    kernel.passes.clear();
  }
  return isNews;
}

Kernel *Kernels::find(StringRef name) {
  auto found = kernels.find(name);
  return found == kernels.end() ? nullptr : &found->second;
}

Evaluation Kernels::evaluate(const Kernel &kernel, ArrayRef<Tensor> inputs, ArrayRef<DimList> resultDims, bool f64) {
  func::FuncOp function = kernel.function;
  SmallVector<Tensor> arguments(inputs);
  for (auto [type, dims] : llvm::zip_equal(function.getResultTypes(), resultDims)) {
    auto kind = reference::kindOf(getElementTypeOrSelf(type));
    arguments.emplace_back(kind.value_or(reference::Kind::F32), dims);
  }
  return reference.run(function, arguments, f64);
}

llvm::Expected<SmallVector<Tensor>> Kernels::call(Kernel &kernel, ArrayRef<Tensor> inputs, ArrayRef<DimList> resultDims) {
  Evaluation value = evaluate(kernel, inputs, resultDims, false);
  if (!value.results)
    return llvm::createStringError("the kernel '" + kernel.function.getName().str() + "' of " + kernel.nodes +
                                   " cannot be evaluated: " + value.error);
  for (auto [index, result] : llvm::enumerate(*value.results))
    if (result.getDims() != ArrayRef<int64_t>(resultDims[index]))
      return llvm::createStringError("the kernel '" + kernel.function.getName().str() + "' of " + kernel.nodes +
                                     " gives a result of dims " + dimsText(result.getDims()) + ", the program expects " +
                                     dimsText(resultDims[index]));
  if (kernel.calls.size() < 2 &&
      llvm::none_of(kernel.calls, [&](const KernelCall &call) { return haveSameDims(call.inputs, inputs); }))
    kernel.calls.push_back({SmallVector<Tensor>(inputs), *value.results, {}, value.terms, {}});
  return std::move(*value.results);
}

bool Kernels::makeExact(const Kernel &kernel, KernelCall &call) {
  if (call.exact)
    return true;
  SmallVector<DimList> dims;
  for (const Tensor &result : call.results)
    dims.emplace_back(result.getDims());
  Evaluation found = evaluate(kernel, call.inputs, dims, /*f64=*/true);
  if (found.results)
    call.exact = std::move(*found.results);
  return call.exact.has_value();
}

std::string Kernels::whyNotInPlace(const Kernel &kernel, ArrayRef<Tensor> inputs, ArrayRef<Tensor> results) {
  if (kernel.inPlace.empty() || results.size() != 1)
    return kernel.inPlace.empty() ? "" : "it has more than one result";
  // Every third element of the inputs changes; so may the same elements of the result, and no other.
  const Tensor &then = results[0];
  SmallVector<Tensor> changed(inputs);
  for (int64_t index : kernel.inPlace) {
    const Tensor &old = inputs[index];
    if (old.getCount() != then.getCount() || old.getKind() != then.getKind())
      return "its argument " + std::to_string(index) + " is not of the result's type";
    std::vector<char> bytes(old.getBytes());
    int64_t size = reference::bytesOf(old.getKind());
    // A neighbour's number: one that this input can have.
    for (int64_t i = 0; i + 1 < old.getCount(); i += 3)
      std::copy_n(old.getData() + (i + 1) * size, size, bytes.data() + i * size);
    auto owner = std::make_shared<std::vector<char>>(std::move(bytes));
    changed[index] = Tensor::borrow(old.getKind(), old.getDims(), *owner, owner);
  }
  Evaluation found = evaluate(kernel, changed, {DimList(then.getDims())}, false);
  if (!found.results)
    return "";
  const Tensor &now = found.results->front();
  int64_t size = reference::bytesOf(then.getKind());
  for (int64_t i = 0; i < then.getCount(); ++i)
    if ((i % 3 || i + 1 == then.getCount()) && std::memcmp(then.getData() + i * size, now.getData() + i * size, size) != 0)
      return "element " + std::to_string(i) +
             " of its result depends on other elements of the argument that lies in the same memory";
  return "";
}
} // namespace tensel::verification
