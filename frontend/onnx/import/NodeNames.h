// The names by which ops refer to the nodes of an ONNX model, and the list of all nodes for whoever explains what became of them.
#ifndef TENSEL_FRONTEND_ONNX_IMPORT_NODENAMES_H
#define TENSEL_FRONTEND_ONNX_IMPORT_NODENAMES_H

#include "dialects/graph/SourceNodes.h"
#include "frontend/onnx/Model.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace tensel::onnx {

class NodeNames {
public:
  /// Lists the nodes of the graph, of its subgraphs and of the model's functions.
  NodeNames(mlir::MLIRContext *context, const ModelProto &model);

  /// "name (Op)"; the first output stands in for a missing name, and each node's differs from all others'.
  mlir::Location locationOf(const NodeProto &node) const;

  /// Says what the frontend made of the node: `results` are its outputs.
  void settle(const NodeProto &node, mlir::Location location, llvm::ArrayRef<mlir::Value> results);

  graph::SourceNodes nodes;

private:
  void add(const std::vector<NodeProto> &list);

  mlir::MLIRContext *context;
  llvm::DenseMap<const NodeProto *, size_t> indices;
  llvm::StringMap<unsigned> uses; // of an id
};

} // namespace tensel::onnx
#endif // TENSEL_FRONTEND_ONNX_IMPORT_NODENAMES_H
