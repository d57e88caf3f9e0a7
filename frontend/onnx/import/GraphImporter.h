// Walks graphs, subgraphs and model-local functions and hands every node to its
// handler. Names live in scopes that nest as ONNX subgraphs do.
#ifndef TENSEL_FRONTEND_ONNX_IMPORT_GRAPHIMPORTER_H
#define TENSEL_FRONTEND_ONNX_IMPORT_GRAPHIMPORTER_H

#include "frontend/onnx/import/Import.h"
#include "frontend/onnx/import/Node.h"
#include "frontend/onnx/import/NodeNames.h"

#include "mlir/IR/SymbolTable.h"

namespace tensel::onnx {

/// The values that names stand for, and what a function call passed.
struct Scope {
  const Scope *parent = nullptr;
  llvm::StringMap<mlir::Value> values;
  /// Attributes of the call, for `ref_attr_name` inside of a function.
  const Scope *attributeScope = nullptr;
  const NodeProto *call = nullptr;
  const FunctionProto *function = nullptr;
  /// Where the call is.
  std::optional<mlir::Location> callLocation = std::nullopt;
  const std::vector<OperatorSetId> *opsets = nullptr;
  int depth = 0;

  mlir::Value find(llvm::StringRef name) const;
};

class GraphImporter {
public:
  GraphImporter(mlir::ModuleOp module, const ModelProto &model, llvm::StringRef path, const ImportOptions &options);

  /// Fills the module; on failure `error` holds the one message.
  llvm::LogicalResult run();

  /// Imports the nodes of `graph` at the builder's place and looks up its
  /// outputs. `arguments` stand for the graph's inputs, in order.
  llvm::LogicalResult importGraph(const GraphProto &graph, llvm::ArrayRef<mlir::Value> arguments, const Scope &outer,
                                  llvm::SmallVectorImpl<mlir::Value> &results);
  mlir::Value importTensor(const TensorProto &tensor, mlir::Location loc);
  /// The element type, or null with `error` for those the graph dialect lacks.
  mlir::Type elementType(DataType type);
  llvm::LogicalResult fail(const llvm::Twine &message);
  /// The value that ImportOptions gives for an argument of main; marks the argument.
  std::optional<Ints> givenInts(mlir::Value v);
  const AttributeProto *resolve(const AttributeProto &attribute, const Scope &scope) const;
  int64_t opsetOf(std::string_view domain, const Scope &scope) const;
  /// The node's name, inside a function with those of its calls.
  mlir::Location locationOf(const NodeProto &node, const Scope &scope) const;

  const ModelProto &model;
  const ImportOptions &options;
  mlir::ModuleOp module;
  mlir::OpBuilder b;
  std::string path, error;
  llvm::DenseMap<mlir::Value, PartialInts> intCache;
  NodeNames names;

private:
  llvm::LogicalResult checkSupport();
  llvm::LogicalResult addInputs(mlir::func::FuncOp function, Scope &scope);
  llvm::LogicalResult importNodes(const std::vector<NodeProto> &nodes, Scope &scope);
  llvm::LogicalResult importNode(const NodeProto &node, Scope &scope);
  llvm::LogicalResult callFunction(const FunctionProto &function, const NodeProto &node, Scope &scope);
  const FunctionProto *findFunction(const NodeProto &node) const;
  const Handler *findHandler(const NodeProto &node) const;
  mlir::StringAttr symbolFor(llvm::StringRef name, int64_t least);

  HandlerTable handlers;
  mlir::SymbolTable symbols;
  llvm::StringMap<mlir::StringAttr> dimSymbols;
  llvm::StringMap<const FunctionProto *> functions;
  mlir::OpBuilder moduleBuilder;
  uint64_t nodesLeft = 1000000;
};

inline llvm::StringRef toRef(std::string_view text) { return {text.data(), text.size()}; }

} // namespace tensel::onnx

#endif // TENSEL_FRONTEND_ONNX_IMPORT_GRAPHIMPORTER_H
