// FIXED: dims that a region of interest leaves whole were interpolated, with their neighbours' infinities times 0
// INPUT 0 f32 2 1 2 2 : 0000807F0000803F0000803F0000803F0000803F0000803F0000803F0000807F
func.func @main(%arg0: tensor<2x1x2x2xf32> {graph.name = "x0"}) -> (tensor<2x1x2x4xf32> {graph.name = "y0"}) {
  %0 = graph.constant dense<[0.0, 0.0, 0.0, 0.25, 1.0, 1.0, 1.0, 0.75]> : tensor<8xf32>
  %1 = graph.constant dense<[2, 1, 2, 4]> : tensor<4xi64>
  %2 = graph.resize linear %arg0 roi %0 : tensor<8xf32> sizes %1 : tensor<4xi64> {coordinates = "tf_crop_and_resize", nearest = "floor"} : tensor<2x1x2x2xf32> -> tensor<2x1x2x4xf32>
  return %2 : tensor<2x1x2x4xf32>
}
