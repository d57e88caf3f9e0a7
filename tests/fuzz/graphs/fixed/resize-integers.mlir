// FIXED: weighted sums of integers fell below a whole number; negative ones wrapped around in the reference
// INPUT 0 u32 1 1 1 5 : 0000000064000000000000000700000009000000
func.func @main(%arg0: tensor<1x1x1x5xui32> {graph.name = "x0"}) -> (tensor<1x1x1x8xui32> {graph.name = "y0"}, tensor<1x1x1x8xui32> {graph.name = "y1"}) {
  %0 = graph.constant dense<[1, 1, 1, 8]> : tensor<4xi64>
  %1 = graph.resize cubic %arg0 sizes %0 : tensor<4xi64> {coordinates = "half_pixel", nearest = "floor"} : tensor<1x1x1x5xui32> -> tensor<1x1x1x8xui32>
  %2 = graph.resize linear %arg0 sizes %0 : tensor<4xi64> {coordinates = "half_pixel", nearest = "floor"} : tensor<1x1x1x5xui32> -> tensor<1x1x1x8xui32>
  return %1, %2 : tensor<1x1x1x8xui32>, tensor<1x1x1x8xui32>
}
