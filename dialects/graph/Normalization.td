// Normalizations; each is defined by its decomposition.
#ifndef TENSEL_DIALECTS_GRAPH_NORMALIZATION_TD
#define TENSEL_DIALECTS_GRAPH_NORMALIZATION_TD

include "dialects/graph/GraphBase.td"

def Graph_LayerNormOp : Graph_CompositeOp<"layer_norm"> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias over dims axis..rank-1 (Ba et al. 2016).";
  let arguments = (ins Graph_Tensor:$input, Graph_Tensor:$scale, Optional<Graph_Tensor>:$bias, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs Graph_Tensor:$result);
}
def Graph_RmsNormOp : Graph_CompositeOp<"rms_norm"> {
  let summary = "x / sqrt(mean(x^2) + epsilon) * scale over dims axis..rank-1 (Zhang and Sennrich 2019).";
  let arguments = (ins Graph_Tensor:$input, Graph_Tensor:$scale, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs Graph_Tensor:$result);
}
def Graph_BatchNormOp : Graph_CompositeOp<"batch_norm"> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias per channel (dim 1), statistics given.";
  let arguments = (ins Graph_Tensor:$input, Graph_Tensor:$scale, Graph_Tensor:$bias, Graph_Tensor:$mean, Graph_Tensor:$variance, F64Attr:$epsilon);
  let results = (outs Graph_Tensor:$result);
}
def Graph_InstanceNormOp : Graph_CompositeOp<"instance_norm"> {
  let summary = "Normalizes each [n, c] plane over its spatial dims, scale and bias per channel.";
  let arguments = (ins Graph_Tensor:$input, Graph_Tensor:$scale, Graph_Tensor:$bias, F64Attr:$epsilon);
  let results = (outs Graph_Tensor:$result);
}
def Graph_GroupNormOp : Graph_CompositeOp<"group_norm"> {
  let summary = "Normalizes `groups` groups of channels over channels and spatial dims, scale and bias per channel (Wu and He 2018).";
  let arguments = (ins Graph_Tensor:$input, Graph_Tensor:$scale, Graph_Tensor:$bias, I64Attr:$groups, F64Attr:$epsilon);
  let results = (outs Graph_Tensor:$result);
}
#endif
