// Sums of products: matrix multiplication and convolution.
#ifndef TENSEL_DIALECTS_GRAPH_CONTRACTION_TD
#define TENSEL_DIALECTS_GRAPH_CONTRACTION_TD

include "dialects/graph/GraphBase.td"

def Graph_MatmulOp : Graph_ShapedOp<"matmul", [Graph_SumOfProducts, DeclareOpInterfaceMethods<CostOpInterface>]> {
  let summary = "Matrix product of the last two dims, leading dims broadcast (numpy.matmul for ranks >= 2).";
  let description = [{[..., M, K] x [..., K, N] -> [..., M, N]; `transpose_lhs` reads [..., K, M], `transpose_rhs` reads [..., N, K].
    f16 and bf16 accumulate in f32; integers wrap.}];
  let arguments = (ins Graph_Tensor:$lhs, Graph_Tensor:$rhs, DefaultValuedAttr<BoolAttr, "false">:$transpose_lhs, DefaultValuedAttr<BoolAttr, "false">:$transpose_rhs);
  let results = (outs Graph_Tensor:$result);
}

def Graph_BlockedMatmulOp : Graph_CompositeOp<"blocked_matmul", [Graph_SumOfProducts, DeclareOpInterfaceMethods<CostOpInterface>]> {
  let summary = "Matrix product whose right side is stored in blocks of W columns, as kernels read it.";
  let description = [{lhs [..., M, K] x blocks [..., ceil(columns / W), K, W] -> [..., M, columns]: column n of the right side is column n % W of
    block n / W; what the last block has beyond is not read. Defined as graph.matmul with the columns put side by side and cast to
    lhs's type, which is theirs or, for f16 and bf16, wider.
    `tensel-pack-constants` makes it.}];
  let arguments = (ins Graph_Tensor:$lhs, Graph_Tensor:$blocks, I64Attr:$columns);
  let results = (outs Graph_Tensor:$result);
}

def Graph_ConvOp : Graph_ShapedOp<"conv", [Graph_SumOfProducts, DeclareOpInterfaceMethods<CostOpInterface>,
                                           DeclareOpInterfaceMethods<WindowOpInterface>]> {
  let summary = "Cross-correlation over 1 to 3 spatial dims.";
  let description = [{input [N, C, spatial...] (already padded: use graph.pad), filter [F, C / groups, kernel...] -> [N, F, out spatial...],
    out = (in - dilation * (kernel - 1) - 1) / stride + 1.}];
  let arguments = (ins Graph_Tensor:$input, Graph_Tensor:$filter, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Graph_Tensor:$result);
}

def Graph_ConvTransposeOp : Graph_CompositeOp<"conv_transpose", [DeclareOpInterfaceMethods<CostOpInterface>]> {
  let summary = "Transposed convolution (the gradient of graph.conv with respect to its input).";
  let description = [{input [N, C, spatial...], filter [C, F / groups, kernel...] -> [N, F, out...],
    out = stride * (in - 1) + output_padding + dilation * (kernel - 1) + 1 - pads_low - pads_high. Defined as a graph.conv of all phases of its strides, interleaved, where these have the same taps; else as zero-insertion, padding and a graph.conv with
    the flipped filter.}];
  let arguments = (ins Graph_Tensor:$input, Graph_Tensor:$filter, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high, DenseI64ArrayAttr:$output_padding, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Graph_Tensor:$result);
}
#endif
