// What holds a program together: dim symbols, weights by reference, constants.
#ifndef TENSEL_DIALECTS_GRAPH_PROGRAM_TD
#define TENSEL_DIALECTS_GRAPH_PROGRAM_TD

include "dialects/graph/GraphBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"

def Graph_SymbolOp : Graph_Op<"symbol", [Symbol]> {
  let summary = "Declares a dim symbol: min <= value <= max (-1: not bounded), value a multiple of step.";
  let arguments = (ins SymbolNameAttr:$sym_name, DefaultValuedAttr<I64Attr, "1">:$min, DefaultValuedAttr<I64Attr, "-1">:$max, DefaultValuedAttr<I64Attr, "1">:$step);
  let assemblyFormat = "$sym_name attr-dict";
  let hasVerifier = 1;
}
def Graph_WeightOp : Graph_Op<"weight", [Symbol]> {
  let summary = "Names constant bytes without holding them: `length` bytes at `offset` of `file`, little-endian, row-major.";
  let description = [{With `data` (a DenseResourceElementsAttr or dense attribute) instead of a file, the bytes live in the module: for values that the
    compiler computed.}];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Graph_Tensor>:$type, OptionalAttr<StrAttr>:$file, DefaultValuedAttr<I64Attr, "0">:$offset,
                       DefaultValuedAttr<I64Attr, "0">:$length, OptionalAttr<ElementsAttr>:$data);
  let assemblyFormat = "$sym_name `:` $type (`from` $file^)? (`data` $data^)? attr-dict";
  let hasVerifier = 1;
}
def Graph_LoadWeightOp : Graph_Op<"load_weight", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The tensor that a graph.weight names.";
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}
def Graph_ConstantOp : Graph_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "A small constant (aim: at most 1 KiB; more is a weight).";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}
#endif
