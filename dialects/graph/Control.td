// Structured control flow over tensors. Regions may use values from outside.
#ifndef TENSEL_DIALECTS_GRAPH_CONTROL_TD
#define TENSEL_DIALECTS_GRAPH_CONTROL_TD

include "dialects/graph/GraphBase.td"

def Graph_YieldOp : Graph_Op<"yield", [Pure, ReturnLike, Terminator]> {
  let summary = "Ends a region with its results.";
  let arguments = (ins Variadic<Graph_Tensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}
def Graph_IfOp : Graph_Op<"if", [NoRegionArguments, RecursiveMemoryEffects]> {
  let summary = "Runs one of two regions; both yield values of the result types (dims may be less static).";
  let arguments = (ins Graph_Flag:$condition);
  let results = (outs Variadic<Graph_Tensor>:$results);
  let regions = (region SizedRegion<1>:$then_region, SizedRegion<1>:$else_region);
  let assemblyFormat = "$condition `:` type($condition) `->` `(` type($results) `)` $then_region `else` $else_region attr-dict";
  let hasVerifier = 1;
}
def Graph_LoopOp : Graph_Op<"loop", [RecursiveMemoryEffects]> {
  let summary = "Repeats the body while i < trip_count and the condition holds (ONNX Loop).";
  let description = [{
    Body arguments: the iteration number (tensor<i64>), then the carried values. Body yields: the next condition (tensor<i1>), the next carried
    values, then one element per scan output. Results: the last carried values, then the scan outputs stacked along a new first dim.
  }];
  let arguments = (ins TensorRankOf<[I64], [0]>:$trip_count, Graph_Flag:$condition, Variadic<Graph_Tensor>:$inits);
  let results = (outs Variadic<Graph_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results) $body";
  let hasVerifier = 1;
}
#endif
