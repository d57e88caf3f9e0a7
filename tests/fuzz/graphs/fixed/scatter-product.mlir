// FIXED: the reference did not round a product before the next factor
// INPUT 0 f32 1 : 99769672
// INPUT 1 i64 3 1 :
// INPUT 2 f32 3 : 997696720AD7230A0AD7230A
func.func @main(%arg0: tensor<1xf32> {graph.name = "x0"}, %arg1: tensor<3x1xi64> {graph.name = "x1"}, %arg2: tensor<3xf32> {graph.name = "x2"}) -> (tensor<1xf32> {graph.name = "y0"}) {
  %0 = graph.scatter_nd mul %arg0, %arg1, %arg2 : (tensor<1xf32>, tensor<3x1xi64>, tensor<3xf32>) -> tensor<1xf32>
  return %0 : tensor<1xf32>
}
