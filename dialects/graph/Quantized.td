// Weights in block formats (dialects/blocks): tensors of bytes, what they mean, and products that round the other operand to
// eight bits, too (docs/decisions/0003 and 0005).
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

def Graph_QuantizeRowsOp : Graph_ShapedOp<"quantize_rows", [Graph_EmittedWhole],
    "::mlir::IntegerType::get(context, 8), ::mlir::Float32Type::get(context), ::mlir::Float32Type::get(context)"> {
  let summary = "Rounds rows to integers: of 8 bits with a scale for each 32 neighbours, or of 16 bits with one for the row.";
  let description = [{
    input [..., K], K a multiple of 32 -> quants i8 [..., K * bits / 8], scales [..., K / 32] for 8 bits and [..., 1] for 16, sums [..., K / group]. For
    the elements x of a scale with largest magnitude a and L = 127 (8 bits) or 127 * 256 (16 bits): scale = a / L, quant =
    round_half_even(x * (L / a)), 0 where a is 0. A sum is that of the quants over `group` (16 or 32) elements, times the scale for 8 bits. A
    quant of 16 bits is 256 * high + low with low in [-128, 127]; for each 32 elements the 32 high bytes come first. A NaN makes the scale
    NaN. Lossy: |x - scale * quant| <= scale / 2.
  }];
  let arguments = (ins TensorOf<[F32]>:$input, I64Attr:$bits, I64Attr:$group);
  let results = (outs TensorOf<[I8]>:$quants, TensorOf<[F32]>:$scales, TensorOf<[F32]>:$sums);
}

def Graph_PackBlocksOp : Graph_ShapedOp<"pack_blocks", [Graph_FoldsAlways], "::mlir::IntegerType::get(context, 8)"> {
  let summary = "The bytes of blocks in strips of 16 rows, as products read them (dialects/blocks/PackedFormat.h).";
  let description = [{[..., N, blocks * bytes] of ui8 -> [..., ceil(N / 16), bytes of a strip] of i8; missing rows are zeros. Exact: bits change places. Evaluated
    when compiling; its operand is a weight.}];
  let arguments = (ins StrAttr:$format, TensorOf<[UI8]>:$input);
  let results = (outs TensorOf<[I8]>:$result);
  let assemblyFormat = "$format $input attr-dict `:` functional-type(operands, results)";
}

def Graph_BlockMatmulOp : Graph_ShapedOp<"block_matmul", [Graph_EmittedWhole, Graph_AddsByteProducts, DeclareOpInterfaceMethods<CostOpInterface>],
    "::mlir::Float32Type::get(context)"> {
  let summary = "The product of rows of rounded numbers with the rows of a packed weight.";
  let description = [{
    quants, scales and sums as quantize_rows gives them for [..., M, K], weight [ceil(N / 16), bytes] or [E, ceil(N / 16), bytes] as pack_blocks gives it, `columns` = N ->
    [..., M, N]. With a third dim of the weight, dim -3 of the quants is 1 or E, and of the result E. result[m, n] is the sum over groups g of the
    format of  rowScale[m, g] * scale[n, g] * (sum of quants[m, k] * code[n, k] over g) + sums[m, g] * minimum[n, g]; with quants of 16 bits rowScale
    [m] is a factor of the whole.
  }];
  let arguments = (ins StrAttr:$format, TensorOf<[I8]>:$quants, TensorOf<[F32]>:$scales, TensorOf<[F32]>:$sums, TensorOf<[I8]>:$weight,
                       I64Attr:$columns);
  let results = (outs TensorOf<[F32]>:$result);
  let assemblyFormat = "$format operands attr-dict `:` functional-type(operands, results)";
}
#endif
