// Pooling over sliding windows.
#ifndef TENSEL_DIALECTS_GRAPH_WINDOW_TD
#define TENSEL_DIALECTS_GRAPH_WINDOW_TD

include "dialects/graph/Reduction.td"

class Graph_WindowOp<string mnemonic, list<Trait> traits = [], string elementTypes = "elementTypeOf(adaptor.getInput())">
    : Graph_ShapedOp<mnemonic, traits, elementTypes> {
  dag window = (ins Graph_Tensor:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                    DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high, DefaultValuedAttr<BoolAttr, "false">:$ceil_mode);
}

def Graph_PoolOp : Graph_WindowOp<"pool", [DeclareOpInterfaceMethods<WindowOpInterface>]> {
  let summary = "Max, mean or sum over windows of input [N, C, spatial...].";
  let description = [{Padding takes no part in max; in mean it counts as zeros only with `count_include_pad`. `ceil_mode` rounds the
    output size up (a last window must start inside the input or its low padding).}];
  let arguments = !con((ins Graph_ReduceKindAttr:$kind), window, (ins DefaultValuedAttr<BoolAttr, "false">:$count_include_pad));
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` functional-type(operands, results)";
}

def Graph_MaxPoolIndicesOp : Graph_WindowOp<"max_pool_indices", [], "::mlir::IntegerType::get(context, 64)"> {
  let summary = "Flat index into the input (all dims; column-major spatial order with `column_major`) of the maximum that graph.pool max takes.";
  let arguments = !con(window, (ins DefaultValuedAttr<BoolAttr, "false">:$column_major));
  let results = (outs Graph_Tensor:$result);
}
#endif
