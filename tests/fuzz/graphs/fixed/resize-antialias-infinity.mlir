// FIXED: a neighbour with the weight 0 took part when it was infinite
// INPUT 0 f64 1 1 3 6 : 000000000000008068532016AF5DC13FFFFFFFFFFFFFEFFF40643F970722E0C3000000000000F83FB0CA6E47ED891080000000000000E041FFFFFFFFFFFFEFFF0000000000E05FC00000000000E05FC0FFFFFFFFFFFFEF7F000000000000F87F0000000000000080FFFFFFFFFFFFEF7F40643F970722E043FFFFFFFFFFFFEFFF000000000000E03FD827D4024125C03F
module {
  graph.symbol @N {max = 10 : i64}
  func.func @main(%arg0: tensor<1x1x3x?xf64> {graph.dims = [1, 1, 3, "N"], graph.name = "x6"}) -> (tensor<1x1x6x6xf64> {graph.name = "y7"}) {
    %0 = graph.constant dense<[1, 1, 6, 6]> : tensor<4xi64>
    %1 = graph.resize  linear %arg0 sizes %0 : tensor<4xi64> {antialias = true, coordinates = "asymmetric", extrapolation = 2.000000e+00 : f64, nearest = "round_prefer_ceil"} : tensor<1x1x3x?xf64> -> tensor<1x1x6x6xf64>
    return %1 : tensor<1x1x6x6xf64>
  }
}
