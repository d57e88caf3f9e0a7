// FIXED: where a window held NaN, another index than that of the maximum
// INPUT 0 f16 2 1 4 5 : 00BE108400BC003E003CF85700BE007E1004003E19140000007C007E00B8007CF8D7F8D7007E007E0000003E00001914F857F857FF7B0038007C007C00B847B5B054003E00B8FFFB1994007E1004003C
module {
  graph.symbol @N {max = 9 : i64}
  func.func @main(%arg0: tensor<2x1x4x5xf16> {graph.dims = [2, 1, 4, 5], graph.name = "x0"}) -> (tensor<2x1x2x2xi64> {graph.name = "y0"}) {
    %0 = graph.max_pool_indices %arg0 {dilations = array<i64: 1, 1>, kernel = array<i64: 3, 3>, pads_high = array<i64: 2, 2>, pads_low = array<i64: 1, 1>, strides = array<i64: 3, 3>} : (tensor<2x1x4x5xf16>) -> tensor<2x1x2x2xi64>
    return %0 : tensor<2x1x2x2xi64>
  }
}
