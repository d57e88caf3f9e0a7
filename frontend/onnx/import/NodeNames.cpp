// Lists and names nodes; see NodeNames.h.
#include "frontend/onnx/import/NodeNames.h"

#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::onnx;
using graph::SourceNode;

NodeNames::NodeNames(MLIRContext *context, const ModelProto &model) : context(context) {
  add(model.graph.nodes);
  for (const FunctionProto &function : model.functions)
    add(function.nodes);
}

void NodeNames::add(const std::vector<NodeProto> &list) {
  // Not recursive: graphs may nest as deep as the reader allows.
  SmallVector<const std::vector<NodeProto> *> work = {&list};
  while (!work.empty())
    for (const NodeProto &node : *work.pop_back_val()) {
      std::string name(node.name.empty() && !node.outputs.empty() ? node.outputs[0] : node.name), op(node.opType);
      std::string id = name + " (" + op + ")";
      if (unsigned before = uses[id]++)
        id += " #" + std::to_string(before + 1);
      indices[&node] = nodes.size();
      nodes.push_back({id, name, op, SourceNode::Unused, "its branch is never taken, or nothing calls its function"});
      for (const AttributeProto &attribute : node.attributes)
        for (const GraphProto &graph : attribute.graphs)
          work.push_back(&graph.nodes);
    }
}

Location NodeNames::locationOf(const NodeProto &node) const {
  return NameLoc::get(StringAttr::get(context, nodes[indices.lookup(&node)].id));
}

void NodeNames::settle(const NodeProto &node, Location location, ArrayRef<Value> results) {
  SourceNode &known = nodes[indices.lookup(&node)];
  if (known.import == SourceNode::Made)
    return; // by another call of its function
  known.import = SourceNode::Made;
  known.note.clear();
  for (Value result : results) {
    Operation *maker = result.getDefiningOp();
    if (maker && maker->getLoc() == location) {
      bool isKnown = isa<graph::ConstantOp>(maker);
      known.import = isKnown ? SourceNode::Known : SourceNode::Made;
      known.note = isKnown ? "its result is known when the model is read" : "";
      return;
    }
    known.import = SourceNode::Passed;
    if (!maker) {
      known.note = "its result is an input of the model or of its loop";
    } else if (isa<graph::ConstantOp>(maker)) {
      known.import = SourceNode::Known;
      known.note = "its result is a constant of the file";
    } else {
      known.note = "its result is what another node or a weight gives";
      if (auto name = dyn_cast<NameLoc>(maker->getLoc()))
        known.note = "its result is that of '" + name.getName().str() + "'";
    }
  }
}
