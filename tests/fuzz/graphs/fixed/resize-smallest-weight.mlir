// FIXED: the reference lost the last bits of a small weight, which then was 0
// INPUT 0 f32 1 1 3 2 : 00000000000000000000803F0000803F0000803F0000803F
module {
  func.func @main(%arg0: tensor<1x1x3x2xf32> {graph.name = "x0"}) -> (tensor<1x1x4x2xf32> {graph.name = "y0"}) {
    %0 = graph.constant dense<[1.0, 1.0, 1.5, 1.0]> : tensor<4xf32>
    %1 = graph.resize linear %arg0 scales %0 : tensor<4xf32> {coordinates = "half_pixel_symmetric", nearest = "floor"} : tensor<1x1x3x2xf32> -> tensor<1x1x4x2xf32>
    return %1 : tensor<1x1x4x2xf32>
  }
}
