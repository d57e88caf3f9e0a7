// Reductions along axes, arg-reductions, scans along an axis, sorting and softmax.
#ifndef TENSEL_DIALECTS_GRAPH_REDUCTION_TD
#define TENSEL_DIALECTS_GRAPH_REDUCTION_TD

include "dialects/graph/GraphBase.td"

def Graph_ReduceKind : I32EnumAttr<"ReduceKind", "How elements are combined", [
  I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"mean", 1>, I32EnumAttrCase<"prod", 2>, I32EnumAttrCase<"max", 3>, I32EnumAttrCase<"min", 4>]> {
  let cppNamespace = "::tensel::graph";
  let genSpecializedAttr = 0;
}
def Graph_ReduceKindAttr : EnumAttr<Graph_Dialect, Graph_ReduceKind, "reduce_kind">;

def Graph_ReduceOp : Graph_ShapedOp<"reduce", [DeclareOpInterfaceMethods<CostOpInterface>]> {
  let summary = "Reduces along `axes` (non-negative, sorted, unique; none: identity). f16, bf16 accumulate in f32.";
  let description = [{An empty range gives the neutral element (sum 0, prod 1, max the lowest, min the highest value, mean NaN).}];
  let arguments = (ins Graph_ReduceKindAttr:$kind, Graph_Tensor:$input, DenseI64ArrayAttr:$axes, DefaultValuedAttr<BoolAttr, "false">:$keep_dims);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Graph_ArgReduceOp : Graph_ShapedOp<"arg_reduce", [], "::mlir::IntegerType::get(context, 64)"> {
  let summary = "Index of the largest (kind max) or smallest (kind min) element along `axis`; ties: first, or last if `select_last`.";
  let arguments = (ins Graph_ReduceKindAttr:$kind, Graph_Tensor:$input, I64Attr:$axis,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_dims, DefaultValuedAttr<BoolAttr, "false">:$select_last);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` functional-type(operands, results)";
}

def Graph_CumulateOp : Graph_ShapedOp<"cumulate"> {
  let summary = "Running sum or product along `axis`; `exclusive` leaves the element itself out, `reverse` runs from the end.";
  let arguments = (ins Graph_ReduceKindAttr:$kind, Graph_Tensor:$input, I64Attr:$axis,
                       DefaultValuedAttr<BoolAttr, "false">:$exclusive, DefaultValuedAttr<BoolAttr, "false">:$reverse);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` functional-type(operands, results)";
}

def Graph_TopKOp : Graph_ShapedOp<"topk", [], "elementTypeOf(adaptor.getInput()), ::mlir::IntegerType::get(context, 64)"> {
  let summary = "The k (1-D i64 of one element) largest or smallest elements along `axis`, best first, and their indices; ties: lower index first; NaN is the largest.";
  let arguments = (ins Graph_Tensor:$input, Graph_Shape:$k, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "true">:$largest);
  let results = (outs Graph_Tensor:$values, Graph_Tensor:$indices);
}

def Graph_SoftmaxOp : Graph_CompositeOp<"softmax"> {
  let summary = "exp(x - max) / sum(exp(x - max)) along `axis`; with `log`, its logarithm.";
  let arguments = (ins Graph_Tensor:$input, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "false">:$log);
  let results = (outs Graph_Tensor:$result);
}
#endif
