// Values of given inputs; see GivenValues.h.
#include "tools/tensel/GivenValues.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/graph/DecisiveInputs.h"

namespace tensel::cli {
/// Larger tensors do not decide shapes.
constexpr int64_t mostShapeElements = 1024;

std::map<std::string, std::vector<int64_t>> integerValues(const GivenTensors &given) {
  std::map<std::string, std::vector<int64_t>> values;
  for (const auto &[name, tensor] : given) {
    if (tensor.isFloat() || tensor.count() > mostShapeElements)
      continue;
    std::vector<int64_t> &numbers = values[name];
    for (int64_t k = 0; k < tensor.count(); ++k)
      numbers.push_back(tensor.integer(k));
  }
  return values;
}

void fixDecisiveInputs(mlir::ModuleOp module, const GivenTensors &given) {
  for (auto func : module.getOps<mlir::func::FuncOp>()) {
    if (func.isDeclaration())
      continue;
    for (mlir::BlockArgument argument : findDecisiveInputs(func)) {
      auto name = func.getArgAttrOfType<mlir::StringAttr>(argument.getArgNumber(), "graph.name");
      auto found = name ? given.find(name.str()) : given.end();
      auto type = llvm::cast<mlir::RankedTensorType>(argument.getType());
      if (found == given.end() || !type.hasStaticShape() || type.getElementType().isInteger(1))
        continue;
      const HostTensor &tensor = found->second;
      if (type.getShape() != llvm::ArrayRef<int64_t>(tensor.dims) || tensor.count() > mostShapeElements ||
          tensor.byteSize() != size_t(type.getNumElements()) * type.getElementTypeBitWidth() / 8)
        continue;
      fixInput(argument, mlir::DenseElementsAttr::getFromRawBuffer(type, llvm::ArrayRef<char>(tensor.data(), tensor.byteSize())));
    }
  }
}
} // namespace tensel::cli
