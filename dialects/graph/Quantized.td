// Weights in block formats (dialects/blocks): tensors of bytes, and what they mean.
#ifndef TENSEL_DIALECTS_GRAPH_QUANTIZED_TD
#define TENSEL_DIALECTS_GRAPH_QUANTIZED_TD

include "dialects/graph/GraphBase.td"

def Graph_DequantizeOp : Graph_ShapedOp<"dequantize", [Graph_SpreadsData], "::mlir::Float32Type::get(context)"> {
  let summary = "The f32 numbers of blocks: the last dim holds whole blocks of `format` (docs/decisions/0003).";
  let description = [{[..., blocks * bytes] of ui8 -> [..., blocks * elements]. A quantized weight stays bytes in the program; its users read it
    through this op, which is computed where its numbers are used.}];
  let arguments = (ins StrAttr:$format, TensorOf<[UI8]>:$input);
  let results = (outs TensorOf<[F32]>:$result);
  let assemblyFormat = "$format $input attr-dict `:` functional-type(operands, results)";
}
#endif
