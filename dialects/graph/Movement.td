// Ops that only move elements, and those that make shapes.
#ifndef TENSEL_DIALECTS_GRAPH_MOVEMENT_TD
#define TENSEL_DIALECTS_GRAPH_MOVEMENT_TD

include "dialects/graph/GraphBase.td"

def Graph_ReshapeOp : Graph_ShapedOp<"reshape"> {
  let summary = "Same elements in row-major order under another shape; one -1 is computed, 0 copies the input's dim unless `allow_zero`.";
  let arguments = (ins Graph_Tensor:$input, Graph_Shape:$shape, DefaultValuedAttr<BoolAttr, "false">:$allow_zero);
  let results = (outs Graph_Tensor:$result);
  let hasFolder = 1;
}
def Graph_SqueezeOp : Graph_ShapedOp<"squeeze"> {
  let summary = "Drops dims of size 1 at `axes` (non-negative, sorted).";
  let arguments = (ins Graph_Tensor:$input, DenseI64ArrayAttr:$axes);
  let results = (outs Graph_Tensor:$result);
}
def Graph_UnsqueezeOp : Graph_ShapedOp<"unsqueeze"> {
  let summary = "Inserts dims of size 1 so that they stand at `axes` of the result (non-negative, sorted).";
  let arguments = (ins Graph_Tensor:$input, DenseI64ArrayAttr:$axes);
  let results = (outs Graph_Tensor:$result);
}
def Graph_FlattenOp : Graph_ShapedOp<"flatten"> {
  let summary = "To two dims: the product of dims before `axis`, and of the rest.";
  let arguments = (ins Graph_Tensor:$input, I64Attr:$axis);
  let results = (outs Graph_Tensor:$result);
}
def Graph_TransposeOp : Graph_ShapedOp<"transpose"> {
  let summary = "Result dim i is input dim permutation[i].";
  let arguments = (ins Graph_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs Graph_Tensor:$result);
  let hasFolder = 1;
  let hasVerifier = 1;
}
def Graph_SliceOp : Graph_ShapedOp<"slice", [Graph_ReadsPart]> {
  let summary = "Elements start, start + step, ... before end along `axes` (ONNX Slice: negative counts from the end, clamped; steps may be negative).";
  let arguments = (ins Graph_Tensor:$input, Graph_Shape:$starts, Graph_Shape:$ends, Graph_Shape:$steps, DenseI64ArrayAttr:$axes);
  let results = (outs Graph_Tensor:$result);
}
def Graph_ConcatOp : Graph_ShapedOp<"concat"> {
  let summary = "Joins along `axis`.";
  let arguments = (ins Variadic<Graph_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Graph_Tensor:$result);
  let hasFolder = 1;
  let hasVerifier = 1;
}
def Graph_PadMode : I32EnumAttr<"PadMode", "What stands outside", [
  I32EnumAttrCase<"constant", 0>, I32EnumAttrCase<"reflect", 1>, I32EnumAttrCase<"edge", 2>, I32EnumAttrCase<"wrap", 3>]> {
  let cppNamespace = "::tensel::graph";
  let genSpecializedAttr = 0;
}
def Graph_PadModeAttr : EnumAttr<Graph_Dialect, Graph_PadMode, "pad_mode">;
def Graph_PadOp : Graph_ShapedOp<"pad", [DeclareOpInterfaceMethods<WindowOpInterface>]> {
  let summary = "Adds pads (1-D i64: low of every dim, then high of every dim; negative crops) around the input.";
  let arguments = (ins Graph_PadModeAttr:$mode, Graph_Tensor:$input, Graph_Shape:$pads, Graph_Scalar:$value);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$mode operands attr-dict `:` functional-type(operands, results)";
}
def Graph_DilateOp : Graph_ShapedOp<"dilate"> {
  let summary = "Inserts `factors[i] - 1` zeros between neighbours along each dim: out = (in - 1) * factor + 1 (0 for 0).";
  let arguments = (ins Graph_Tensor:$input, DenseI64ArrayAttr:$factors);
  let results = (outs Graph_Tensor:$result);
}
def Graph_ExpandOp : Graph_ShapedOp<"expand"> {
  let summary = "Broadcasts with `shape` both ways (ONNX Expand): dims of size 1 of the input stretch, dims of 1 in shape keep the input's.";
  let arguments = (ins Graph_Tensor:$input, Graph_Shape:$shape);
  let results = (outs Graph_Tensor:$result);
}
def Graph_TileOp : Graph_ShapedOp<"tile"> {
  let summary = "Repeats the whole input repeats[i] times along dim i.";
  let arguments = (ins Graph_Tensor:$input, Graph_Shape:$repeats);
  let results = (outs Graph_Tensor:$result);
}
def Graph_ShapeOfOp : Graph_ShapedOp<"shape_of", [], "::mlir::IntegerType::get(context, 64)"> {
  let summary = "The dims of the input as a 1-D i64 tensor.";
  let arguments = (ins Graph_Tensor:$input);
  let results = (outs Graph_Shape:$result);
  let hasFolder = 1;
}
def Graph_RangeOp : Graph_ShapedOp<"range"> {
  let summary = "start, start + delta, ... before limit: ceil((limit - start) / delta) elements, at least 0.";
  let arguments = (ins Graph_Scalar:$start, Graph_Scalar:$limit, Graph_Scalar:$delta);
  let results = (outs Graph_Tensor:$result);
}
def Graph_IotaOp : Graph_ShapedOp<"iota", [], "adaptor.getElementType()"> {
  let summary = "A tensor of the given `shape` (1-D i64) whose element is its index along `axis`.";
  let arguments = (ins Graph_Shape:$shape, I64Attr:$axis, TypeAttr:$element_type);
  let results = (outs Graph_Tensor:$result);
}
def Graph_ResizeMode : I32EnumAttr<"ResizeMode", "Interpolation", [
  I32EnumAttrCase<"nearest", 0>, I32EnumAttrCase<"linear", 1>, I32EnumAttrCase<"cubic", 2>]> {
  let cppNamespace = "::tensel::graph";
  let genSpecializedAttr = 0;
}
def Graph_ResizeModeAttr : EnumAttr<Graph_Dialect, Graph_ResizeMode, "resize_mode">;
def Graph_ResizeOp : Graph_ShapedOp<"resize", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<WindowOpInterface>]> {
  let summary = "Resamples to `sizes` (1-D i64, all dims) with `scales` (1-D f32, all dims) as in ONNX Resize.";
  let description = [{`coordinates` is ONNX's coordinate_transformation_mode (half_pixel, half_pixel_symmetric, pytorch_half_pixel, align_corners,
    asymmetric, tf_crop_and_resize), `nearest` its nearest_mode. When sizes is absent, out = floor(in * scale); when scales is absent, scale = out / in. `roi` only
    for tf_crop_and_resize (1-D, [starts..., ends...] of all dims). A pixel whose weight is 0 takes no part, even where it is infinite or NaN. Integers are summed in f64 and truncated.}];
  let arguments = (ins Graph_ResizeModeAttr:$mode, Graph_Tensor:$input, Optional<Graph_Tensor>:$roi, Optional<TensorRankOf<[F32], [1]>>:$scales, Optional<Graph_Shape>:$sizes,
                       StrAttr:$coordinates, StrAttr:$nearest, DefaultValuedAttr<F64Attr, "-0.75">:$cubic_coeff,
                       DefaultValuedAttr<BoolAttr, "false">:$exclude_outside, DefaultValuedAttr<F64Attr, "0.0">:$extrapolation,
                       DefaultValuedAttr<BoolAttr, "false">:$antialias);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$mode $input (`roi` $roi^ `:` type($roi))? (`scales` $scales^ `:` type($scales))? (`sizes` $sizes^ `:` type($sizes))? attr-dict `:` type($input) `->` type($result)";
}
#endif
