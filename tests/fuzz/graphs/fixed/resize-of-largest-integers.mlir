// FIXED: the reference gave 2^63 - 1 for what a cast makes the largest number of f64 below it
// INPUT 0 i64 1 1 1 2 : FFFFFFFFFFFFFF7FFFFFFFFFFFFFFF7F
module {
  func.func @main(%arg0: tensor<1x1x1x2xi64> {graph.name = "x0"}) -> (tensor<1x1x1x4xi64> {graph.name = "y0"}) {
    %0 = graph.constant dense<[1, 1, 1, 4]> : tensor<4xi64>
    %1 = graph.resize linear %arg0 sizes %0 : tensor<4xi64> {coordinates = "half_pixel", nearest = "floor"} : tensor<1x1x1x2xi64> -> tensor<1x1x1x4xi64>
    return %1 : tensor<1x1x1x4xi64>
  }
}
