// FIXED: what was fused into a reduction was reordered and contracted with it
// INPUT 0 f32 1 6 1 1 : 6F12833A0000FFC2855A2D3F0000FFC2000000BF00007F7F
// INPUT 1 f32 6 : D23325C01834B23F402236C0625567BF32A406C07E3DCCBF
// INPUT 2 f32 6 : 42EE9ABEFCB5A6BFE913B13F2A7BC73F4972F13F7E7A1C3F
// INPUT 3 f32 6 : AD2E3BC57A3DA5B05A6D0642E8D0E8C19F6D942B3DC045BF
// INPUT 4 f32 6 : 4E00EA3D14F8BD3F1298343FC3783FC0435DC93F3442973E
module {
  graph.symbol @N {max = 8 : i64}
  func.func @main(%arg0: tensor<1x6x1x1xf32> {graph.name = "x2"}, %arg1: tensor<6xf32> {graph.name = "x3"}, %arg2: tensor<6xf32> {graph.name = "x0"}, %arg3: tensor<6xf32> {graph.name = "x1"}, %arg4: tensor<6xf32> {graph.name = "x4"}) -> (tensor<1x6x1xf32> {graph.name = "y1"}) {
    %0 = graph.batch_norm %arg0, %arg2, %arg3, %arg1, %arg4 {epsilon = 1.000000e-03 : f64} : (tensor<1x6x1x1xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<1x6x1x1xf32>
    %1 = graph.reduce  min %0 {axes = array<i64: 2>} : (tensor<1x6x1x1xf32>) -> tensor<1x6x1xf32>
    return %1 : tensor<1x6x1xf32>
  }
}
