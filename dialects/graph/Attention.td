// Attention as one op, so that lowerings may tile it without ever holding all scores.
#ifndef TENSEL_DIALECTS_GRAPH_ATTENTION_TD
#define TENSEL_DIALECTS_GRAPH_ATTENTION_TD

include "dialects/graph/GraphBase.td"

def Graph_AttentionMask : I32EnumAttr<"AttentionMask", "Which keys a query sees", [
  I32EnumAttrCase<"full", 0>, I32EnumAttrCase<"causal", 1>]> {
  let cppNamespace = "::tensel::graph";
  let genSpecializedAttr = 0;
}
def Graph_AttentionMaskAttr : EnumAttr<Graph_Dialect, Graph_AttentionMask, "attention_mask">;

def Graph_AttentionOp : Graph_ShapedOp<"attention", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<CostOpInterface>,
                                                     DeclareOpInterfaceMethods<CompositeOpInterface, ["hasOwnKernel"]>]> {
  let summary = "softmax(scale * query key^T + ...) value per head, over the keys that the mask shows (Vaswani et al. 2017).";
  let description = [{
    query [B, S, H, D], key [B, T, G, D], value [B, T, G, E] -> [B, S, H, E]; G divides H, query head h uses key head h / (H / G). Key t stands at position t,
    query s at positions[b, s] (s when absent). A score is (scale * q) . k, then softcap * tanh(score / softcap) unless softcap is 0, then plus
    slopes[h] * (t - position) (ALiBi) and plus bias[., h, s, t]. Query s sees key t when all of these hold, those absent counting as true: `causal`: t <= position
    or t < prefix[b]; window > 0: position - t < window; t < lengths[b]. A query that sees no key gives 0, one whose scores are all
    -inf gives NaN. Values that a query does not see must be finite for it: they may be read, with the weight 0. Computed in f32 (f64 for f64); constant factors may be taken together, and what is below the smallest normal number may be 0.
  }];
  let arguments = (ins Graph_AttentionMaskAttr:$mask, TensorRankOf<[AnyFloat], [4]>:$query, TensorRankOf<[AnyFloat], [4]>:$key,
                       TensorRankOf<[AnyFloat], [4]>:$value, Optional<TensorRankOf<[I64], [2]>>:$positions, Optional<TensorRankOf<[I64], [1]>>:$lengths,
                       Optional<TensorRankOf<[I64], [1]>>:$prefix, Optional<TensorRankOf<[AnyFloat], [1]>>:$slopes,
                       Optional<TensorRankOf<[AnyFloat], [4]>>:$bias, F64Attr:$scale, DefaultValuedAttr<I64Attr, "0">:$window,
                       DefaultValuedAttr<F64Attr, "0.0">:$softcap);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{$mask $query `,` $key `,` $value (`positions` $positions^)? (`lengths` $lengths^)? (`prefix` $prefix^)? (`slopes` $slopes^)?
    (`bias` $bias^)? attr-dict `:` functional-type(operands, results)}];
}
#endif
