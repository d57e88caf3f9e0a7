// What a model's file calls the parts that it is made of, as its frontend tells: nodes of an ONNX graph, layers of a language model,
// lines of an .mlir file. Ops name them in their locations.
#ifndef TENSEL_DIALECTS_GRAPH_SOURCENODES_H
#define TENSEL_DIALECTS_GRAPH_SOURCENODES_H

#include <string>
#include <vector>

namespace tensel::graph {

struct SourceNode {
  std::string id;   ///< what locations say: "name (Op)"
  std::string name; ///< what the file says; where it says nothing, the node's first output
  std::string op;   ///< "Conv"
  /// What the frontend made of it: ops; nothing, as its result is that of another node, is known, or as nothing runs it.
  enum Import { Made, Passed, Known, Unused } import = Made;
  std::string note = ""; ///< why there are no ops
};
using SourceNodes = std::vector<SourceNode>;

} // namespace tensel::graph
#endif // TENSEL_DIALECTS_GRAPH_SOURCENODES_H
