// FIXED: constants that were inlined left the product without its kernel
// INPUT 0 f32 1 : 0000803F
graph.weight @w : tensor<1x18xui8> data dense<60> : tensor<1x18xui8>
func.func @main(%arg0: tensor<1xf32> {graph.name = "x0"}) -> (tensor<2x1xf32> {graph.name = "y0"}) {
  %0 = graph.constant dense<1.0> : tensor<2x32xf32>
  %1 = graph.load_weight @w : tensor<1x18xui8>
  %quants, %scales, %sums = graph.quantize_rows %0 {bits = 8 : i64, group = 32 : i64} : (tensor<2x32xf32>) -> (tensor<2x32xi8>, tensor<2x1xf32>, tensor<2x1xf32>)
  %2 = graph.pack_blocks "q4_0" %1 : (tensor<1x18xui8>) -> tensor<1x288xi8>
  %3 = graph.block_matmul "q4_0" %quants, %scales, %sums, %2 {columns = 1 : i64} : (tensor<2x32xi8>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<1x288xi8>) -> tensor<2x1xf32>
  return %3 : tensor<2x1xf32>
}
