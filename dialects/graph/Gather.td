// Indexed reads and writes. Indices count from the end when negative and are then clamped into range.
#ifndef TENSEL_DIALECTS_GRAPH_GATHER_TD
#define TENSEL_DIALECTS_GRAPH_GATHER_TD

include "dialects/graph/GraphBase.td"

def Graph_GatherOp : Graph_ShapedOp<"gather", [Graph_ReadsPart]> {
  let summary = "Slices of `data` along `axis` chosen by `indices` (numpy.take): data[:axis] + indices + data[axis+1:].";
  let arguments = (ins Graph_Tensor:$data, Graph_Indices:$indices, I64Attr:$axis);
  let results = (outs Graph_Tensor:$result);
}
def Graph_GatherElementsOp : Graph_ShapedOp<"gather_elements", [Graph_ReadsPart]> {
  let summary = "result[i][j] = data[indices[i][j]][j] for axis 0 (numpy.take_along_axis).";
  let arguments = (ins Graph_Tensor:$data, Graph_Indices:$indices, I64Attr:$axis);
  let results = (outs Graph_Tensor:$result);
}
def Graph_GatherNdOp : Graph_ShapedOp<"gather_nd", [Graph_ReadsPart]> {
  let summary = "The last dim of `indices` holds index tuples into data after `batch_dims` shared leading dims.";
  let arguments = (ins Graph_Tensor:$data, Graph_Indices:$indices, DefaultValuedAttr<I64Attr, "0">:$batch_dims);
  let results = (outs Graph_Tensor:$result);
}
def Graph_ScatterKind : I32EnumAttr<"ScatterKind", "How an update meets the element", [
  I32EnumAttrCase<"none", 0>, I32EnumAttrCase<"add", 1>, I32EnumAttrCase<"mul", 2>, I32EnumAttrCase<"max", 3>, I32EnumAttrCase<"min", 4>]> {
  let cppNamespace = "::tensel::graph";
  let genSpecializedAttr = 0;
}
def Graph_ScatterKindAttr : EnumAttr<Graph_Dialect, Graph_ScatterKind, "scatter_kind">;
def Graph_ScatterElementsOp : Graph_ShapedOp<"scatter_elements"> {
  let summary = "Copy of data with data[indices[i][j]][j] (axis 0) combined with updates[i][j], in row-major order of the updates.";
  let arguments = (ins Graph_ScatterKindAttr:$kind, Graph_Tensor:$data, Graph_Indices:$indices, Graph_Tensor:$updates, I64Attr:$axis);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$kind operands attr-dict `:` functional-type(operands, results)";
}
def Graph_ScatterNdOp : Graph_ShapedOp<"scatter_nd"> {
  let summary = "Copy of data with the slices that the index tuples (last dim of indices) name combined with updates, in row-major order.";
  let arguments = (ins Graph_ScatterKindAttr:$kind, Graph_Tensor:$data, Graph_Indices:$indices, Graph_Tensor:$updates);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$kind operands attr-dict `:` functional-type(operands, results)";
}
def Graph_NonZeroOp : Graph_ShapedOp<"nonzero", [], "::mlir::IntegerType::get(context, 64)"> {
  let summary = "[rank, count] indices of the first `count` (1-D i64 of one element) non-zero elements in row-major order.";
  let description = [{`count` is at most the number of elements; columns past the last non-zero element are 0. All of them are found with the
    sum of `compare ne %input, 0` as the count, which a program computes like any other shape.}];
  let arguments = (ins Graph_Tensor:$input, Graph_Shape:$count);
  let results = (outs Graph_Tensor:$result);
}
#endif
