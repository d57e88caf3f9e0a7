// Host tensors in and out of the interpreter.
#include "tools/tensel/ReferenceRunner.h"

#include "compiler/Diagnostics.h"
#include "compiler/reference/Interpreter.h"
#include "dialects/graph/Graph.h"
#include "tools/verify/Reproducer.h"

namespace tensel::cli {
static Signature readSignature(mlir::Type type, mlir::DictionaryAttr attributes) {
  Signature signature;
  auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  if (auto name = attributes ? attributes.getAs<mlir::StringAttr>("graph.name") : mlir::StringAttr())
    signature.name = name.str();
  signature.type = static_cast<tensel_elem_type>(reference::kindOf(tensor.getElementType()).value_or(reference::Kind::F32));
  auto dims = attributes ? attributes.getAs<mlir::ArrayAttr>("graph.dims") : mlir::ArrayAttr();
  for (auto [d, dim] : llvm::enumerate(tensor.getShape())) {
    auto symbol = dims && d < dims.size() ? mlir::dyn_cast<mlir::StringAttr>(dims[d]) : mlir::StringAttr();
    signature.dims.push_back(mlir::ShapedType::isDynamic(dim) ? -1 : dim);
    signature.symbols.push_back(symbol && mlir::ShapedType::isDynamic(dim) ? symbol.str() : "");
  }
  return signature;
}

std::vector<Signature> inputsOf(mlir::func::FuncOp function) {
  std::vector<Signature> signatures;
  for (auto [k, type] : llvm::enumerate(function.getArgumentTypes()))
    signatures.push_back(readSignature(type, function.getArgAttrDict(k)));
  return signatures;
}

std::vector<Signature> outputsOf(mlir::func::FuncOp function) {
  std::vector<Signature> signatures;
  for (auto [k, type] : llvm::enumerate(function.getResultTypes()))
    signatures.push_back(readSignature(type, function.getResultAttrDict(k)));
  return signatures;
}

std::map<std::string, int64_t> fixedSizesOf(mlir::ModuleOp module) {
  std::map<std::string, int64_t> sizes;
  for (auto symbol : module.getOps<graph::SymbolOp>())
    if (symbol.getMin() == symbol.getMax())
      sizes[symbol.getSymName().str()] = symbol.getMin();
  return sizes;
}

namespace {
class ReferenceRunner : public Runner {
public:
  ReferenceRunner(std::unique_ptr<LoadedModel> loaded, mlir::func::FuncOp function, bool f64)
      : model(std::move(loaded)), function(function), interpreter(weights, {f64}) {
    inputs = inputsOf(function);
    outputs = outputsOf(function);
    fixedSizes = fixedSizesOf(*model->module);
    for (Signature &output : outputs)
      if (f64 && reference::isFloat(static_cast<reference::Kind>(output.type)))
        output.type = TENSEL_F64;
    for (auto symbol : model->module->getOps<graph::SymbolOp>())
      ranges[symbol.getSymName().str()] = symbol;
  }

  std::string prepare(const std::vector<HostTensor> &tensors) override {
    std::map<std::string, int64_t> sizes;
    for (size_t k = 0; k < tensors.size(); ++k) {
      if (std::string error = check(inputs[k], tensors[k], sizes); !error.empty())
        return error;
      arguments.push_back(reference::Tensor::borrow(static_cast<reference::Kind>(tensors[k].type), tensors[k].dims,
                                                    llvm::ArrayRef<char>(tensors[k].data(), tensors[k].byteSize())));
    }
    return "";
  }

  std::string run() override {
    DiagnosticCollector diagnostics(&model->context);
    llvm::FailureOr<llvm::SmallVector<reference::Tensor>> found = interpreter.run(function, arguments);
    if (failed(found))
      return diagnostics.message().empty() ? "the reference interpreter failed" : diagnostics.message();
    values = std::move(*found);
    return "";
  }

  std::string results(std::vector<HostTensor> &tensors) override {
    for (const reference::Tensor &value : values) {
      HostTensor tensor;
      if (!toHost(value, tensor))
        return "not enough memory";
      tensors.push_back(std::move(tensor));
    }
    return "";
  }

private:
  std::string check(const Signature &wanted, const HostTensor &found, std::map<std::string, int64_t> &sizes) {
    std::string message = "input '" + wanted.name + "': found " + formatType(found.type, found.dims) + ", expected " +
                          formatType(wanted.type, wanted.dims);
    if (found.type != wanted.type || found.dims.size() != wanted.dims.size())
      return message;
    for (size_t d = 0; d < found.dims.size(); ++d) {
      if (wanted.dims[d] >= 0 && wanted.dims[d] != found.dims[d])
        return message;
      const std::string &symbol = wanted.symbols[d];
      if (symbol.empty())
        continue;
      auto [known, isNew] = sizes.emplace(symbol, found.dims[d]);
      if (!isNew && known->second != found.dims[d])
        return message + " where '" + symbol + "' is " + std::to_string(known->second);
      auto range = ranges.find(symbol);
      if (range == ranges.end())
        continue;
      int64_t min = range->second.getMin(), max = range->second.getMax();
      if (found.dims[d] < min || (max >= 0 && found.dims[d] > max))
        return message + " with '" + symbol + "' from " + std::to_string(min) + (max >= 0 ? " to " + std::to_string(max) : " on");
    }
    return "";
  }

  std::unique_ptr<LoadedModel> model;
  mlir::func::FuncOp function;
  WeightResolver weights;
  reference::Interpreter interpreter;
  std::map<std::string, graph::SymbolOp> ranges;
  llvm::SmallVector<reference::Tensor> arguments, values;
};
} // namespace

llvm::Expected<mlir::func::FuncOp> findFunction(mlir::ModuleOp module, const std::string &name) {
  std::string known;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    if (function.isPrivate() || function.isDeclaration())
      continue;
    if (name.empty() || function.getName() == name)
      return function;
    known += (known.empty() ? "'" : ", '") + function.getName().str() + "'";
  }
  return llvm::createStringError("--function: found '" + name + "', expected one of " + known);
}

llvm::Expected<std::unique_ptr<Runner>> makeReferenceRunner(std::unique_ptr<LoadedModel> model, const RunOptions &options) {
  llvm::Expected<mlir::func::FuncOp> function = findFunction(*model->module, options.function);
  if (!function)
    return function.takeError();
  return std::make_unique<ReferenceRunner>(std::move(model), *function, options.reference == "f64");
}
} // namespace tensel::cli
